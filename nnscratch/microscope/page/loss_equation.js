// The loss of the one row in the network, as an equation with numbers.

import { equation, math, mi, mn, mo, mrow, over, sumOver, symbol, term } from "./algebra.js";
import { clip } from "./engine.js";

export function lossEquation(app) {
  const { run } = app,
    last = run.plan.layers.length - 1;
  const { kind } = run.plan.loss;
  const p = app.probe.predictions,
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
  return Array.from(probe.predictions, (p) =>
    run.plan.loss.form === "clipped" ? clip(p, run.plan) : p,
  );
}

function bceLine(shown, t) {
  const one = (s, o) => (t[o] ? `−log(${s})` : `−log(1 − ${s})`);
  return shown.length === 1
    ? one(shown[0], 0)
    : `(${shown.map(one).join(" + ")}) / ${shown.length}`;
}
