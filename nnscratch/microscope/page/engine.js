// The twin engine: forward, loss and backward of a stack of Dense layers, a second time and
// apart from nnscratch, so that the page can check what was recorded and go on from there.
//
//   plan    { layers: [{ inputs, units, activation, W, b }], loss: { kind, form, joined }, dtype }
//           W and b are offsets into the flat parameter vector; b is null without a bias
//   params  the flat vector, W row by row: W[i * units + o]
//   x       rows of the first layer's inputs, flat, row by row; y their targets
//   Float   Float64Array, or Float32Array: then every tensor is rounded as it is stored
//
// The loss is a mean over the batch. Dividing by B happens once, in `lossGradient`.

const LEAKY_SLOPE = Math.fround(0.2); // TensorFlow's slope is a float32 number, also here
const TINY = 1e-7; // Keras's epsilon: where a loss takes logarithms, p stays in [TINY, 1 - TINY]

export function sigmoid(z) {
  const e = Math.exp(-Math.abs(z)); // never of a positive number: nothing overflows
  return (z >= 0 ? 1 : e) / (1 + e);
}

export function softplus(z) {
  return (Number.isNaN(z) ? NaN : Math.max(z, 0)) + Math.log1p(Math.exp(-Math.abs(z)));
}

// f(z), and its slope written with y = f(z), as the backward pass uses it.
export const activations = {
  linear: { f: (z) => z, slope: () => 1 },
  relu: { f: (z) => (z > 0 ? z : Number.isNaN(z) ? NaN : 0), slope: (y) => (y > 0 ? 1 : 0) },
  leaky_relu: {
    f: (z) => (z > 0 ? z : z * LEAKY_SLOPE),
    slope: (y) => (y > 0 ? 1 : LEAKY_SLOPE),
  },
  sigmoid: { f: sigmoid, slope: (y) => y * (1 - y) },
  tanh: { f: Math.tanh, slope: (y) => 1 - y * y },
};

// ---- one layer ----

export function affine(layer, params, x, B, Float = Float64Array) {
  const { inputs: I, units: O, W, b } = layer;
  const z = new Float64Array(B * O); // rounded once, when a sum is complete
  for (let row = 0; row < B; row++) {
    for (let i = 0; i < I; i++) {
      const each = x[row * I + i]; // o goes fastest: so the weights are read as they lie
      for (let o = 0; o < O; o++) z[row * O + o] += each * params[W + i * O + o];
    }
    for (let o = 0; o < O && b !== null; o++) z[row * O + o] += params[b + o];
  }
  return Float === Float64Array ? z : Float.from(z);
}

export function activate(layer, z, B, Float = Float64Array) {
  if (layer.activation === "softmax") return softmax(z, B, layer.units, Float);
  const { f } = activations[layer.activation];
  const y = new Float(z.length);
  for (let n = 0; n < z.length; n++) y[n] = f(z[n]);
  return y;
}

export function softmax(z, B, C, Float = Float64Array) {
  const y = new Float(z.length);
  for (let row = 0; row < B; row++) {
    const logits = z.subarray(row * C, (row + 1) * C);
    const top = Math.max(...logits); // taking it off changes nothing and nothing overflows
    let total = 0;
    for (let c = 0; c < C; c++) total += Math.exp(logits[c] - top);
    for (let c = 0; c < C; c++) y[row * C + c] = Math.exp(logits[c] - top) / total;
  }
  return y;
}

export function activateBackward(layer, dy, y, B, Float = Float64Array) {
  const O = layer.units;
  const dz = new Float(dy.length);
  if (layer.activation === "softmax") {
    for (let row = 0; row < B; row++) {
      let dot = 0;
      for (let k = row * O; k < (row + 1) * O; k++) dot += dy[k] * y[k];
      for (let k = row * O; k < (row + 1) * O; k++) dz[k] = y[k] * (dy[k] - dot);
    }
    return dz;
  }
  const { slope } = activations[layer.activation];
  for (let n = 0; n < dy.length; n++) dz[n] = dy[n] * slope(y[n]);
  return dz;
}

