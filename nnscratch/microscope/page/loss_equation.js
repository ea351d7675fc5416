// The loss of the one row in the network, and its slope, as equations with numbers.

import { equation, math, mi, mn, mo, mrow, over, sumOver, symbol, term } from "./algebra.js";
import { clip } from "./engine.js";

export function lossEquation(app) {
  const { run } = app,
    last = run.plan.layers.length - 1;
  const { kind } = run.plan.loss;
  const { p } = app.probe,
    t = app.targets();
  const value = app.probe.losses[0],
    left = `${mi("l")}${mo("=")}`;
  const product = (n) => n.reduce((sum, each) => sum + each, 0);
  if (kind === "mse" || kind === "mae") {
    const gap = (n, o) => n[2 * o] - n[2 * o + 1];
    const part = kind === "mse" ? (g) => g * g : Math.abs;
    const text = kind === "mse" ? (g) => `(${g}) · (${g})` : (g) => `abs(${g})`;
    const values = Array.from(p, (each, o) => [each, t[o]]).flat();
    return equation(
      "loss",
      math(
        left,
        over(mn(1), mi("O")),
        sumOver(
          "o",
          kind === "mse"
            ? `<msup>${mrow(mo("("), mi("p"), mo("−"), mi("t"), mo(")"))}${mn(2)}</msup>`
            : mrow(mo("|"), mi("p"), mo("−"), mi("t"), mo("|")),
        ),
      ),
      values,
      (n) => product(Array.from(p, (_, o) => part(gap(n, o)))) / p.length,
      value,
      (s) =>
        `(${Array.from(p, (_, o) => text(`${s[2 * o]} − ${s[2 * o + 1]}`)).join(" + ")}) /
            ${p.length}`,
    );
  }
  if (kind === "bce") {
    return equation(
      "loss",
      math(
        left,
        mo("−"),
        mi("t"),
        mi("log"),
        mi("p"),
        mo("−"),
        mo("("),
        mn(1),
        mo("−"),
        mi("t"),
        mo(")"),
        mi("log"),
        mo("("),
        mn(1),
        mo("−"),
        mi("p"),
        mo(")"),
      ),
      bceValues(run, app.probe, t),
      (n) => product(n.map((each, o) => -Math.log(t[o] ? each : 1 - each))) / p.length,
      value,
      (s) => bceLine(s, t),
    );
  }
  if (kind === "scce") {
    const c = t[0],
      total = run.plan.loss.form === "logits" ? 1 : product(Array.from(p));
    return equation(
      "loss",
      math(left, mo("−"), mi("log"), symbol("p", last, c)),
      [p[c] / total],
      ([n]) => -Math.log(n),
      value,
      ([s]) => `−log(${term(`n-${last}-${c}`, s)})`,
    );
  }
  const total = product(Array.from(p));
  return equation(
    "loss",
    math(left, mo("−"), sumOver("c", mi("t") + mi("log") + mi("p"))),
    Array.from(p, (each, c) => [t[c], each / total]).flat(),
    (n) =>
      -product(Array.from(p, (_, c) => (n[2 * c] ? n[2 * c] * Math.log(n[2 * c + 1]) : 0))),
    value,
    (s) =>
      `−(${Array.from(p, (_, c) => c)
        .filter((c) => t[c])
        .map((c) => `${s[2 * c]} · log(${s[2 * c + 1]})`)
        .join(" + ")})`,
  );
}

// Behind a sigmoid p comes from the logits; elsewhere the loss clips it into 1e-7..1-1e-7.
function bceValues(run, probe, t) {
  return Array.from(probe.p, (p) => (run.plan.loss.form === "clipped" ? clip(p, run.plan) : p));
}

function bceLine(shown, t) {
  const one = (s, o) => (t[o] ? `−log(${s})` : `−log(1 − ${s})`);
  return shown.length === 1
    ? one(shown[0], 0)
    : `(${shown.map(one).join(" + ")}) / ${shown.length}`;
}

// ---- its slope: dy[o] of the last layer, where no joined loss gives dz at once ----

// Each kind: symbols of one output's slope before B is divided by, the numbers in it, what they
// come to, and the line.
const SLOPES_OF_LOSS = {
  mse: (p, t) => ({
    symbols: mn(2) + bracket(mi("p"), mo("−"), mi("t")),
    values: [p, t],
    compute: ([p, t]) => 2 * (p - t),
    write: ([p, t]) => `2 · (${p} − ${t})`,
  }),
  mae: (p, t) => ({
    symbols: mi("sign") + bracket(mi("p"), mo("−"), mi("t")),
    values: [Math.sign(p - t)],
    compute: ([sign]) => sign,
    write: ([sign]) => sign,
  }),
  bce: (p, t) => ({
    symbols:
      over(mrow(mn(1), mo("−"), mi("t")), mrow(mn(1), mo("−"), mi("p"))) +
      mo("−") +
      over(mi("t"), mi("p")),
    values: [t, p],
    compute: ([t, p]) => (1 - t) / (1 - p) - t / p,
    write: ([t, p]) => `((1 − ${t}) / (1 − ${p}) − ${t} / ${p})`,
  }),
  logits: (p, t) => ({
    symbols: bracket(mi("p"), mo("−"), mi("t")),
    values: [p, t],
    compute: ([p, t]) => p - t,
    write: ([p, t]) => `(${p} − ${t})`,
  }),
};

const bracket = (...parts) => mrow(mo("("), ...parts, mo(")"));

// null where the loss is none of these, or clips p: then there is no simple line.
export function lossSlopeEquation(app, o) {
  const { loss, layers } = app.run.plan,
    last = layers.length - 1,
    { units } = layers[last],
    isLogits = loss.form === "logits";
  const p = app.probe.p[o],
    one = isLogits ? SLOPES_OF_LOSS.logits : SLOPES_OF_LOSS[loss.kind];
  if (!one || (loss.form === "clipped" && p !== clip(p, app.run.plan))) return null;
  const all = app.targets(),
    t = loss.kind === "scce" ? Number(all[0] === o) : all[o];
  const { symbols, values, compute, write } = one(p, t);
  const shares = loss.kind.endsWith("cce") ? 1 : units,
    B = app.probe.divisor;
  return equation(
    "dy",
    math(
      symbol("dy", last, o),
      mo("="),
      symbols,
      mo("/"),
      shares > 1 ? bracket(mi("O"), mo("·"), mi("B")) : mi("B"),
    ),
    values,
    (n) => compute(n) / shares / B,
    app.probe.layers[last].dy[o],
    (s) =>
      `${write(s)} / ${shares > 1 ? `${shares} / ` : ""}<span class="batch-size">${B}</span>`,
  );
}
