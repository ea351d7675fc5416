// The card beside the network: the selected neuron or weight, in words and in equations,
// forward and backward; the phase of the moment stands out.

import {
  activationEquation,
  affineEquation,
  contributionEquation,
  deltaEquation,
  moveEquation,
  shareEquation,
} from "./equations.js";
import { lossEquation, lossSlopeEquation } from "./loss_equation.js";
import { escapeText, signed } from "./numbers.js";
import { momentSentence } from "./moment.js";
import { neuronSentence, weightSentence } from "./sentences.js";

export function focusView(app) {
  const { selected } = app.view;
  const isNeuron = selected.kind === "neuron";
  const sentence = isNeuron
    ? neuronSentence(app, selected.layer, selected.o)
    : weightSentence(app);
  const blocks = isNeuron ? neuronBlocks(app) : weightBlocks(app);
  return `<p class="say" data-say="operation" aria-live="polite">${momentSentence(app)}</p>
    <h3 class="selected-title">${selectedTitle(app)}</h3>
    <p class="say" data-say="selected">${sentence}</p>
    ${blocks.join("")}`;
}

export function selectedTitle(app) {
  const { kind, layer: l, i, o } = app.view.selected;
  const name = escapeText(app.run.plan.layers[l].name);
  if (kind === "neuron") return `neuron ${o} of ${name}`;
  return i === null ? `bias b${l + 1}[${o}]` : `weight W${l + 1}[${i},${o}]`;
}

// The weight that the ledgers look at.
export function weightTitle(app) {
  const { layer: l, i, o } = app.weight();
  return i === null ? `bias b${l + 1}[${o}]` : `weight W${l + 1}[${i},${o}]`;
}

function block(app, phase, title, body) {
  const isNow = app.operation.phase === phase;
  return `<section class="block ${isNow ? "now" : ""}" data-phase="${phase}">
    <h4>${title}</h4>${body}</section>`;
}

function neuronBlocks(app) {
  const { layer: l, o } = app.view.selected;
  const isLast = l === app.run.plan.layers.length - 1;
  return [
    block(
      app,
      "forward",
      "Forward",
      affineEquation(app, l, o).html + activationEquation(app, l, o).html,
    ),
    isLast ? block(app, "loss", "Loss of this row", lossEquation(app).html) : "",
    block(
      app,
      "backward",
      "Backward",
      slopeOfLoss(app, l, o) + deltaEquation(app, l, o).html + divisionNote(app, l),
    ),
    app.run.plan.layers[l].b === null ? "" : updateBlock(app, l, null, o),
  ];
}

function updateBlock(app, l, i, o) {
  const { kind } = app.run.optimizer;
  const how = `<button class="link" data-lens="update">${escapeText(kind)}'s step</button>`;
  const whose = app.view.selected.kind === "neuron" ? "the strongest weight into it" : "it";
  return block(
    app,
    "update",
    "Update",
    `${moveEquation(app, l, i, o).html}<p class="note">${how}, of ${whose}, is worked out
      below.</p>`,
  );
}

function slopeOfLoss(app, l, o) {
  const { loss, layers } = app.run.plan;
  if (l < layers.length - 1 || loss.joined) return "";
  return lossSlopeEquation(app, o)?.html ?? "";
}

function divisionNote(app, l) {
  const { loss, layers } = app.run.plan;
  if (l < layers.length - 1) return "";
  const cancels = loss.joined
    ? `The slope of the ${layers[l].activation} does not appear: it cancels against that of the
        cross-entropy, so a sure and wrong answer still learns at full speed.`
    : "";
  return `<p class="note">÷ ${app.probe.divisor}: the loss is the mean over the batch. B is
      divided by here and nowhere else; all that follows carries it along. ${cancels}</p>`;
}

function weightBlocks(app) {
  const { layer: l, i, o } = app.view.selected;
  const g = app.trace.gradient[app.selectedIndex()];
  const name = i === null ? `db${l + 1}[${o}]` : `dW${l + 1}[${i},${o}]`;
  const forward =
    i === null
      ? affineEquation(app, l, o).html
      : `${contributionEquation(app, l, i, o).html}<p class="note">One of the terms of
      <button class="link" data-link="n-${l}-${o}">z${l + 1}[${o}]</button>.</p>`;
  return [
    block(app, "forward", "Forward", forward),
    block(
      app,
      "backward",
      "Backward",
      `${deltaEquation(app, l, o).html}${shareEquation(app, l, i, o).html}
      <p class="note">That is this row's share. All ${app.trace.B} rows of the batch together:
      <button class="link" data-lens="ledger">${name}
      = <output>${signed(g)}</output></button></p>`,
    ),
    updateBlock(app, l, i, o),
  ];
}
