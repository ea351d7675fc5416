// Views of a network that looks at images: the first layer's weights as images, one image from
// its logits to its loss, and the confusion matrix of the test images.

import { blend, signClass, theme } from "./colours.js";
import { count, escapeText, percent, show, signed } from "./numbers.js";
import { lossEquation } from "./loss_equation.js";

const MOST_IMAGES = 24; // shown of one cell of the confusion matrix
const MOST_UNITS = 40;

// A row's pixels as a picture for <img> and <image>; pixels 0..255 or any range.
export function pictureOf(run, row) {
  const [height, width] = run.about.image,
    I = run.inputs;
  const pixels = run.x.subarray(row * I, (row + 1) * I);
  let top = 1e-12;
  for (const value of pixels) top = Math.max(top, value);
  return draw(width, height, (n) => Array(3).fill((255 * pixels[n]) / top));
}

function draw(width, height, colourAt) {
  const canvas = document.createElement("canvas");
  canvas.width = width;
  canvas.height = height;
  const image = new ImageData(width, height);
  for (let n = 0; n < width * height; n++) image.data.set([...colourAt(n), 255], 4 * n);
  canvas.getContext("2d").putImageData(image, 0, 0);
  return canvas.toDataURL();
}

// ---- the first layer's weights ----

export function weightsView(app) {
  const { run } = app;
  const layer = run.plan.layers[0];
  const { y } = app.probe.layers[0];
  const strongest = y.indexOf(Math.max(...y));
  const units = Array.from({ length: Math.min(layer.units, MOST_UNITS) }, (_, o) =>
    weightHtml(app, o),
  );
  return `<h3>What each neuron of ${escapeText(layer.name)} looks for</h3>
    <p class="say" data-say="weights">Each pair is one neuron: its ${count(layer.inputs)}
    weights at the
      places of their pixels, and beside them what training has changed since the first step.
      Blue:
      a bright pixel speaks for it; orange: against. To the image above neuron ${strongest}
      answers
      most, with ${show(y[strongest])}.</p>
    <div class="weight-images">${units.join("")}</div>`;
}

function weightHtml(app, o) {
  const { run, view } = app;
  const { W, units } = run.plan.layers[0];
  const now = run.params(view.k);
  const first = run.params(0);
  const picked = view.selected.kind === "neuron" && view.selected.link === `n-0-${o}`;
  const images = [
    weightImage(run, (n) => now[W + n * units + o]),
    weightImage(run, (n) => now[W + n * units + o] - first[W + n * units + o]),
  ];
  return `<button class="weight-image ${picked ? "picked" : ""}" data-link="n-0-${o}">
    ${images.map((source) => `<img alt="" src="${source}">`).join("")}
    <span>[${o}] y = ${show(app.probe.layers[0].y[o], 3)}</span></button>`;
}

function weightImage(run, at) {
  const [height, width] = run.about.image;
  const colours = theme();
  let largest = 1e-12;
  for (let n = 0; n < run.inputs; n++) largest = Math.max(largest, Math.abs(at(n)));
  return draw(width, height, (n) => blend(colours, at(n) / largest));
}

// ---- one image: logits, softmax, loss ----

export function logitsView(app) {
  const { run } = app,
    last = run.plan.layers.length - 1,
    seen = app.probe.layers[last];
  const t = app.targets()[0],
    largest = Math.max(...seen.z.map(Math.abs), 1e-12);
  const best = seen.y.indexOf(Math.max(...seen.y));
  const lines = Array.from(
    seen.z,
    (z, c) => `<tr class="${c === t ? "probe" : ""}"><th scope="row">${app.classText(c)}</th>
    <td>${signed(z)}</td><td class="bar"><span class="track"><span class="${signClass(z)}"
    style="left:${z < 0 ? 50 - (50 * -z) / largest : 50}%;width:${(50 * Math.abs(z)) / largest}%"></span></span></td>
    <td>${show(seen.y[c])}</td><td class="bar"><span class="track"><span class="positive"
    style="left:0;width:${100 * seen.y[c]}%"></span></span></td>
    <td>${c === t ? 1 : 0}</td><td>${signed(seen.dz[c])}</td></tr>`,
  );
  return `<h3>From logits to the loss</h3>
    <p class="say" data-say="logits">The largest logit, ${show(seen.z[best])}, is that of
    ${app.classText(best)}; softmax makes it a probability of ${percent(seen.y[best])}. The
        image is labelled ${app.classText(t)}, which got ${percent(seen.y[t])}: so its loss is
        ${show(app.probe.losses[0])}.</p>
    <div class="columns"><div class="scroll"><table class="figures-table"
    id="logits"><thead><tr><th scope="col">class</th><th scope="col" colspan="2">logit z</th><th
    scope="col" colspan="2">p = softmax(z)</th><th scope="col">t</th><th scope="col">dz = (p −
    t) / B</th></tr></thead>
    <tbody>${lines.join("")}</tbody></table></div>
    <div>${lossEquation(app).html}<p class="note">÷ ${app.probe.divisor}: the loss is the mean
    over the batch. Every dz carries that 1 / B on its way back.</p></div></div>`;
}

