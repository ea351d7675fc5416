// The page's state: what is chosen, what that needs computed, and who draws which part of it.

import { badgeHtml } from "./badge.js";
import { besideView, hasKeras } from "./beside.js";
import { focusView } from "./focus.js";
import { checkView } from "./gradcheck.js";
import { confusionView, hasTest, logitsView, pictureOf, weightsView } from "./images.js";
import { ledgerView, updateView } from "./ledgers.js";
import { giveBackFocus, heldFocus } from "./held_focus.js";
import { modeOf, networkView } from "./network.js";
import { count, escapeText, show } from "./numbers.js";
import { check } from "./parity.js";
import { Run } from "./run.js";
import { leadSentence } from "./sentences.js";
import { vitalsView } from "./signs.js";
import { drawSpace, isPlane, spaceView } from "./space.js";
import { GEARS, endOfPhase, move, operationsOf } from "./time.js";
import { lossCurve, phaseChips, whereHtml } from "./timeline.js";
import { readForm, whatIfView } from "./whatif.js";

const LENSES = [
  { id: "space", title: "Space", isFor: isPlane, html: spaceView, draw: drawSpace },
  { id: "weights", title: "Weight images", isFor: (run) => run.about.image, html: weightsView },
  {
    id: "logits",
    title: "Logits to loss",
    isFor: (run) => run.about.image && run.plan.loss.kind === "scce",
    html: logitsView,
  },
  { id: "confusion", title: "Confusion matrix", isFor: hasTest, html: confusionView },
  { id: "ledger", title: "Gradient", isFor: () => true, html: ledgerView },
  { id: "update", title: "Update", isFor: () => true, html: updateView },
  { id: "check", title: "Check", isFor: () => true, html: checkView },
  { id: "vitals", title: "Vital signs", isFor: () => true, html: vitalsView },
  { id: "whatif", title: "What if", isFor: () => true, html: whatIfView },
  { id: "keras", title: "Beside Keras", isFor: hasKeras, html: besideView },
];
const START = 0.3; // of the loss's way down: learning has begun, and much is left to learn
const SLICE = 150; // milliseconds, for which a what-if trains before the page is drawn again
const SMOOTH = 10; // steps, over which the loss is averaged to see that
export const element = (id) => document.getElementById(id);

const strongest = (values) =>
  values.reduce((best, v, n) => (Math.abs(v) > Math.abs(values[best]) ? n : best), 0);

export class App {
  constructor(packed) {
    this.run = new Run(packed);
    this.operations = operationsOf(this.run.plan);
    this.lenses = LENSES.filter((lens) => lens.isFor(this.run));
    this.parity = check(this.run);
    this.pictures = new Map();
    this.trainingStep = null; // while the twin trains a what-if
    this.view = this.firstView();
  }

  // The page teaches before anybody touches it: of the middle layer's weights and the batch's
  // rows, the pair where one row pulls hardest at one weight.
  firstView() {
    const { run } = this;
    const k = this.firstState();
    const l = Math.min(1, run.plan.layers.length - 1);
    const { inputs, units } = run.plan.layers[l];
    const { x, dz } = run.trace(k).layers[l];
    const pulls = run.rowsOf(k).map((row, n) => {
      const i = strongest(x.subarray(n * inputs, (n + 1) * inputs));
      const o = strongest(dz.subarray(n * units, (n + 1) * units));
      return { row, i, o, pull: Math.abs(x[n * inputs + i] * dz[n * units + o]) };
    });
    const { row, i, o } = pulls.reduce((best, each) => (each.pull > best.pull ? each : best));
    return {
      k,
      op: endOfPhase(this.operations, "backward"),
      gear: "phase",
      row,
      selected: { kind: "weight", layer: l, i, o, link: `w-${l}-${i}-${o}` },
      lens: this.lenses[0].id,
      exponent: -5,
    };
  }

  firstState() {
    const { losses, stateSteps, lastState } = this.run;
    const mean = (step) => {
      const part = losses.slice(Math.max(0, step - SMOOTH), step + 1);
      return part.reduce((a, b) => a + b, 0) / part.length;
    };
    const goal = losses[0] + START * (mean(losses.length - 1) - losses[0]);
    const found = stateSteps.findIndex((step) => step >= SMOOTH && mean(step) <= goal);
    return Math.min(Math.max(found, 0), lastState);
  }

