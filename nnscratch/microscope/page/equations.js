// Forward and backward of one neuron or weight, for the one row in the network: in symbols, with
// the present numbers, and the result.

import {
  equation,
  input,
  math,
  mi,
  mo,
  mrow,
  over,
  sumOfProducts,
  sumOver,
  symbol,
  term,
} from "./algebra.js";

// ---- forward ----

// z[o] = sum_i x[i] W[i,o] + b[o]
export function affineEquation(app, l, o) {
  const layer = app.run.plan.layers[l],
    params = app.run.params(app.view.k);
  const { x, z } = app.probe.layers[l];
  const sum = sumOfProducts(
    Array.from(x, (a, i) => ({
      a,
      b: params[layer.W + i * layer.units + o],
      link: `w-${l}-${i}-${o}`,
    })),
  );
  const hasBias = layer.b !== null;
  const symbols = math(
    symbol("z", l, o),
    mo("="),
    sumOver("i", input(l, "i") + mo("·") + symbol("W", l, "i", o)),
    hasBias ? mo("+") + symbol("b", l, o) : "",
  );
  const bias = hasBias ? [params[layer.b + o]] : [];
  return equation(
    "z",
    symbols,
    [...sum.values, ...bias],
    (n) => sum.compute(n) + (hasBias ? n[sum.length] : 0),
    z[o],
    (s) => sum.write(s) + (hasBias ? ` + ${term(`w-${l}-b-${o}`, s[sum.length])}` : ""),
  );
}

const FORWARD = {
  linear: ["z", (z) => z, (s) => s],
  relu: ["relu", (z) => Math.max(z, 0), (s) => `max(${s}, 0)`],
  sigmoid: ["sigmoid", (z) => 1 / (1 + Math.exp(-z)), (s) => `1 / (1 + exp(− ${s}))`],
  tanh: ["tanh", Math.tanh, (s) => `tanh(${s})`],
  leaky_relu: ["leaky_relu", (z) => Math.max(z, 0.2 * z), (s) => `max(${s}, 0.2 · ${s})`],
};

// y[o] = f(z[o])
export function activationEquation(app, l, o) {
  const layer = app.run.plan.layers[l],
    { z, y } = app.probe.layers[l];
  if (layer.activation === "softmax") {
    const total = (n) => n.reduce((sum, each) => sum + Math.exp(each), 0);
    return equation(
      "y",
      math(
        symbol("y", l, o),
        mo("="),
        over(mrow(mi("exp"), symbol("z", l, o)), sumOver("k", mi("exp") + symbol("z", l, "k"))),
      ),
      Array.from(z),
      (n) => Math.exp(n[o]) / total(n),
      y[o],
      (s) =>
        `exp(${s[o]}) / (${s.map((each, k) => term(`n-${l}-${k}`, `exp(${each})`)).join(" + ")})`,
    );
  }
  const [name, compute, write] = FORWARD[layer.activation];
  return equation(
    "y",
    math(symbol("y", l, o), mo("="), mi(name), mo("("), symbol("z", l, o), mo(")")),
    [z[o]],
    ([n]) => compute(n),
    y[o],
    ([s]) => write(s),
  );
}

// ---- backward ----

const SLOPES = {
  linear: [() => [1], (n) => n[0], (s) => s[0]],
  relu: [(y) => [y > 0 ? 1 : 0], (n) => n[0], (s) => s[0]],
  leaky_relu: [(y) => [y > 0 ? 1 : Math.fround(0.2)], (n) => n[0], (s) => s[0]],
  sigmoid: [(y) => [y, y], (n) => n[0] * (1 - n[1]), (s) => `(${s[0]} · (1 − ${s[1]}))`],
  tanh: [(y) => [y, y], (n) => 1 - n[0] * n[1], (s) => `(1 − ${s[0]} · ${s[1]})`],
};

