// The step of one number, by the run's optimizer and by plain SGD, as equations with numbers.

import { equation, math, mi, mn, mo, mrow, over } from "./algebra.js";
import { adamStep } from "./optimizers.js";

// old: { p, g, m, v, velocity }, moved: what `updateOne` made of it
export function updateEquations(settings, old, moved, rate, t) {
  const p = (...parts) => math(mi("w"), mo("←"), mi("w"), ...parts);
  const one = (name, symbols, values, compute, result, write) =>
    equation(name, symbols, values, compute, result, write);
  if (settings.kind === "Adam") {
    const step = adamStep(settings, rate, t);
    const d1 = 1 - settings.beta_1,
      d2 = 1 - settings.beta_2;
    return [
      one(
        "m",
        math(
          mi("m"),
          mo("←"),
          mi("m"),
          mo("+"),
          mo("("),
          mi("g"),
          mo("−"),
          mi("m"),
          mo(")"),
          mo("("),
          mn(1),
          mo("−"),
          `<msub>${mi("β")}${mn(1)}</msub>`,
          mo(")"),
        ),
        [old.m, old.g, old.m, d1],
        (n) => n[0] + (n[1] - n[2]) * n[3],
        moved.m,
        (s) => `${s[0]} + (${s[1]} − ${s[2]}) · ${s[3]}`,
      ),
      one(
        "v",
        math(
          mi("v"),
          mo("←"),
          mi("v"),
          mo("+"),
          mo("("),
          `<msup>${mi("g")}${mn(2)}</msup>`,
          mo("−"),
          mi("v"),
          mo(")"),
          mo("("),
          mn(1),
          mo("−"),
          `<msub>${mi("β")}${mn(2)}</msub>`,
          mo(")"),
        ),
        [old.v, old.g, old.g, old.v, d2],
        (n) => n[0] + (n[1] * n[2] - n[3]) * n[4],
        moved.v,
        (s) => `${s[0]} + (${s[1]} · ${s[2]} − ${s[3]}) · ${s[4]}`,
      ),
      one(
        "w",
        p(
          mo("−"),
          over(
            mrow(mi("m"), mo("·"), mi("step")),
            mrow(`<msqrt>${mi("v")}</msqrt>`, mo("+"), `<mi class="epsilon">ε</mi>`),
          ),
        ),
        [old.p, moved.m, step, moved.v, settings.epsilon],
        (n) => n[0] - (n[1] * n[2]) / (Math.sqrt(n[3]) + n[4]),
        moved.p,
        (s) =>
          `${s[0]} − ${s[1]} · ${s[2]} / (sqrt(${s[3]}) + <span
              class="epsilon">${s[4]}</span>)`,
      ),
    ];
  }
  if (settings.kind === "RMSprop") {
    const slow = one(
      "v",
      math(
        mi("v"),
        mo("←"),
        mi("ρ"),
        mo("·"),
        mi("v"),
        mo("+"),
        mo("("),
        mn(1),
        mo("−"),
        mi("ρ"),
        mo(")"),
        `<msup>${mi("g")}${mn(2)}</msup>`,
      ),
      [old.v, settings.rho, old.g, old.g, 1 - settings.rho],
      (n) => n[0] * n[1] + n[2] * n[3] * n[4],
      moved.v,
      (s) => `${s[0]} · ${s[1]} + ${s[2]} · ${s[3]} · ${s[4]}`,
    );
    if (settings.momentum) return [slow];
    return [
      slow,
      one(
        "w",
        p(
          mo("−"),
          over(
            mrow(mi("lr"), mo("·"), mi("g")),
            `<msqrt>${mrow(mi("v"), mo("+"), mi("ε"))}</msqrt>`,
          ),
        ),
        [old.p, old.g, rate, moved.v, settings.epsilon],
        (n) => n[0] - (n[1] * n[2]) / Math.sqrt(n[3] + n[4]),
        moved.p,
        (s) =>
          `${s[0]} − ${s[1]} · ${s[2]} / sqrt(${s[3]} + <span class="epsilon">${s[4]}</span>)`,
      ),
    ];
  }
  if (!settings.momentum) return [sgdEquation(old, rate)];
  return [
    one(
      "velocity",
      math(mi("v"), mo("←"), mi("μ"), mo("·"), mi("v"), mo("−"), mi("lr"), mo("·"), mi("g")),
      [old.velocity, settings.momentum, rate, old.g],
      (n) => n[0] * n[1] - n[2] * n[3],
      moved.velocity,
      (s) => `${s[0]} · ${s[1]} − ${s[2]} · ${s[3]}`,
    ),
    one(
      "w",
      p(mo("+"), mi("v")),
      [old.p, moved.velocity],
      (n) => n[0] + n[1],
      moved.p,
      (s) => `${s[0]} + ${s[1]}`,
    ),
  ];
}

// w - lr g, also shown beside another optimizer
export function sgdEquation(old, rate) {
  return equation(
    "sgd",
    math(mi("w"), mo("←"), mi("w"), mo("−"), mi("lr"), mo("·"), mi("g")),
    [old.p, rate, old.g],
    (n) => n[0] - n[1] * n[2],
    old.p - rate * old.g,
    (s) => `${s[0]} − ${s[1]} · ${s[2]}`,
  );
}