// ---- the confusion matrix ----

export const hasTest = (run) => Boolean(run.arrays.test_y);

function confusion(run, k) {
  const C = run.plan.layers.at(-1).units,
    truth = run.arrays.test_y;
  const said = saidOf(run, k);
  const cells = Array.from({ length: C }, () => Array.from({ length: C }, () => []));
  truth.forEach((t, n) => cells[t][said[n]].push(n));
  return cells;
}

// The class that each test image is taken for: as recorded, or in what-if by the twin.
function saidOf(run, k) {
  const { test_y: truth, test_said: recorded } = run.arrays;
  if (!run.parent) return recorded.subarray(k * truth.length, (k + 1) * truth.length);
  const C = run.plan.layers.at(-1).units,
    p = run.answers(k);
  return Array.from(truth, (_, n) => {
    const own = p.subarray((run.firstTest + n) * C, (run.firstTest + n + 1) * C);
    return own.indexOf(Math.max(...own));
  });
}

export function confusionView(app) {
  const { run, view } = app,
    cells = confusion(run, view.k);
  const total = run.arrays.test_y.length;
  const right = cells.reduce((sum, line, c) => sum + line[c].length, 0);
  const [worst, pair] = worstPair(cells);
  view.cell ??= pair;
  const [truth, said] = view.cell;
  const head = cells
    .map((_, c) => `<th scope="col"><span>${app.classText(c)}</span></th>`)
    .join("");
  const lines = cells.map(
    (line, t) =>
      `<tr><th scope="row">${app.classText(t)}</th>${line.map((found, s) => cellHtml(app, found, line, t, s)).join("")}</tr>`,
  );
  const images = cells[truth][said].slice(0, MOST_IMAGES).map((n) => {
    const row = run.firstTest + n;
    return `<button class="test-image" data-row="${row}" title="test image ${n}"><img
        alt="test image ${n}" src="${pictureOf(run, row)}"></button>`;
  });
  return `<h3>Which is taken for which?</h3>
    <p class="say" data-say="confusion">Before step ${run.stateSteps[view.k] + 1} the network
    names ${percent(right / total)} of ${count(total)} test images rightly. Its most frequent
    mistake: ${app.classText(pair[0])} taken for ${app.classText(pair[1])}, ${worst} times.</p>
    <div class="columns confusion-columns"><div class="scroll"><table
    id="confusion"><thead><tr><td>is ↓ said
    →</td>${head}</tr></thead><tbody>${lines.join("")}</tbody></table></div>
    <div><h4>${app.classText(truth)}, said to be ${app.classText(said)}:
    ${cells[truth][said].length}</h4>
      <p class="note">Click an image to send it through the network above.</p><div
      class="test-images">${images.join("")}</div></div></div>`;
}

function worstPair(cells) {
  let worst = -1,
    pair = [0, 0];
  cells.forEach((line, t) =>
    line.forEach((found, s) => {
      if (t !== s && found.length > worst) [worst, pair] = [found.length, [t, s]];
    }),
  );
  return [worst, pair];
}

function cellHtml(app, found, line, t, s) {
  const all = line.reduce((sum, each) => sum + each.length, 0) || 1;
  const share = found.length / all;
  const hue = t === s ? "positive" : "negative";
  const depth = share ? Math.round(8 + 62 * share) : 0;
  const isPicked = app.view.cell[0] === t && app.view.cell[1] === s;
  const what = `${found.length} of ${app.classText(t)} said to be ${app.classText(s)}`;
  return `<td><button class="cell ${isPicked ? "picked" : ""}" data-cell="${t}-${s}"
      style="background: color-mix(in oklab, var(--${hue}) ${depth}%, var(--card))"
      aria-label="${what}">${found.length || ""}</button></td>`;
}