  // ---- what the views ask for ----

  get operation() {
    return this.operations[this.view.op];
  }

  get trace() {
    return this.run.trace(this.view.k);
  }

  isDone(phase, kind, layer) {
    const at = this.operations.findIndex(
      (o) => o.phase === phase && o.kind === kind && o.layer === layer,
    );
    return at >= 0 && at <= this.view.op;
  }

  isPhaseDone(phase) {
    return endOfPhase(this.operations, phase) <= this.view.op;
  }

  // The selected weight { layer, i, o }; of a selected neuron the one that is pulled at most.
  weight() {
    const { kind, layer, i, o } = this.view.selected;
    return { layer, i: kind === "neuron" ? this.strongestInto(layer, o) : i, o };
  }

  selectedIndex() {
    const { layer: l, i, o } = this.weight(),
      layer = this.run.plan.layers[l];
    return i === null ? layer.b + o : layer.W + i * layer.units + o;
  }

  strongestInto(l, o) {
    const { W, inputs, units } = this.run.plan.layers[l],
      { gradient } = this.trace;
    const pull = (i) => Math.abs(gradient[W + i * units + o]);
    let best = 0;
    for (let i = 0; i < inputs; i++) if (pull(i) > pull(best)) best = i;
    return best;
  }

  moves() {
    const { k } = this.view,
      before = this.run.params(k),
      after = this.run.step(k).params;
    return after.map((p, n) => p - before[n]);
  }

  targets(row = this.view.row) {
    const T = this.run.targets;
    return this.run.y.subarray(row * T, (row + 1) * T);
  }

  targetText(row = this.view.row) {
    const t = this.targets(row),
      { classes } = this.run.about;
    if (t.length === 1 && classes && this.run.plan.loss.kind === "scce") return classes[t[0]];
    return Array.from(t, (each) => show(each)).join(", ");
  }

  // A label in words: of two classes the number too, which the equations use.
  labelText(row = this.view.row) {
    const text = this.targetText(row),
      name = this.canFlip() ? this.run.about.classes?.[Number(this.isPositive(row))] : null;
    return name ? `${text} (${name})` : text;
  }

  classText(c) {
    return escapeText(this.run.about.classes?.[c] ?? `class ${c}`);
  }

  canFlip() {
    return this.run.plan.loss.kind === "bce" && this.run.targets === 1;
  }

  isPositive(row) {
    return this.run.y[row] > 0.5;
  }

  accuracy() {
    const { run, view } = this;
    const p = run.answers(view.k);
    let right = 0;
    for (let row = 0; row < run.rowCount; row++) right += p[row] > 0.5 === this.isPositive(row);
    return right / run.rowCount;
  }

  // Of the last hidden layer, the two neurons that the output listens to most, at the end.
  warpAxes() {
    const last = this.run.plan.layers.at(-1),
      end = this.run.states.at(-1);
    const all = Array.from({ length: last.inputs }, (_, i) => i);
    const strength = (i) => -Math.abs(end[last.W + i * last.units]);
    return all
      .sort((a, b) => strength(a) - strength(b))
      .slice(0, 2)
      .sort((a, b) => a - b);
  }

  pixels(row) {
    if (!this.pictures.has(row)) this.pictures.set(row, pictureOf(this.run, row));
    return this.pictures.get(row);
  }

  // ---- drawing ----

  render() {
    const held = heldFocus();
    this.probe = this.run.probe(this.view.k, this.view.row);
    this.renderTime();
    const network = element("network");
    const mode = modeOf(this.operation);
    element("legend").innerHTML = `<span>Circles: <b>${mode.circle}</b> (the inputs: x)</span>
      <span>Lines: <b>${mode.line}</b></span>
      <span><i class="key-line"></i>above zero</span>
      <span><i class="key-line negative"></i>below zero: dashed</span><span>Click any of them.</span>`;
    network.innerHTML = networkView(this, Math.max(330, Math.min(760, network.clientWidth)));
    element("probe-say").innerHTML = this.probeSentence();
    element("focus").innerHTML = focusView(this);
    this.renderLens();
    giveBackFocus(held);
  }

