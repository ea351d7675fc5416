// Sentences about what is on the screen, made of the present numbers; those about the moment
// of the training are in moment.js.

import { isPlainSgd } from "./optimizers.js";
import { count, escapeText, percent, show, signed } from "./numbers.js";

export const layerName = (run, l) => `<b>${escapeText(run.plan.layers[l].name)}</b>`;
export const unitName = (run, l, o) => `neuron ${o} of ${layerName(run, l)}`;
const rowName = (run, i) => escapeText(run.about.features?.[i] ?? `x[${i}]`);

export function leadSentence(app) {
  const { run } = app,
    { about } = run;
  const parameters = count(run.length),
    first = run.losses[0],
    last = run.losses[run.steps - 1];
  const thin = run.isComplete
    ? ""
    : ` Its weights were kept at ${run.stateSteps.length - 1} moments on the way; the arrows go
        from one to the next.`;
  const what = about.classes ? `to tell ${namesOf(about.classes)}` : "from examples";
  return `A real training, recorded: a network with ${parameters} weights and biases learns
      ${what} in
    ${count(run.steps)} steps. Its loss goes from ${show(first, 3)} to ${show(last, 3)}.${thin}`;
}

function namesOf(classes) {
  if (classes.length !== 2) return `${classes.length} kinds of things apart`;
  return classes.map((name) => `“${escapeText(name)}”`).join(" from ");
}

export function predictionText(app) {
  const { p } = app.probe,
    { classes } = app.run.about;
  if (p.length > 1) {
    const best = p.indexOf(Math.max(...p));
    return `${escapeText(classes?.[best] ?? `class ${best}`)}, with probability
        ${percent(p[best])}`;
  }
  return classes?.length === 2
    ? `p = ${show(p[0])}, so ${escapeText(classes[Number(p[0] > 0.5)])}`
    : `p = ${show(p[0])}`;
}

// ---- the selected neuron or weight ----

export function neuronSentence(app, l, o) {
  const { run } = app,
    seen = app.probe.layers[l],
    dz = seen.dz[o],
    y = seen.y[o];
  const isOff = run.plan.layers[l].activation === "relu" && y === 0;
  const forward = isOff
    ? `For this row ${unitName(run, l, o)} is off: its sum ${show(seen.z[o])} is not above
        zero.`
    : `For this row ${unitName(run, l, o)} gives ${show(y)}.`;
  const backward = isOff
    ? "An off ReLU passes no gradient: it learns nothing from this row."
    : dz === 0
      ? "The loss does not depend on it here."
      : `If its z grew by a little, the loss would ${dz > 0 ? "rise" : "fall"} by
          ${show(Math.abs(dz))} times as much.`;
  return `${forward} ${backward}`;
}

export function weightSentence(app) {
  const { run, view } = app,
    { layer: l, i, o } = view.selected;
  const n = app.selectedIndex(),
    w = run.params(view.k)[n],
    g = app.trace.gradient[n];
  const move = app.moves()[n];
  const from =
    i === null
      ? "Bias"
      : `From ${l === 0 ? `input ${rowName(run, i)}` : unitName(run, l - 1, i)}`;
  const way = i === null ? `of ${unitName(run, l, o)}` : `to ${unitName(run, l, o)}`;
  const pull =
    g === 0
      ? "its gradient is zero, so nothing pulls at it in this batch"
      : `its gradient is ${signed(g)}: to make the loss smaller it should
          ${g > 0 ? "shrink" : "grow"}`;
  const memory =
    g * move > 0
      ? ": the other way, for what the optimizer remembers of earlier steps weighs more"
      : "";
  return `${from} ${way}. It is ${signed(w)}; ${pull}. This step moves it by
      ${signed(move)}${memory}.`;
}

export function ledgerSentence(app, rows, g) {
  const up = rows.filter((row) => row.contribution < 0).length;
  const down = rows.filter((row) => row.contribution > 0).length;
  const quiet = rows.length - up - down;
  return `${up} of ${rows.length} rows want this weight larger, ${down} want it smaller, and
      ${quiet} do not care (their contribution is 0). Their mean is the gradient,
      ${signed(g)}.`;
}

export function updateSentence(app, moved, sgdMove) {
  const { kind } = app.run.optimizer;
  if (isPlainSgd(app.run.optimizer))
    return `SGD moves the weight against its gradient, by ${signed(moved.move)}.`;
  const versus =
    sgdMove === 0
      ? "Plain SGD would not move it at all: its gradient is 0, and only the memory pushes on."
      : `Plain SGD with the same learning rate would move it by ${signed(sgdMove)}:
          ${escapeText(kind)}'s step is ${show(Math.abs(moved.move / sgdMove), 3)} times as
              long${moved.move * sgdMove < 0 ? ", and goes the other way" : ""}.`;
  return `${escapeText(kind)} moves the weight by ${signed(moved.move)}. ${versus}`;
}

export function spaceSentence(app) {
  const { view } = app;
  return `Blue is where the network says <b>${app.classText(1)}</b>, orange where it says
      <b>${app.classText(0)}</b>. With the weights before step
      ${app.run.stateSteps[view.k] + 1}, ${percent(app.accuracy())} of the points lie on their
          own side.`;
}
