// Does the twin engine agree with what was recorded? The badge of the page.
//
// A float64 run is computed again from its parameters alone, end to end: all recorded tensors, and
// the parameters that every step leads to. In a float32 run each rounding is carried on and may
// grow (a clipped probability divides by 1e-7, and Adam turns the last bit of a tiny gradient into
// a whole step). So there every operation is computed again from what was recorded before it.

import {
  activate,
  activateBackward,
  affine,
  affineBackward,
  lossGradient,
  lossValues,
} from "./engine.js";
import { updateOne, slotNames } from "./optimizers.js";

export const TOLERANCE = 1e-6;
const MOST_STEPS = 16; // trained again between two states
const SMALLEST = 1e-9; // tensors of smaller numbers than this are held to it as they are

// How far two tensors are apart, as a share of the largest number that was recorded: a sum of
// many float32 products is only as exact as that. Equal non-finite numbers agree.
export function distance(ours, theirs) {
  let gap = 0,
    size = 0;
  for (let n = 0; n < theirs.length; n++) {
    const a = ours[n],
      b = theirs[n];
    if (Number.isFinite(b)) size = Math.max(size, Math.abs(b));
    if (a === b || (Number.isNaN(a) && Number.isNaN(b))) continue;
    const apart = Math.abs(a - b);
    if (!Number.isFinite(apart)) return Infinity;
    gap = Math.max(gap, apart);
  }
  return gap === 0 ? 0 : gap / Math.max(size, SMALLEST);
}

// Once a number of a float32 run is infinite, an engine in float64 has nothing to compare with.
const isSound = (run, step) => !run.about.firstBad || step < run.about.firstBad[0];

function* comparisons(run) {
  for (const step of run.about.evidenceSteps) {
    if (!isSound(run, step)) continue;
    const k = run.stateSteps.indexOf(step);
    const recorded = (name) => run.arrays[`evidence/${step}/${name}`];
    const found = isDouble(run) ? run.trace(k) : operationByOperation(run, k, recorded);
    yield [step, "the predictions", found.predictions, recorded("predictions")];
    yield [step, "the losses", found.losses, recorded("losses")];
    for (const [l, layer] of run.plan.layers.entries()) {
      for (const name of ["x", "z", "y", "dz", "dx"]) {
        const at = `${name} of ${layer.name}`;
        if (recorded(`${l}/${name}`) && found.layers[l][name])
          yield [step, at, found.layers[l][name], recorded(`${l}/${name}`)];
      }
      yield [step, `the gradient of ${layer.name}`, ...gradients(layer, found, recorded, l)];
    }
    if (run.isComplete && slotNames(run.optimizer).length) yield* slotComparisons(run, step, k);
  }
  if (!run.isComplete) {
    yield* trainedAgain(run);
    return;
  }
  for (let k = 0; k <= run.lastState; k++) {
    if (!isSound(run, run.stateSteps[k])) return;
    // From float32 means over the epoch so far, a single step's loss comes out with fewer digits.
    if (isDouble(run))
      yield [run.stateSteps[k], "the loss", [run.trace(k).loss], [run.losses[k]]];
    if (!isSound(run, run.stateSteps[k + 1])) return;
    if (isDouble(run))
      yield [
        run.stateSteps[k],
        "the parameters after the step",
        run.step(k).params,
        run.params(k + 1),
      ];
    else if (run.about.evidenceSteps.includes(run.stateSteps[k]))
      yield [
        run.stateSteps[k],
        "the parameters after the step",
        stepFromRecorded(run, k),
        run.params(k + 1),
      ];
  }
}

// Where few states are known: those that a few steps of training lead to, from the one before.
function* trainedAgain(run) {
  if (!isDouble(run) || !run.canTrain) return;
  for (let k = 0; k <= run.lastState; k++) {
    const end = run.stateSteps[k + 1];
    if (end - run.stateSteps[k] > MOST_STEPS || !isSound(run, end)) continue;
    const branch = run.branch(k, {});
    for (const step of branch.training()) if (step + 1 === end) break;
    yield [end - 1, "the parameters after the step", branch.params(k + 1), run.params(k + 1)];
  }
}