  probeSentence() {
    const { run, view } = this,
      isIn = run.rowsOf(view.k).includes(view.row);
    const text =
      view.row >= run.rowCount
        ? `Test image ${view.row - run.rowCount}`
        : `Row ${run.numberOf(view.row)} of the data`;
    const place = isIn
      ? "It is one of this batch."
      : `It is not in this batch: what flows back is what it would ask for, were it one of the
          ${this.probe.divisor}.`;
    return `${text}, labelled ${escapeText(this.labelText())}. ${place}`;
  }

  renderTime() {
    const { run, view } = this;
    element("where").innerHTML = whereHtml(this);
    element("curve").innerHTML = lossCurve(this);
    element("phases").innerHTML = phaseChips(this);
    const slider = element("scrubber");
    slider.max = run.steps - 1;
    slider.value = run.stateSteps[view.k];
    slider.setAttribute("aria-valuetext", element("where").textContent);
    for (const input of document.querySelectorAll('[name="gear"]'))
      input.checked = input.value === view.gear;
    document.body.classList.toggle("is-what-if", Boolean(run.parent));
  }

  renderLens() {
    const { lens: id } = this.view,
      lens = this.lenses.find((each) => each.id === id);
    for (const tab of document.querySelectorAll("[role=tab]")) {
      tab.setAttribute("aria-selected", tab.dataset.lens === id);
    }
    const panel = element("lens");
    panel.innerHTML = lens.html(this);
    panel.dataset.lens = id;
    panel.setAttribute("aria-labelledby", `tab-${id}`);
    lens.draw?.(this, panel);
  }

  renderOnce() {
    const { run, parity } = this;
    element("lead").innerHTML = leadSentence(this);
    element("tabs").innerHTML = this.lenses
      .map(
        ({ id, title }) =>
          `<button role="tab" id="tab-${id}" data-lens="${id}"
              aria-controls="lens">${title}</button>`,
      )
      .join("");
    element("gears").innerHTML = GEARS.map(
      (gear, n) =>
        `<label><input type="radio" name="gear" value="${gear}"><span
            title="key ${n + 1}">${gear}</span></label>`,
    ).join("");
    const badge = element("badge");
    badge.className = parity.ok ? "ok" : "bad";
    badge.innerHTML = badgeHtml(parity);
    const about = run.about,
      versions = Object.entries(about.versions)
        .map(([name, v]) => `${name} ${v}`)
        .join(", ");
    element("facts").textContent =
      `Recorded with ${versions}; ${about.dtype}, seed ${about.seed}, ${count(about.rows)} rows,
          data sha256 ${about.digest.slice(0, 16)}…`;
  }

  // ---- acting ----

  go(direction, gear = this.view.gear) {
    Object.assign(this.view, move(this.run, this.operations, this.view, gear, direction));
    this.render();
  }

  select(link) {
    const [kind, l, ...rest] = link.split("-");
    if (l === "in") return;
    const layer = Number(l),
      o = Number(rest.at(-1));
    this.view.selected =
      kind === "n"
        ? { kind: "neuron", layer, o, link }
        : { kind: "weight", layer, i: rest[0] === "b" ? null : Number(rest[0]), o, link };
    this.render();
  }

  set(change) {
    Object.assign(this.view, change);
    this.render();
  }

  whatIf(form) {
    const asked = readForm(this, form);
    if (!asked || this.trainingStep !== null) return;
    const branch = this.run.branch(this.view.k, asked.changes);
    branch.change = asked.words;
    this.train(branch, branch.training());
  }

  // In slices, so that the page stays alive; a small net is through after the first.
  train(branch, steps) {
    const end = performance.now() + SLICE;
    for (let next = steps.next(); !next.done; next = steps.next()) {
      if (performance.now() < end) continue;
      this.trainingStep = next.value;
      this.renderLens();
      setTimeout(() => this.train(branch, steps));
      return;
    }
    this.trainingStep = null;
    this.run = branch;
    this.render();
  }

  backToRecorded() {
    this.run = this.run.parent ?? this.run;
    this.render();
  }
}
