// The recorded run as the page uses it: parameters, batches, slots and traces of each state.
//
// A state k is a moment before the step `stateSteps[k]`, when all parameters are known. Where
// every step has its state, the optimizer's memory (slots) is followed from its beginning. A row
// is known by its place in this page; `numberOf` is its number in the data.

import { decode } from "./bytes.js";
import { predict, trace } from "./engine.js";
import { emptySlots, slotNames, update } from "./optimizers.js";

const TRACES_KEPT = 64;

export class Run {
  constructor(packed) {
    this.about = packed.about;
    this.plan = packed.plan;
    this.optimizer = packed.optimizer;
    this.arrays = Object.fromEntries(
      Object.entries(packed.arrays).map(([name, array]) => [name, decode(array)]),
    );
    this.damaged = Object.keys(this.arrays).filter((name) => !this.arrays[name].isIntact);
    this.losses = Array.from(this.arrays.loss);
    this.rates = Array.from(this.arrays.rate);
    this.stateSteps = Array.from(this.arrays.state_steps);
    this.inputs = this.plan.layers[0].inputs;
    // Test rows, if there are any, stand behind the rows of the batches.
    this.firstTest = this.arrays.test_x ? this.arrays.y.shape[0] : null;
    this.x = this.decodeFeatures(packed.scale);
    this.y = Float64Array.from([...this.arrays.y, ...(this.arrays.test_y ?? [])]);
    this.targets = this.arrays.y.shape[1] ?? 1;
    this.length = this.arrays.parameters.shape[1];
    const N = this.length;
    this.states = this.stateSteps.map((_, k) =>
      Float64Array.from(this.arrays.parameters.subarray(k * N, (k + 1) * N)),
    );
    this.slotStates = [];
    this.traces = new Map();
  }

  decodeFeatures(scale) {
    const { x, test_x: test = [] } = this.arrays;
    const all = new Float64Array(x.length + test.length);
    all.set(x);
    all.set(test, x.length);
    if (!scale) return all;
    const [factor, offset] = scale.map(Math.fround); // Rescaling rounds both to float32
    if (this.about.dtype === "float64") return all.map((value) => value * factor + offset);
    return all.map((value) => Math.fround(Math.fround(value * factor) + offset));
  }

  get steps() {
    return this.rates.length;
  }

  get isComplete() {
    return this.stateSteps.length === this.steps + 1;
  }

  // Whether the page has the rows of every step, so that it can train on from any state.
  get canTrain() {
    return this.rates.every((_, step) => this.rowsOfStep(step).length);
  }

  // How many rows there are to train on; those of the test stand behind them.
  get rowCount() {
    return this.arrays.y.shape[0];
  }

  numberOf(row) {
    return this.arrays.row_numbers[row];
  }

  // The last state that a step follows: the one after it is the end of the training.
  get lastState() {
    return this.stateSteps.length - 2;
  }

  params(k) {
    return this.states[k];
  }

  rate(k) {
    return this.rates[this.stateSteps[k]];
  }

  // The optimizer's own count of the step that follows state k, from 1.
  stepNumber(k) {
    return this.about.firstStep + this.stateSteps[k] + 1;
  }

  rowsOf(k) {
    return this.rowsOfStep(this.stateSteps[k]);
  }

  rowsOfStep(step) {
    const B = this.about.batchSize;
    const rows = this.arrays.rows.subarray(step * B, (step + 1) * B);
    return Array.from(rows).filter((row) => row >= 0);
  }

  pick(rows) {
    const { inputs: I, targets: T } = this;
    const x = new Float64Array(rows.length * I),
      y = new Float64Array(rows.length * T);
    rows.forEach((row, n) => {
      x.set(this.x.subarray(row * I, (row + 1) * I), n * I);
      y.set(this.y.subarray(row * T, (row + 1) * T), n * T);
    });
    return { x, y };
  }

  // Everything about the step after state k, over its batch.
  trace(k) {
    if (!this.traces.has(k)) {
      const { x, y } = this.pick(this.rowsOf(k));
      if (this.traces.size >= TRACES_KEPT) this.traces.delete(this.traces.keys().next().value);
      this.traces.set(k, trace(this.plan, this.params(k), x, y));
    }
    return this.traces.get(k);
  }

  // One row alone at state k, divided by that step's B: its share, were it in the batch.
  probe(k, row) {
    const { x, y } = this.pick([row]);
    return trace(this.plan, this.params(k), x, y, { divisor: this.rowsOf(k).length });
  }

  // What the network says of every row at state k.
  answers(k) {
    if (this.answered?.k !== k)
      this.answered = { k, p: predict(this.plan, this.params(k), this.x) };
    return this.answered.p;
  }

  slots(k) {
    const names = slotNames(this.optimizer);
    if (this.slotStates[k]) return this.slotStates[k];
    if (!this.isComplete) {
      const N = this.length;
      return Object.fromEntries(
        names.map((n) => [n, this.arrays[`slots/${n}`].subarray(k * N, (k + 1) * N)]),
      );
    }
    if (!this.slotStates.length) this.slotStates.push(this.firstSlots());
    for (let n = this.slotStates.length - 1; n < k; n++) {
      const now = [this.params(n), this.trace(n).gradient, this.slotStates[n]];
      this.slotStates.push(
        update(this.optimizer, ...now, this.rate(n), this.stepNumber(n)).slots,
      );
    }
    return this.slotStates[k];
  }

  firstSlots() {
    const recorded = `evidence/${this.stateSteps[0]}/slots/`;
    const names = slotNames(this.optimizer);
    if (!names.length || !this.arrays[recorded + names[0]])
      return emptySlots(this.optimizer, this.length);
    return Object.fromEntries(
      names.map((name) => [name, Float64Array.from(this.arrays[recorded + name])]),
    );
  }

  // What the step after state k makes of the parameters, by the twin's own optimizer.
  step(k) {
    const now = [this.params(k), this.trace(k).gradient, this.slots(k)];
    return update(this.optimizer, ...now, this.rate(k), this.stepNumber(k));
  }

  // The run once more from state `from` on, with something changed: the parameters of that
  // state, the data, or the learning rate from there on. `training` makes its steps.
  branch(from, { params, x, y, rate }) {
    const first = this.stateSteps[from];
    return Object.assign(new Unmade(), this, {
      parent: this,
      branchedAt: first,
      x: x ?? this.x,
      y: y ?? this.y,
      rates: this.rates.map((was, step) => (step >= first && rate !== undefined ? rate : was)),
      losses: this.losses.slice(0, first),
      states: [...this.states.slice(0, from), params ?? this.params(from)],
      slotStates: Array.from({ length: from + 1 }, (_, k) => this.slots(k)),
      traces: new Map(),
      answered: null,
    });
  }

  // Trains a branch by the twin, on the recorded batches; gives way after every step.
  *training() {
    let params = this.states.at(-1),
      slots = this.slotStates.at(-1);
    for (let step = this.losses.length; step < this.steps; step++) {
      const { x, y } = this.pick(this.rowsOfStep(step));
      const { loss, gradient } = trace(this.plan, params, x, y);
      const number = this.about.firstStep + step + 1;
      ({ params, slots } = update(
        this.optimizer,
        params,
        gradient,
        slots,
        this.rates[step],
        number,
      ));
      this.losses.push(loss);
      if (this.stateSteps[this.states.length] === step + 1) {
        this.states.push(params);
        this.slotStates.push(slots);
      }
      yield step;
    }
  }
}

// A Run without its constructor's work.
function Unmade() {}
Unmade.prototype = Run.prototype;
