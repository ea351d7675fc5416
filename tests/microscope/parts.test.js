// The page's small parts, with values worked by hand.  Run: node --test tests/microscope/

import assert from "node:assert/strict";
import { test } from "node:test";

import { crc32, decode } from "../../nnscratch/microscope/page/bytes.js";
import { agreeing, readNumber, show } from "../../nnscratch/microscope/page/numbers.js";
import { emptySlots, update, updateOne } from "../../nnscratch/microscope/page/optimizers.js";
import { distance } from "../../nnscratch/microscope/page/parity.js";
import { move, operationsOf } from "../../nnscratch/microscope/page/time.js";

const base64 = (array) => Buffer.from(array.buffer).toString("base64");
const near = (a, b, gap = 1e-12) => assert.ok(Math.abs(a - b) <= gap, `${a} is not ${b}`);

test("the checksum is the CRC-32 that everybody computes", () => {
  assert.equal(crc32(new TextEncoder().encode("123456789")), 0xcbf43926);
});

test("arrays of every format come out of base64 as they went in", () => {
  for (const [dtype, array] of [
    ["float64", new Float64Array([1.5, -2e-300])],
    ["int32", new Int32Array([-1, 7])],
    ["uint8", new Uint8Array([0, 255])],
  ]) {
    const crc = crc32(new Uint8Array(array.buffer));
    const found = decode({ dtype, shape: [2], crc, data: base64(array) });
    assert.deepEqual([...found], [...array]);
    assert.ok(found.isIntact);
    assert.ok(!decode({ dtype, shape: [2], crc: crc + 1, data: base64(array) }).isIntact);
  }
});

test("half precision numbers are read: normal, subnormal, infinite", () => {
  const words = new Uint16Array([0x3c00, 0xc000, 0x0001, 0x7c00, 0x7e00]);
  const found = decode({ dtype: "float16", shape: [5], crc: 0, data: base64(words) });
  assert.deepEqual([...found], [1, -2, 2 ** -24, Infinity, NaN]);
});

test("numbers are shown with four digits and read back", () => {
  assert.deepEqual(
    [0.12345, -12345.678, 0.00001234, 3, 0, -1e9].map((v) => show(v)),
    ["0.1235", "−12346", "1.234e−5", "3", "0", "−1e9"],
  );
  assert.deepEqual(
    [0.02, 0.999, 1e-7, 0.3000001, 120.5, 100.00001].map((v) => show(v)),
    ["0.02", "0.999", "1e−7", "0.3000", "120.5", "100.0"],
  );
  for (const value of [0.5, -0.0871, 1.2e-7, 123456]) near(readNumber(show(value, 12)), value);
});

test("as many digits are shown as make the shown result come out", () => {
  const values = [1.00004999, -1.00001];
  const sum = (n) => n[0] + n[1];
  const shown = agreeing(values, sum, sum(values));
  assert.equal(show(sum(shown.map(readNumber))), show(sum(values)));
  assert.ok(shown[0].length > 6);
});

test("SGD, momentum and the first step of Adam and RMSprop are as worked by hand", () => {
  near(updateOne({ kind: "SGD", momentum: 0 }, 1, 0.5, {}, 0.1, 1).p, 0.95);
  const slow = updateOne({ kind: "SGD", momentum: 0.5 }, 1, 0.5, { velocity: -0.2 }, 0.1, 2);
  near(slow.velocity, -0.15);
  near(slow.p, 0.85);
  // m = 0.1 g, v = 0.001 g^2, corrected: the step is lr g / |g|, whatever g (but for epsilon)
  const adam = { kind: "Adam", beta_1: 0.9, beta_2: 0.999, epsilon: 0 };
  near(updateOne(adam, 1, 7, { m: 0, v: 0 }, 0.02, 1).p, 0.98, 1e-6);
  const rms = { kind: "RMSprop", rho: 0.75, epsilon: 0, momentum: 0 };
  near(updateOne(rms, 1, 3, { v: 0 }, 0.1, 1).p, 1 - (0.1 * 3) / Math.sqrt(0.25 * 9));
});

test("a whole vector is updated as its numbers are", () => {
  const adam = { kind: "Adam", beta_1: 0.9, beta_2: 0.999, epsilon: 1e-7 };
  const p = Float64Array.of(1, -2),
    g = Float64Array.of(0.5, -0.25);
  const all = update(adam, p, g, emptySlots(adam, 2), 0.01, 1);
  near(all.params[1], updateOne(adam, -2, -0.25, { m: 0, v: 0 }, 0.01, 1).p, 0);
  near(all.slots.m[0], 0.05);
});

const plan = { layers: [{ units: 2 }, { units: 1 }] };
const run = { lastState: 9, stateSteps: [...Array(11).keys()], about: { stepsPerEpoch: 4 } };

test("37 operations forward and 37 back lead to the same place, in every gear", () => {
  const operations = operationsOf(plan);
  for (const gear of ["batch", "phase", "operation"]) {
    const start = { k: 5, op: operations.findLastIndex((o) => o.phase === "backward") };
    let at = start;
    const steps = gear === "operation" ? 37 : 4;
    for (let n = 0; n < steps; n++) at = move(run, operations, at, gear, 1);
    assert.notDeepEqual(at, start);
    for (let n = 0; n < steps; n++) at = move(run, operations, at, gear, -1);
    assert.deepEqual(at, start);
  }
});

test("a step has its phases in order and ends where the run ends", () => {
  const operations = operationsOf(plan);
  const phases = [...new Set(operations.map((o) => o.phase))];
  assert.deepEqual(phases, ["forward", "loss", "backward", "update"]);
  const end = { k: 9, op: operations.length - 1 };
  for (const gear of ["batch", "phase", "operation"])
    assert.deepEqual(move(run, operations, end, gear, 1), end);
  assert.deepEqual(move(run, operations, { k: 0, op: 0 }, "operation", -1), { k: 0, op: 0 });
  assert.deepEqual(move(run, operations, { k: 1, op: 3 }, "epoch", 1), { k: 5, op: 3 });
});

test("the distance of tensors is a share of the largest number; NaN agrees with NaN alone", () => {
  near(distance([1, 10], [1, 10.5]), 0.5 / 10.5);
  assert.equal(distance([NaN, 1], [NaN, 1]), 0);
  assert.equal(distance([1, 1], [NaN, 1]), Infinity);
  assert.equal(distance([Infinity], [Infinity]), 0);
});