// dz[o]: at the output from the loss, in the middle from the layer above.
export function deltaEquation(app, l, o) {
  const { run } = app,
    layer = run.plan.layers[l];
  const seen = app.probe.layers[l],
    isLast = l === run.plan.layers.length - 1;
  if (isLast && run.plan.loss.joined) return joinedDelta(app, l, o);
  if (layer.activation === "softmax") return softmaxDelta(l, o, seen);
  const [slopeOf, slope, writeSlope] = SLOPES[layer.activation];
  const slopes = slopeOf(seen.y[o]);
  const prime = mrow(
    `<msup>${mi(layer.activation)}${mo("′")}</msup>`,
    mo("("),
    symbol("z", l, o),
    mo(")"),
  );
  if (isLast) {
    return equation(
      "dz",
      math(symbol("dz", l, o), mo("="), symbol("dy", l, o), prime),
      [seen.dy[o], ...slopes],
      (n) => n[0] * slope(n.slice(1)),
      seen.dz[o],
      (s) => `${s[0]} · ${writeSlope(s.slice(1))}`,
    );
  }
  const next = run.plan.layers[l + 1],
    params = run.params(app.view.k);
  const sum = sumOfProducts(
    Array.from(app.probe.layers[l + 1].dz, (b, k) => ({
      a: params[next.W + o * next.units + k],
      b,
      link: `w-${l + 1}-${o}-${k}`,
    })),
  );
  return equation(
    "dz",
    math(
      symbol("dz", l, o),
      mo("="),
      mo("("),
      sumOver("k", symbol("W", l + 1, o, "k") + mo("·") + symbol("dz", l + 1, "k")),
      mo(")"),
      mo("·"),
      prime,
    ),
    [...sum.values, ...slopes],
    (n) => sum.compute(n) * slope(n.slice(sum.length)),
    seen.dz[o],
    (s) => `(${sum.write(s)}) · ${writeSlope(s.slice(sum.length))}`,
  );
}

// (p - t) / B: the loss and the last activation together. The only place that divides by B.
function joinedDelta(app, l, o) {
  const { run } = app,
    outputs = run.plan.layers[l].units;
  const p = app.probe.predictions[o],
    all = app.targets();
  const t = run.plan.loss.kind === "scce" ? Number(all[0] === o) : all[o];
  const B = app.probe.divisor,
    shares = run.plan.loss.kind === "bce" && outputs > 1 ? outputs : 1;
  const below = shares > 1 ? mrow(mi("O"), mo("·"), mi("B")) : mi("B");
  return equation(
    "dz",
    math(symbol("dz", l, o), mo("="), over(mrow(mi("p"), mo("−"), mi("t")), below)),
    [p, t],
    (n) => (n[0] - n[1]) / shares / B,
    app.probe.layers[l].dz[o],
    (s) =>
      `(${term(`n-${l}-${o}`, s[0])} − ${s[1]}) / ${shares > 1 ? `${shares} / ` : ""}<span
          class="batch-size">${B}</span>`,
  );
}

function softmaxDelta(l, o, seen) {
  const dot = seen.dy.reduce((sum, d, k) => sum + d * seen.y[k], 0);
  return equation(
    "dz",
    math(
      symbol("dz", l, o),
      mo("="),
      symbol("y", l, o),
      mo("("),
      symbol("dy", l, o),
      mo("−"),
      sumOver("k", symbol("dy", l, "k") + symbol("y", l, "k")),
      mo(")"),
    ),
    [seen.y[o], seen.dy[o], dot],
    (n) => n[0] * (n[1] - n[2]),
    seen.dz[o],
    (s) => `${s[0]} · (${s[1]} − ${s[2]})`,
  );
}

// ---- one weight ----

// W[i,o] y[i]: one of the terms of z[o]
export function contributionEquation(app, l, i, o) {
  const layer = app.run.plan.layers[l];
  const w = app.run.params(app.view.k)[layer.W + i * layer.units + o],
    x = app.probe.layers[l].x[i];
  return equation(
    "contribution",
    math(input(l, i), mo("·"), symbol("W", l, i, o)),
    [x, w],
    (n) => n[0] * n[1],
    x * w,
    (s) => `${s[0]} · ${s[1]}`,
  );
}

// x[i] dz[o]: what this one row adds to dW[i,o]
export function shareEquation(app, l, i, o) {
  const { x, dz } = app.probe.layers[l];
  if (i === null) {
    return equation(
      "share",
      math(symbol("db", l, o), mo("←"), symbol("dz", l, o)),
      [dz[o]],
      (n) => n[0],
      dz[o],
      (s) => s[0],
    );
  }
  return equation(
    "share",
    math(symbol("dW", l, i, o), mo("←"), input(l, i), mo("·"), symbol("dz", l, o)),
    [x[i], dz[o]],
    (n) => n[0] * n[1],
    x[i] * dz[o],
    (s) => `${s[0]} · ${s[1]}`,
  );
}

// W[i,o] <- W[i,o] + its step; of a bias likewise
export function moveEquation(app, l, i, o) {
  const layer = app.run.plan.layers[l],
    n = i === null ? layer.b + o : layer.W + i * layer.units + o;
  const w = app.run.params(app.view.k)[n],
    step = app.moves()[n];
  const name = i === null ? symbol("b", l, o) : symbol("W", l, i, o);
  return equation(
    "move",
    math(name, mo("←"), name, mo("+"), mi("step")),
    [w, step],
    (n) => n[0] + n[1],
    w + step,
    (s) => `${s[0]} + ${s[1]}`,
  );
}