const isDouble = (run) => run.about.dtype === "float64";

// The tensors of a step, each from the recorded ones that it is made of.
function operationByOperation(run, k, recorded) {
  const { plan } = run;
  const { x, y } = run.pick(run.rowsOf(k));
  const B = run.rowsOf(k).length;
  const params = run.params(k);
  const gradient = new Float64Array(run.length);
  const known = plan.layers.map((_, l) => ({
    x: recorded(`${l}/x`) ?? x, // of wide rows the page has them only as data
    z: recorded(`${l}/z`),
    y: recorded(`${l}/y`),
    dz: recorded(`${l}/dz`),
    dx: recorded(`${l}/dx`),
  }));
  const last = plan.layers.length - 1;
  const out = plan.loss.joined ? known[last].z : known[last].y;
  const layers = plan.layers.map((layer, l) => {
    const dy = l === last ? lossGradient(plan, out, y, B, B) : known[l + 1].dx;
    return {
      x: l === 0 ? x : known[l - 1].y,
      z: affine(layer, params, known[l].x, B),
      y: activate(layer, known[l].z, B),
      dz: l === last && plan.loss.joined ? dy : activateBackward(layer, dy, known[l].y, B),
      dx: affineBackward(layer, params, known[l].dz, known[l].x, B, gradient),
    };
  });
  const losses = lossValues(plan, out, y, B);
  return { layers, gradient, losses, predictions: layers[last].y };
}

function* slotComparisons(run, step, k) {
  if (!isDouble(run)) return;
  for (const name of slotNames(run.optimizer))
    yield [
      step,
      `the optimizer's ${name}`,
      run.slots(k)[name],
      run.arrays[`evidence/${step}/slots/${name}`],
    ];
}

// dW and db of a layer as one, ours and the recorded: db alone is small where its rows cancel.
function gradients({ W, b, inputs, units }, { gradient }, recorded, l) {
  const ours = gradient.subarray(W, b === null ? W + inputs * units : b + units);
  const theirs = [recorded(`${l}/dW`), ...(b === null ? [] : [recorded(`${l}/db`)])];
  return [ours, Float64Array.from(theirs.flatMap((part) => Array.from(part ?? [])))];
}

function stepFromRecorded(run, k) {
  const step = run.stateSteps[k];
  const recorded = (name) => run.arrays[`evidence/${step}/${name}`];
  const g = new Float64Array(run.length);
  run.plan.layers.forEach((layer, l) => {
    g.set(recorded(`${l}/dW`), layer.W);
    if (layer.b !== null) g.set(recorded(`${l}/db`), layer.b);
  });
  const names = slotNames(run.optimizer);
  return run.params(k).map((p, n) => {
    const slots = Object.fromEntries(names.map((name) => [name, recorded(`slots/${name}`)[n]]));
    return updateOne(run.optimizer, p, g[n], slots, run.rate(k), run.stepNumber(k)).p;
  });
}

// { ok, compared, largest, worst, damaged, tensors }; worst and damaged in words.
export function check(run) {
  const found = { compared: 0, tensors: 0, largest: 0, worst: null, damaged: run.damaged };
  for (const [step, name, ours, theirs] of comparisons(run)) {
    found.tensors += 1;
    if (!theirs || ours.length !== theirs.length) {
      found.largest = Infinity;
      found.worst ??= `step ${step + 1}: ${name} is missing or has another length`;
      continue;
    }
    const gap = distance(ours, theirs);
    if (gap > found.largest) {
      found.largest = gap;
      found.worst = `step ${step + 1}: ${name}`;
    }
    found.compared += ours.length;
  }
  found.ok = found.largest <= TOLERANCE && !found.damaged.length;
  return found;
}
