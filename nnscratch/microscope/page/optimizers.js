// The optimizers, as the twin engine takes a step: SGD with momentum, Adam, RMSprop.
//
//   settings  { kind, beta_1, beta_2, epsilon, momentum, rho } as recorded
//   slots     { m, v } or { velocity } or { v, velocity }: flat vectors like the parameters
//
// In a float32 run every vector is rounded after the step, as stored numbers are.

export function slotNames(settings) {
  if (settings.kind === "Adam") return ["m", "v"];
  if (settings.kind === "RMSprop") return settings.momentum ? ["v", "velocity"] : ["v"];
  return settings.momentum ? ["velocity"] : [];
}

export const isPlainSgd = (settings) => settings.kind === "SGD" && !settings.momentum;

export function emptySlots(settings, length, Float = Float64Array) {
  return Object.fromEntries(slotNames(settings).map((name) => [name, new Float(length)]));
}

// lr sqrt(1 - beta_2^t) / (1 - beta_1^t): the learning rate, corrected for means that begin at 0.
export function adamStep(settings, rate, t) {
  const power = (beta) => Math.fround(beta) ** t; // the betas pass through float32, as in Keras
  return (rate * Math.sqrt(1 - power(settings.beta_2))) / (1 - power(settings.beta_1));
}

// One number's step: { p, ...slots } after it, and what it moved by.
export function updateOne(settings, p, g, slots, rate, t) {
  if (settings.kind === "Adam") {
    const m = slots.m + (g - slots.m) * (1 - settings.beta_1);
    const v = slots.v + (g * g - slots.v) * (1 - settings.beta_2);
    const move = -(m * adamStep(settings, rate, t)) / (Math.sqrt(v) + settings.epsilon);
    return { p: p + move, move, m, v };
  }
  if (settings.kind === "RMSprop") {
    const v = slots.v * settings.rho + g * g * (1 - settings.rho);
    const step = (g * rate) / Math.sqrt(v + settings.epsilon);
    if (!settings.momentum) return { p: p - step, move: -step, v };
    const velocity = slots.velocity * settings.momentum + step;
    return { p: p - velocity, move: -velocity, v, velocity };
  }
  if (!settings.momentum) return { p: p - g * rate, move: -g * rate };
  const velocity = slots.velocity * Math.fround(settings.momentum) - g * rate;
  return { p: p + velocity, move: velocity, velocity };
}

// All numbers' step: { params, slots } after it, as new arrays. t counts from 1.
export function update(settings, params, gradient, slots, rate, t, Float = Float64Array) {
  const names = slotNames(settings);
  const after = new Float(params.length);
  const afterSlots = emptySlots(settings, params.length, Float);
  const own = {};
  for (let n = 0; n < params.length; n++) {
    for (const name of names) own[name] = slots[name][n];
    const moved = updateOne(settings, params[n], gradient[n], own, rate, t);
    after[n] = moved.p;
    for (const name of names) afterSlots[name][n] = moved[name];
  }
  return { params: after, slots: afterSlots };
}