// dW = x^T dz and db = the sum of dz's rows go into `gradient`; dx = dz W^T is returned.
export function affineBackward(layer, params, dz, x, B, gradient, Float = Float64Array) {
  const { inputs: I, units: O, W, b } = layer;
  const dW = new Float64Array(I * O);
  for (let row = 0; row < B; row++) {
    for (let i = 0; i < I; i++) {
      const each = x[row * I + i];
      for (let o = 0; o < O; o++) dW[i * O + o] += each * dz[row * O + o];
    }
  }
  gradient.set(dW, W);
  for (let o = 0; o < O && b !== null; o++) {
    let sum = 0;
    for (let row = 0; row < B; row++) sum += dz[row * O + o];
    gradient[b + o] = sum;
  }
  const dx = new Float(B * I);
  for (let row = 0; row < B; row++) {
    for (let i = 0; i < I; i++) {
      let sum = 0;
      for (let o = 0; o < O; o++) sum += dz[row * O + o] * params[W + i * O + o];
      dx[row * I + i] = sum;
    }
  }
  return dx;
}

// ---- the loss: one number a row, and its gradient ----

// A probability kept off 0 and 1. In float32 the upper bound rounds to 0.99999988.
export function clip(p, plan) {
  const round = plan.dtype === "float32" ? Math.fround : Number;
  return Math.min(Math.max(p, round(TINY)), round(1 - TINY));
}
const isInside = (p, plan) => p === clip(p, plan);

function logSoftmaxAt(logits, c) {
  const top = Math.max(...logits);
  let total = 0;
  for (const z of logits) total += Math.exp(z - top);
  return logits[c] - top - Math.log(total);
}

const sum = (values) => values.reduce((total, value) => total + value, 0);
const oneHot = (t, C) => Array.from({ length: C }, (_, c) => (c === t[0] ? 1 : 0));

// Each takes one row: out (O,) as the loss gets it (logits where the form is "logits"),
// t its targets (one class number for scce).
const losses = {
  mse: {
    value: (out, t) => sum(Array.from(out, (p, o) => (t[o] - p) ** 2)) / out.length,
    gradient: (out, t) => Array.from(out, (p, o) => (2 * (p - t[o])) / out.length),
  },
  mae: {
    value: (out, t) => sum(Array.from(out, (p, o) => Math.abs(t[o] - p))) / out.length,
    gradient: (out, t) => Array.from(out, (p, o) => Math.sign(p - t[o]) / out.length),
  },
  "bce logits": {
    value: (out, t) => sum(Array.from(out, (z, o) => softplus(z) - z * t[o])) / out.length,
    gradient: (out, t) => Array.from(out, (z, o) => (sigmoid(z) - t[o]) / out.length),
  },
  "bce clipped": {
    value: (out, t, plan) =>
      -sum(
        Array.from(out, (p, o) => {
          const c = clip(p, plan);
          return t[o] * Math.log(c) + (1 - t[o]) * Math.log(1 - c);
        }),
      ) / out.length,
    gradient: (out, t, plan) =>
      Array.from(out, (p, o) => {
        const c = clip(p, plan);
        return isInside(p, plan) ? ((1 - t[o]) / (1 - c) - t[o] / c) / out.length : 0;
      }),
  },
  "scce logits": {
    value: (out, t) => -logSoftmaxAt(out, t[0]),
    gradient: (out, t) => {
      const p = softmax(out, 1, out.length);
      return oneHot(t, out.length).map((one, c) => p[c] - one);
    },
  },
  "scce clipped": {
    value: (out, t, plan) => {
      const c = Array.from(out, (p) => clip(p, plan));
      return Math.log(sum(c)) - Math.log(c[t[0]]);
    },
    gradient: (out, t, plan) => {
      const c = Array.from(out, (p) => clip(p, plan));
      const total = sum(c);
      return c.map((ck, k) => (isInside(out[k], plan) ? 1 / total - (k === t[0]) / ck : 0));
    },
  },
  "cce logits": {
    value: (out, t) => -sum(Array.from(out, (_, c) => t[c] * logSoftmaxAt(out, c))),
    gradient: (out, t) => Array.from(softmax(out, 1, out.length), (p, c) => p - t[c]),
  },
  "cce clipped": {
    value: (out, t, plan) => {
      const total = sum(Array.from(out));
      return -sum(Array.from(out, (p, c) => t[c] * Math.log(clip(p / total, plan))));
    },
    gradient: (out, t, plan) => {
      const total = sum(Array.from(out));
      const q = Array.from(out, (p) => p / total);
      const dq = q.map((qc, c) => (isInside(qc, plan) ? -t[c] / clip(qc, plan) : 0));
      const dot = sum(dq.map((d, c) => d * q[c]));
      return dq.map((d) => (d - dot) / total);
    },
  },
};

