// The twin engine against runs that nnscratch recorded: forward, loss, backward, and the
// optimizers' steps.  test_microscope_twin.py records the runs and names their folder.

import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";

import { trace } from "../../nnscratch/microscope/page/engine.js";
import { check } from "../../nnscratch/microscope/page/parity.js";
import { Run } from "../../nnscratch/microscope/page/run.js";

const folder = process.env.RECORDED_RUNS;
const names = folder ? readdirSync(folder).filter((name) => name.endsWith(".json")) : [];
const load = (name) => JSON.parse(readFileSync(join(folder, name)));

for (const name of names) {
  const isDouble = load(name).about.dtype === "float64";
  const isThin = name.startsWith("thin"); // then the page has Adam's memory in float32

  test(`${name}: the twin agrees with every recorded tensor`, () => {
    const found = check(new Run(load(name)));
    assert.ok(found.ok, JSON.stringify(found));
    // Where a probability is clipped, 1 / 1e-7 multiplies the last digit.
    const most = !isDouble ? 1e-6 : isThin ? 1e-7 : 1e-10;
    assert.ok(found.largest <= most, JSON.stringify(found));
    assert.ok(found.tensors > 10 && found.compared > 100);
  });

  test(`${name}: one changed byte is found`, () => {
    for (const array of ["parameters", "x"]) {
      const packed = load(name);
      const bytes = Buffer.from(packed.arrays[array].data, "base64");
      bytes[3] ^= 1;
      packed.arrays[array].data = bytes.toString("base64");
      const found = check(new Run(packed));
      assert.ok(!found.ok);
      assert.deepEqual(found.damaged, [array]);
    }
  });

  test(`${name}: a changed weight is found without the checksum`, () => {
    const run = new Run(load(name));
    const k = run.stateSteps.indexOf(run.about.evidenceSteps.at(-1));
    run.states[k][0] += 1e-3;
    const found = check(run);
    assert.ok(!found.ok && found.largest > 1e-6);
  });

  test(`${name}: the gradient is the slope of the loss`, () => {
    const run = new Run(load(name));
    const { x, y } = run.pick(run.rowsOf(0));
    const { gradient } = trace(run.plan, run.params(0), x, y);
    const largest = Math.max(...gradient.map(Math.abs));
    let wrong = 0;
    for (let n = 0; n < run.length; n++) {
      const [up, down] = [1e-6, -1e-6].map((shift) => {
        const params = Float64Array.from(run.params(0));
        params[n] += shift;
        return trace(run.plan, params, x, y).loss;
      });
      if (Math.abs((up - down) / 2e-6 - gradient[n]) > 1e-6 * Math.max(1, largest)) wrong += 1;
    }
    assert.ok(wrong <= run.length * 0.02, `${wrong} of ${run.length}`); // a ReLU may sit at its kink
  });
}

function trained(branch) {
  for (const _ of branch.training());
  return branch;
}

test("a branch of a thin run passes through all states that were kept", () => {
  if (!names.includes("thin-adam.json")) return;
  const run = new Run(load("thin-adam.json"));
  assert.ok(!run.isComplete && run.canTrain);
  const branch = trained(run.branch(1, {}));
  assert.equal(branch.states.length, run.states.length);
  branch.states.forEach((params, k) =>
    params.forEach((p, n) => assert.ok(Math.abs(p - run.params(k)[n]) < 1e-6)),
  );
  branch.losses.forEach((loss, s) => assert.ok(Math.abs(loss - run.losses[s]) < 1e-6));
  const slower = trained(run.branch(1, { rate: run.rate(1) / 2 }));
  const step = run.stateSteps[1];
  assert.deepEqual(slower.losses.slice(0, step), run.losses.slice(0, step));
  assert.notEqual(slower.losses[step + 1], run.losses[step + 1]);
});

test("a branch with nothing changed is the recorded run, and its ghost stays", () => {
  const name = names.find((each) => each.startsWith("adam"));
  if (!name) return;
  const run = new Run(load(name));
  const branch = trained(run.branch(3, {}));
  branch.losses.forEach((loss, s) => assert.ok(Math.abs(loss - run.losses[s]) < 1e-9));
  const faster = trained(run.branch(3, { rate: 10 * run.rate(3) }));
  assert.equal(faster.parent, run);
  assert.equal(faster.losses[2], run.losses[2]);
  assert.notEqual(faster.losses.at(-1), run.losses.at(-1));
  assert.equal(faster.rate(2), run.rate(2));
});
