// What if? Change a weight, an input, a label or the learning rate, and train on from here. The
// twin engine does it, so only a green badge opens this; the recorded run stays as a ghost.

import { escapeText, show, signed } from "./numbers.js";
import { weightTitle } from "./focus.js";

export function whatIfView(app) {
  const { run, view } = app;
  const title = `<h3>What if …?</h3>`;
  if (!app.parity.ok)
    return `${title}<p class="say" data-say="whatif">The badge is red: this page's own engine
        does not reproduce the recording, so it cannot be trusted to go on from it.</p>`;
  if (!(run.parent ?? run).isComplete)
    return `${title}<p class="say" data-say="whatif">Only ${run.stateSteps.length} moments of
        this run are recorded, without the rows in between, so the page cannot train on from
        here.</p>`;
  if (run.parent) return `${title}${branchReport(app)}`;
  const n = app.selectedIndex(),
    w = run.params(view.k)[n];
  const inputs = Array.from({ length: Math.min(run.inputs, 4) }, (_, i) =>
    field(
      `what-x${i}`,
      escapeText(run.about.features?.[i] ?? `x[${i}]`),
      run.x[view.row * run.inputs + i],
    ),
  );
  return `${title}<p class="say" data-say="whatif">Change something, then let the page's engine
      train from step ${run.stateSteps[view.k] + 1} to the end, on the same batches. The
      recorded run stays in grey. ${effectSentence(app)}</p>
    <form id="what-if" class="what-if">
      ${field("what-w", `${weightTitle(app)}`, w)}
      ${field("what-rate", "learning rate", run.rate(view.k))}
      ${inputs.join("")}
      ${
        app.canFlip()
          ? `<label class="check"><input type="checkbox" name="what-flip"> the other
          label for row ${view.row}</label>`
          : ""
      }
      <button type="submit" class="go">Train on from here</button></form>`;
}

const field = (name, title, value) =>
  `<label>${title}<input type="number" step="any" name="${name}"
      value="${Number.isFinite(value) ? value : ""}"></label>`;

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
  const mean = (losses) =>
    losses.slice(-25).reduce((a, b) => a + b, 0) / Math.min(25, losses.length);
  return `<p class="say" data-say="whatif">From step ${run.branchedAt + 1} on this is not the
      recorded run but what would have been with ${escapeText(run.change)}.
    Over the last steps its loss is <output id="what-loss">${show(mean(run.losses))}</output> on
    average (recorded: ${show(mean(recorded.losses))}); in the very last step ${show(last)}
    (recorded: ${show(was)}).</p>
    <button id="back-to-recorded" class="go">Back to the recorded run</button>`;
}

// What the form asks for: { changes for Run.branch, in words }, or null if nothing was changed.
export function readForm(app, form) {
  const { run, view } = app,
    n = app.selectedIndex();
  const changes = {},
    words = [];
  const number = (name) => Number(form.elements[name].value);
  const w = number("what-w"),
    rate = number("what-rate");
  if (w !== run.params(view.k)[n]) {
    changes.params = Float64Array.from(run.params(view.k));
    changes.params[n] = w;
    words.push(`${weightTitle(app)} = ${show(w)}`);
  }
  if (rate !== run.rate(view.k)) {
    changes.rate = rate;
    words.push(`a learning rate of ${show(rate)}`);
  }
  for (let i = 0; i < Math.min(run.inputs, 4); i++) {
    const at = view.row * run.inputs + i,
      value = number(`what-x${i}`);
    if (value === run.x[at]) continue;
    changes.x ??= Float64Array.from(run.x);
    changes.x[at] = value;
    words.push(`x[${i}] of row ${view.row} = ${show(value)}`);
  }
  if (form.elements["what-flip"]?.checked) {
    changes.y = Float64Array.from(run.y);
    changes.y[view.row] = 1 - run.y[view.row];
    words.push(`the other label for row ${view.row}`);
  }
  return words.length ? { changes, words: words.join(" and ") } : null;
}
