// What if? Change a weight, an input, a label or the learning rate, and train on from here. The
// twin engine does it, so only a green badge opens this; the recorded run stays as a ghost.

import { escapeText, show, signed } from "./numbers.js";
import { weightTitle } from "./focus.js";

const MOST_FIELDS = 4; // for inputs, and for targets
const LAST_STEPS = 25; // over which the two runs' losses are compared

export function whatIfView(app) {
  const { run } = app;
  const title = `<h3>What if …?</h3>`;
  const say = (text) => `${title}<p class="say" data-say="whatif">${text}</p>`;
  if (!app.parity.ok)
    return say(`The badge is red: this page's own engine does not reproduce the recording, so it
      cannot be trusted to go on from it.`);
  if (!run.canTrain)
    return say(`Only ${run.stateSteps.length} moments of this run are in the page, without the
      rows in between, so it cannot train on from here.`);
  if (app.trainingStep !== null)
    return say(`Training on: step <output>${app.trainingStep + 1}</output> of ${run.steps} …`);
  return title + (run.parent ? branchReport(app) : formHtml(app));
}

function formHtml(app) {
  const { run, view } = app;
  const isTraining = view.row < run.rowCount;
  const note = isTraining
    ? ""
    : `<p class="note">The image above is one of the test, on which nothing is trained. To change
        an input or a label, choose a row in the gradient lens.</p>`;
  return `<p class="say" data-say="whatif">Change something, then let the page's engine
      train from step ${run.stateSteps[view.k] + 1} to the end, on the same batches. The
      recorded run stays in grey. ${effectSentence(app)}</p>
    <form id="what-if" class="what-if">
      ${numberField("what-w", weightTitle(app), run.params(view.k)[app.selectedIndex()])}
      ${numberField("what-rate", "learning rate", run.rate(view.k))}
      ${isTraining ? inputFields(app) + targetFields(app) : ""}
      <button type="submit" class="go">Train on from here</button></form>${note}`;
}

const numberField = (name, title, value) =>
  `<label>${title}<input type="number" step="any" name="${name}"
      value="${Number.isFinite(value) ? value : ""}"></label>`;

const inputName = (run, i) => run.about.features?.[i] ?? `x[${i}]`;
const firstFew = (length) => Array.from({ length: Math.min(length, MOST_FIELDS) }, (_, n) => n);

// An image has too many inputs for a field each: it is made brighter or darker.
function inputFields({ run, view }) {
  if (run.about.image)
    return numberField("what-bright", `image ${rowText(run, view)}, times`, 1);
  return firstFew(run.inputs)
    .map((i) => {
      const value = run.x[view.row * run.inputs + i];
      return numberField(`what-x${i}`, escapeText(inputName(run, i)), value);
    })
    .join("");
}

const rowText = (run, view) => run.numberOf(view.row);

function targetFields(app) {
  const { run, view } = app,
    { kind } = run.plan.loss;
  if (app.canFlip())
    return `<label class="check"><input type="checkbox" name="what-flip"> the other label for row
      ${rowText(run, view)}</label>`;
  if (kind === "scce") {
    const options = Array.from({ length: run.plan.layers.at(-1).units }, (_, c) => {
      const isNow = c === app.targets()[0];
      return `<option value="${c}" ${isNow ? "selected" : ""}>${app.classText(c)}</option>`;
    });
    return `<label>label of row ${rowText(run, view)}<select
      name="what-label">${options.join("")}</select></label>`;
  }
  return firstFew(run.targets)
    .map((o) => numberField(`what-t${o}`, `label[${o}]`, app.targets()[o]))
    .join("");
}

function effectSentence(app) {
  const g = app.trace.gradient[app.selectedIndex()];
  return `The gradient of ${weightTitle(app)} is ${signed(g)}, so adding 0.01 to it should
      change this batch's loss by about ${signed(0.01 * g)}.`;
}

function branchReport(app) {
  const { run } = app,
    recorded = run.parent;
  const last = run.losses[run.steps - 1],
    was = recorded.losses[run.steps - 1];
  const count = Math.min(LAST_STEPS, run.steps);
  const mean = (losses) => losses.slice(-count).reduce((a, b) => a + b, 0) / count;
  return `<p class="say" data-say="whatif">From step ${run.branchedAt + 1} on this is not the
      recorded run but what would have been with ${escapeText(run.change)}.
    Over the last ${count} steps its loss is <output id="what-loss">${show(mean(run.losses))}</output>
    on average (recorded: ${show(mean(recorded.losses))}); in the very last step ${show(last)}
    (recorded: ${show(was)}).</p>
    <button id="back-to-recorded" class="go">Back to the recorded run</button>`;
}

// ---- what the form asks for ----

// { changes for Run.branch, in words }, or null if nothing was changed.
export function readForm(app, form) {
  const asked = { changes: {}, words: [] };
  const fields = form.elements;
  readWeight(app, fields, asked);
  readRate(app, fields, asked);
  readInputs(app, fields, asked);
  readTargets(app, fields, asked);
  return asked.words.length ? { ...asked, words: asked.words.join(" and ") } : null;
}

function readWeight(app, fields, { changes, words }) {
  const w = Number(fields["what-w"].value),
    params = app.run.params(app.view.k),
    n = app.selectedIndex();
  if (w === params[n]) return;
  changes.params = Float64Array.from(params);
  changes.params[n] = w;
  words.push(`${weightTitle(app)} = ${show(w)}`);
}

function readRate({ run, view }, fields, { changes, words }) {
  const rate = Number(fields["what-rate"].value);
  if (rate === run.rate(view.k)) return;
  changes.rate = rate;
  words.push(`a learning rate of ${show(rate)}`);
}

function readInputs({ run, view }, fields, { changes, words }) {
  const I = run.inputs,
    row = rowText(run, view);
  const times = Number(fields["what-bright"]?.value ?? 1);
  if (times !== 1) {
    changes.x = Float64Array.from(run.x);
    for (let n = view.row * I; n < (view.row + 1) * I; n++) changes.x[n] *= times;
    words.push(`image ${row} times ${show(times)}`);
  }
  for (const i of firstFew(I)) {
    const field = fields[`what-x${i}`],
      at = view.row * I + i;
    if (!field || Number(field.value) === run.x[at]) continue;
    changes.x ??= Float64Array.from(run.x);
    changes.x[at] = Number(field.value);
    words.push(`${inputName(run, i)} of row ${row} = ${show(changes.x[at])}`);
  }
}

function readTargets(app, fields, { changes, words }) {
  const { run, view } = app,
    T = run.targets,
    row = rowText(run, view);
  const put = (o, value, text) => {
    if (value === run.y[view.row * T + o]) return;
    changes.y ??= Float64Array.from(run.y);
    changes.y[view.row * T + o] = value;
    words.push(text);
  };
  if (fields["what-flip"]?.checked)
    put(0, 1 - run.y[view.row], `the other label for row ${row}`);
  const label = fields["what-label"];
  if (label)
    put(0, Number(label.value), `row ${row} labelled ${label.selectedOptions[0].text}`);
  for (const o of firstFew(T)) {
    const field = fields[`what-t${o}`];
    if (!field) continue;
    put(o, Number(field.value), `label[${o}] of row ${row} = ${show(Number(field.value))}`);
  }
}
