// The timeline: the loss of every step as a curve, which is dragged along to move through the
// training. In what-if the recorded curve stays behind as a ghost.

import { escapeText, show } from "./numbers.js";
import { PHASES } from "./time.js";
import { whereSentence } from "./moment.js";

const WIDTH = 1000,
  HEIGHT = 84,
  TOP = 6,
  BOTTOM = 6;

export function lossCurve(app) {
  const { run } = app,
    ghost = run.parent;
  const curves = ghost ? [ghost.losses, run.losses] : [run.losses];
  const high = highest(curves);
  const x = (step) => (step / Math.max(1, run.steps - 1)) * WIDTH;
  const y = (loss) => TOP + (1 - Math.min(loss, high) / high) * (HEIGHT - TOP - BOTTOM);
  const line = (losses, className) => {
    const points = losses
      .map((loss, s) =>
        Number.isFinite(loss) ? `${x(s).toFixed(1)},${y(loss).toFixed(1)}` : "",
      )
      .join(" ");
    return `<polyline class="${className}" points="${points}"/>`;
  };
  const epochs = [];
  for (let s = run.about.stepsPerEpoch; s < run.steps; s += run.about.stepsPerEpoch)
    epochs.push(s);
  const every = Math.ceil(epochs.length / 40);
  const grid = epochs
    .filter((_, n) => n % every === 0)
    .map((s) => `<line class="grid" x1="${x(s)}" x2="${x(s)}" y1="0" y2="${HEIGHT}"/>`);
  const bad = run.about.firstBad
    ? `<line class="bad" x1="${x(run.about.firstBad[0])}" x2="${x(run.about.firstBad[0])}"
        y1="0" y2="${HEIGHT}"/>`
    : "";
  const at = x(run.stateSteps[app.view.k]);
  return `<svg viewBox="0 0 ${WIDTH} ${HEIGHT}" preserveAspectRatio="none" role="img"
      aria-label="The loss of every step">
    ${grid.join("")}${bad}${ghost ? line(ghost.losses, "loss ghost") : ""}${line(run.losses, "loss")}
    <line class="cursor" x1="${at}" x2="${at}" y1="0" y2="${HEIGHT}"/></svg>`;
}

// The top of the axis: the largest finite loss, unless a few outliers tower over the rest.
function highest(curves) {
  const finite = curves
    .flat()
    .filter(Number.isFinite)
    .sort((a, b) => a - b);
  if (!finite.length) return 1;
  const nearly = finite[Math.floor(0.995 * (finite.length - 1))];
  return Math.max(Math.min(finite[finite.length - 1], 3 * nearly), 1e-12);
}

export function phaseChips(app) {
  return PHASES.map((phase, n) => {
    const state = app.operation.phase === phase ? "now" : app.isPhaseDone(phase) ? "done" : "";
    return `<button class="phase ${state}" data-phase-button="${phase}"
        aria-pressed="${state === "now"}"><span>${n + 1}</span> ${phase}</button>`;
  }).join("");
}

export function whereHtml(app) {
  const { run, view } = app,
    loss = run.losses[run.stateSteps[view.k]];
  const changed = run.parent
    ? `<b class="what-if-mark">what-if: ${escapeText(run.change)}</b> · `
    : "";
  return `${changed}${whereSentence(app)} · loss <output>${show(loss)}</output>`;
}
