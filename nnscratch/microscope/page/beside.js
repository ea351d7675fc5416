// The parity lens: the same training by Keras, recorded beside this one, step by step.

import { show } from "./numbers.js";

const REASONS = [
  [
    "Sums in another order",
    "TensorFlow and NumPy's BLAS add up a matrix product in different orders, and each order rounds differently: about 1e-16 relative in float64, 1e-7 in float32.",
  ],
  [
    "exp and log",
    "The two libraries' exp and log differ in the last digits (up to 7 units in the last place).",
  ],
  [
    "What is not a reason",
    "Initial weights, row order, epsilon and bias correction are Keras's own here, bit for bit.",
  ],
];
const BESIDE_CHART = { width: 620, height: 170, left: 52, right: 10, top: 10, bottom: 30 };

export const hasKeras = (run) => Boolean(run.arrays["keras/loss"]);

// Of each step both have: how far loss, gradient and parameters are apart, the largest element.
function differences(run) {
  const N = run.length,
    steps = run.arrays["keras/loss"].length;
  run.besideKeras ??= Array.from({ length: steps }, (_, k) => {
    const gap = (ours, name) => {
      let most = 0;
      const theirs = run.arrays[`keras/${name}`];
      for (let n = 0; n < N; n++) most = Math.max(most, Math.abs(ours[n] - theirs[k * N + n]));
      return most;
    };
    return {
      loss: Math.abs(run.losses[k] - run.arrays["keras/loss"][k]),
      gradient: gap(run.trace(k).gradient, "gradient"),
      parameters: gap(run.params(k), "parameters"),
    };
  });
  return run.besideKeras;
}

export function besideView(app) {
  const run = app.run.parent ?? app.run,
    all = differences(run);
  const k = Math.min(app.view.k, all.length - 1),
    now = all[k];
  const N = run.length,
    n = app.selectedIndex();
  const kerasGradient = run.arrays["keras/gradient"][k * N + n],
    kerasWeight = run.arrays["keras/parameters"][k * N + n];
  const rows = [
    ["loss of the batch", run.losses[k], run.arrays["keras/loss"][k], now.loss],
    ["gradient of the selected weight", run.trace(k).gradient[n], kerasGradient, now.gradient],
    ["the selected weight, before the step", run.params(k)[n], kerasWeight, now.parameters],
  ];
  return `<h3>The same step in Keras</h3>
    <p class="say" data-say="keras">At step ${k + 1} Keras and nnscratch differ by
    ${show(now.loss, 2)} in the loss, by at most ${show(now.gradient, 2)} in any gradient and
        ${show(now.parameters, 2)} in any weight. The largest gap of any weight in the whole run
            is ${show(Math.max(...all.map((d) => d.parameters)), 2)}.</p>
    <div class="scroll"><table class="figures-table" id="keras"><thead><tr><td></td><th
    scope="col">nnscratch</th><th scope="col">Keras</th><th scope="col">largest gap of
    all</th></tr></thead><tbody>
    ${rows
      .map(
        ([name, ours, theirs, gap]) => `<tr><th
        scope="row">${name}</th><td>${show(ours, 10)}</td><td>${show(theirs, 10)}</td><td>${show(gap, 2)}</td></tr>`,
      )
      .join("")}</tbody></table></div>
    <div class="columns">${besideChart(all, k)}<dl
    class="reasons">${REASONS.map(([name, why]) => `<dt>${name}</dt><dd>${why}</dd>`).join("")}</dl></div>`;
}

function besideChart(all, k) {
  const { width, height, left, right, top, bottom } = BESIDE_CHART;
  const x = (n) => left + (n / Math.max(1, all.length - 1)) * (width - left - right);
  const y = (v) =>
    top + (-Math.log10(Math.min(Math.max(v, 1e-18), 1)) / 18) * (height - top - bottom);
  const line = (name, l) =>
    `<polyline class="sign layer-${l}"
        points="${all.map((d, n) => `${x(n).toFixed(1)},${y(d[name]).toFixed(1)}`).join(" ")}"/>`;
  const names = ["loss", "gradient", "parameters"];
  const levels = [0, -6, -12, -18].map((e) =>
    `<text class="tick end" x="${left - 6}" y="${y(10 ** e) + 4}">1e${e}</text>`.replace(
      "e-",
      "e−",
    ),
  );
  return `<figure><svg viewBox="0 0 ${width} ${height}" role="img"
      aria-label="Differences between Keras and nnscratch over the steps">
    ${levels.join("")}<line class="cursor" x1="${x(k)}" x2="${x(k)}" y1="${top}"
        y2="${height - bottom}"/>${names.map(line).join("")}</svg>
    <figcaption>Largest difference over the steps: ${names
      .map(
        (name, l) => `<span
    class="swatch layer-${l}"></span>${name}`,
      )
      .join(" ")}</figcaption></figure>`;
}
