// Sentences about the moment of the training: where it stands, what just happened, and what that
// is to the selected neuron or weight. In the gear "operation" they speak of one operation in one
// layer; in the others of the whole phase.

import { count, escapeText, show, signed } from "./numbers.js";
import { isPlainSgd } from "./optimizers.js";
import { layerName, predictionText } from "./sentences.js";

const PHASE_NAMES = {
  forward: "forward, through all layers",
  loss: "the loss",
  backward: "backward, through all layers",
  update: "update of all layers",
};

const isWholePhase = (app) =>
  app.view.gear !== "operation" && app.isPhaseDone(app.operation.phase);

export function whereSentence(app) {
  const { run, view, operation } = app;
  const step = run.stateSteps[view.k];
  const epoch = Math.floor(step / run.about.stepsPerEpoch) + 1;
  const what = isWholePhase(app) ? PHASE_NAMES[operation.phase] : operationName(run, operation);
  const kept = run.isComplete ? "" : ` · moment ${view.k + 1} of ${run.lastState + 1}`;
  return `Step <b>${count(step + 1)}</b> of ${count(run.steps)}${kept} · epoch ${epoch}, batch
      ${(step % run.about.stepsPerEpoch) + 1} · ${what}`;
}

function operationName(run, { kind, layer }) {
  const name = escapeText(run.plan.layers[layer].name);
  return {
    z: `forward: weighted sums z of ${name}`,
    y: `forward: outputs y of ${name}`,
    loss: "the loss",
    dz: `backward: dz of ${name}`,
    dW: `backward: gradient of ${name}'s weights`,
    dy: `backward: dy handed down to ${name}`,
    p: `update of ${name}`,
  }[kind];
}

// What just happened, to the one row and to the network.
export function momentSentence(app) {
  if (isWholePhase(app)) return WHOLE[app.operation.phase](app);
  return `${operationSentence(app)} ${turnSentence(app)}`;
}

// ---- a whole phase ----

const WHOLE = {
  forward: (app) => `Forward: layer after layer adds up what comes in, each input times its
      weight, and bends the sums. ${answerSentence(app)}`,
  loss: lossSentence,
  backward: (app) => {
    const { run, trace } = app;
    const longest = run.plan.layers
      .map((_, l) => ({ l, g: steepest(gradientOf(run, l, trace)) }))
      .reduce((most, each) => (Math.abs(each.g) > Math.abs(most.g) ? each : most));
    return `Backward: from the loss every layer hands its share of the blame to the one before
        it, and every weight gets its gradient, summed over the ${trace.B} rows. The largest of
        all is ${signed(longest.g)}, in ${layerName(run, longest.l)}.`;
  },
  update: (app) => `${escapeText(app.run.optimizer.kind)} moves all ${count(app.run.length)}
      weights and biases ${mannerOf(app.run.optimizer)}, with a learning rate of
      ${show(app.run.rate(app.view.k))}. The longest move is ${signed(steepest(app.moves()))}.`,
};

const answerSentence = (app) => `The network answers: ${predictionText(app)}. The label says
    ${escapeText(app.labelText())}.`;

function lossSentence(app) {
  const { probe, trace } = app;
  return `How wrong was that? This row's loss is ${show(probe.losses[0])}; the mean over the
      batch of ${probe.divisor} is ${show(trace.loss)}.`;
}

// By what an optimizer moves: only plain SGD goes straight against the gradient of the moment.
function mannerOf(optimizer) {
  if (optimizer.kind === "Adam") return "against the running means of their gradients";
  if (optimizer.momentum) return "along their velocities, which carry on the earlier steps";
  return isPlainSgd(optimizer)
    ? "against their gradients"
    : "against their gradients, each over the size that it lately had";
}

const steepest = (values) =>
  values.reduce((most, v) => (Math.abs(v) > Math.abs(most) ? v : most), 0);

function gradientOf(run, l, trace) {
  const { W, inputs, units } = run.plan.layers[l];
  return trace.gradient.subarray(W, W + inputs * units);
}

// ---- one operation ----

function operationSentence(app) {
  const { run, operation, probe, trace } = app;
  const l = operation.layer,
    layer = run.plan.layers[l],
    seen = probe.layers[l],
    name = layerName(run, l);
  switch (operation.kind) {
    case "z":
      return `Each neuron of ${name} adds up its ${count(layer.inputs)} inputs, each times its
          weight, and a bias. The largest sum is ${show(Math.max(...seen.z))}.`;
    case "y":
      return l === run.plan.layers.length - 1
        ? answerSentence(app)
        : `${escapeText(layer.activation)} bends the sums of ${name}:
            ${seen.y.filter((y) => y > 0).length} of ${layer.units} neurons give something above
                zero.`;
    case "loss":
      return lossSentence(app);
    case "dz":
      return `Backwards: by how much would this row's share of the loss grow if z of ${name}
          grew? The steepest is ${signed(steepest(seen.dz))}.`;
    case "dW":
      return `Each weight of ${name} gets its gradient: its input times the dz it leads to,
          added up over the ${trace.B} rows. The largest is
          ${signed(steepest(gradientOf(run, l, trace)))}.`;
    case "dy":
      return `${layerName(run, l + 1)} hands the blame down: each neuron of ${name} gets the dz
          above it, through the weights that lead there. The largest dy is
          ${signed(steepest(seen.dy))}.`;
    default:
      return `${escapeText(run.optimizer.kind)} moves the weights and biases of ${name}
          ${mannerOf(run.optimizer)}, with a learning rate of ${show(run.rate(app.view.k))}.`;
  }
}

// ---- what the operation is to the selected neuron or weight ----

const LAST_OF_PHASE = { forward: "y", backward: "dW", update: "p" };

function turnSentence(app) {
  const { run, operation } = app,
    { layer: l } = app.view.selected,
    { phase, kind } = operation;
  if (kind === "loss") return "";
  if (operation.layer === l) return `For ${selectedName(app)} that is ${gainOf(app, kind)}.`;
  const isOver = app.isDone(phase, LAST_OF_PHASE[phase], l);
  return `${capital(selectedName(app))} is in ${layerName(run, l)}, whose turn in this phase
      ${isOver ? "is over" : "is still to come"}.`;
}

function selectedName(app) {
  const { kind, layer: l, i, o } = app.view.selected;
  if (kind === "neuron") return `the selected neuron ${o}`;
  return `the selected ${i === null ? `bias b${l + 1}[${o}]` : `weight W${l + 1}[${i},${o}]`}`;
}

const capital = (text) => text[0].toUpperCase() + text.slice(1);

function gainOf(app, kind) {
  const { selected } = app.view,
    { layer: l, o } = selected,
    { [kind]: numbers } = app.probe.layers[l],
    into = selected.kind === "weight" ? ", which it leads to" : "";
  if (kind === "dW") return weightGain(app, "d", app.trace.gradient);
  if (kind === "p") return weightGain(app, "Δ", app.moves());
  return `${kind}${l + 1}[${o}] = ${show(numbers[o])}${into}`;
}

// Of a neuron the bias: its own number among those that learn.
function weightGain(app, sign, numbers) {
  const { kind, layer: l, i, o } = app.view.selected,
    { W, b, units } = app.run.plan.layers[l];
  if (kind === "weight" && i !== null)
    return `${sign}W${l + 1}[${i},${o}] = ${signed(numbers[W + i * units + o])}`;
  if (b === null) return "nothing: it has no bias";
  return `${sign}b${l + 1}[${o}] = ${signed(numbers[b + o])}`;
}
