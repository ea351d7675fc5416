// Where one stands in the training: a state, and an operation of the step that follows it.
// Four gears move by an epoch, a batch, a phase or a single operation, forwards and backwards.

export const PHASES = ["forward", "loss", "backward", "update"];
export const GEARS = ["epoch", "batch", "phase", "operation"];

// All operations of one step in their order: { phase, kind, layer }.
export function operationsOf(plan) {
  const last = plan.layers.length - 1;
  const all = [];
  for (let layer = 0; layer <= last; layer++) {
    all.push({ phase: "forward", kind: "z", layer }, { phase: "forward", kind: "y", layer });
  }
  all.push({ phase: "loss", kind: "loss", layer: last });
  for (let layer = last; layer >= 0; layer--) {
    all.push(
      { phase: "backward", kind: "dz", layer },
      { phase: "backward", kind: "dW", layer },
    );
    if (layer > 0) all.push({ phase: "backward", kind: "dy", layer: layer - 1 });
  }
  for (let layer = 0; layer <= last; layer++) all.push({ phase: "update", kind: "p", layer });
  return all;
}

export const endOfPhase = (operations, phase) =>
  operations.findLastIndex((o) => o.phase === phase);

// { k, op } one gear's tooth on (direction 1) or back (-1); the same place at either end.
export function move(run, operations, { k, op }, gear, direction) {
  const last = run.lastState;
  if (gear === "epoch") return { k: epochAway(run, k, direction), op };
  if (gear === "batch") return { k: Math.min(Math.max(k + direction, 0), last), op };
  const stops =
    gear === "phase"
      ? PHASES.map((phase) => endOfPhase(operations, phase))
      : operations.map((_, n) => n);
  const next = direction > 0 ? stops.find((n) => n > op) : stops.findLast((n) => n < op);
  if (next !== undefined) return { k, op: next };
  const beside = k + direction;
  if (beside < 0 || beside > last) return { k, op };
  return { k: beside, op: direction > 0 ? stops[0] : stops[stops.length - 1] };
}

function epochAway(run, k, direction) {
  const goal = run.stateSteps[k] + direction * run.about.stepsPerEpoch;
  const steps = run.stateSteps.slice(0, run.lastState + 1);
  const found =
    direction > 0 ? steps.findIndex((s) => s >= goal) : steps.findLastIndex((s) => s <= goal);
  return found >= 0 ? found : direction > 0 ? run.lastState : 0;
}