function lossOf(plan) {
  const { kind, form } = plan.loss;
  return losses[form === "plain" ? kind : `${kind} ${form}`];
}

// The loss of each row (B,), before the mean.
export function lossValues(plan, out, y, B, Float = Float64Array) {
  const { value } = lossOf(plan);
  const O = out.length / B;
  const T = y.length / B;
  return Float.from({ length: B }, (_, row) =>
    value(out.subarray(row * O, (row + 1) * O), y.subarray(row * T, (row + 1) * T), plan),
  );
}

// dL/d(out): each row's own gradient, divided by B. Nothing else divides by B.
export function lossGradient(plan, out, y, B, divisor, Float = Float64Array) {
  const { gradient } = lossOf(plan);
  const O = out.length / B,
    T = y.length / B;
  const dOut = new Float(out.length);
  for (let row = 0; row < B; row++) {
    const own = gradient(
      out.subarray(row * O, (row + 1) * O),
      y.subarray(row * T, (row + 1) * T),
      plan,
    );
    for (let o = 0; o < O; o++) dOut[row * O + o] = own[o] / divisor;
  }
  return dOut;
}

// ---- forward, and everything ----

// What the network says as probabilities: of a loss that takes logits they are made here.
function probabilities({ loss, layers }, out, B, Float) {
  if (loss.form !== "logits" || loss.joined) return out;
  if (loss.kind === "bce") return Float.from(out, sigmoid);
  return softmax(out, B, layers.at(-1).units, Float);
}

// { layers: [{ x, z, y }], out, predictions, p (predictions as probabilities), losses (B,), loss }
export function forward(plan, params, x, y, { Float = Float64Array, divisor } = {}) {
  const B = x.length / plan.layers[0].inputs;
  const layers = [];
  let input = x;
  for (const layer of plan.layers) {
    const z = affine(layer, params, input, B, Float);
    const output = activate(layer, z, B, Float);
    layers.push({ x: input, z, y: output });
    input = output;
  }
  const last = layers[layers.length - 1];
  const out = plan.loss.joined ? last.z : last.y;
  const p = probabilities(plan, last.y, B, Float);
  const found = { B, divisor: divisor ?? B, layers, out, predictions: last.y, p };
  if (y) {
    found.losses = lossValues(plan, out, y, B, Float);
    found.loss = new Float([sum(found.losses) / found.divisor])[0];
  }
  return found;
}

// `forward`, and for each layer dy, dz, dx; and the flat gradient of all parameters.
export function trace(plan, params, x, y, { Float = Float64Array, divisor } = {}) {
  const found = forward(plan, params, x, y, { Float, divisor });
  const { B, layers } = found;
  found.gradient = new Float(params.length);
  let dy = lossGradient(plan, found.out, y, B, found.divisor, Float);
  for (let l = layers.length - 1; l >= 0; l--) {
    const isJoined = plan.loss.joined && l === layers.length - 1;
    layers[l].dy = isJoined ? null : dy; // the joined loss gives dz at once
    layers[l].dz = isJoined ? dy : activateBackward(plan.layers[l], dy, layers[l].y, B, Float);
    layers[l].dx = dy = affineBackward(
      plan.layers[l],
      params,
      layers[l].dz,
      layers[l].x,
      B,
      found.gradient,
      Float,
    );
  }
  return found;
}

export function predict(plan, params, x) {
  return forward(plan, params, x).p;
}
