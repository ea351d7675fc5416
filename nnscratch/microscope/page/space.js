// Three views of the plane of inputs: what the network says everywhere, what each hidden neuron
// says, and where the last hidden layer puts the points before the output separates them.

import { blend, css, theme } from "./colours.js";
import { forward } from "./engine.js";
import { escapeText, show } from "./numbers.js";
import { spaceSentence } from "./sentences.js";

const CELLS = 56; // along each side of a map
const MOST_MAPS = 8; // of one layer
const MARGIN = 0.12; // around the points, as a share of their spread

// Two inputs, and one output that tells two classes apart.
export function isPlane(run) {
  if (run.inputs !== 2 || run.plan.layers.at(-1).units !== 1) return false;
  return run.y.subarray(0, run.rowCount).every((label) => label === 0 || label === 1);
}

// The square that all points lie in: { low, high } of both axes.
export function frame(run) {
  run.frame ??= (() => {
    let low = Infinity,
      high = -Infinity;
    for (const value of run.x) [low, high] = [Math.min(low, value), Math.max(high, value)];
    const margin = (high - low) * MARGIN;
    return { low: low - margin, high: high + margin };
  })();
  return run.frame;
}

// The network on a grid over the plane, as `forward` returns it.
export function overPlane(run, params, cells = CELLS) {
  const { low, high } = frame(run);
  const x = new Float64Array(cells * cells * 2);
  for (let n = 0; n < cells * cells; n++) {
    x[2 * n] = low + (((n % cells) + 0.5) / cells) * (high - low);
    x[2 * n + 1] = high - ((Math.floor(n / cells) + 0.5) / cells) * (high - low);
  }
  return forward(run.plan, params, x);
}

export function spaceView(app) {
  const { run } = app;
  const hidden = run.plan.layers.slice(0, -1).map((layer, l) => mapsHtml(layer, l));
  const maps = `<figure>${hidden.join("")}<figcaption>Each hidden neuron's own map: where it
      gives
    something (blue). Click one to select it.</figcaption></figure>`;
  return `<h3>The plane, as the network sees it</h3>
    <p class="say" data-say="space">${spaceSentence(app)}</p>
    <div class="spaces"><figure>
      <canvas id="boundary" width="560" height="560" tabindex="0" role="img"
      aria-label="Decision
        boundary. Click a point to look at it; by keyboard, choose rows in the gradient
        ledger."></canvas>
      <figcaption>What the output says. Dots: <span class="mark">▲</span> ${app.classText(1)},
        <span class="mark">○</span> ${app.classText(0)}; the large ones are the rows
        of this batch, the ringed one is the row in the network above. Click another.</figcaption></figure>
    ${hidden.length ? maps : ""}${isWarpable(run) ? warpedHtml(app) : ""}</div>`;
}

function mapsHtml(layer, l) {
  const maps = Array.from(
    { length: Math.min(layer.units, MOST_MAPS) },
    (_, o) => `<button class="map" data-link="n-${l}-${o}">
      <canvas data-map="${l}-${o}" width="${CELLS}" height="${CELLS}"></canvas>
      <span>y${l + 1}[${o}]</span></button>`,
  );
  return `<div class="maps"><h5>${escapeText(layer.name)}</h5>${maps.join("")}</div>`;
}

// A plane of two neurons needs two.
const isWarpable = (run) => run.plan.layers.at(-2)?.units >= 2;

function warpedHtml(app) {
  const { a, b, wa, wb, rest, others } = warpLine(app);
  const left = others
    ? `; the other ${others} neurons stand as they are for the ringed row, in the last number`
    : "";
  return `<figure><canvas id="warped" width="480" height="480" role="img"
      aria-label="The points in the space of the last hidden layer"></canvas>
    <figcaption>The points where ${escapeText(app.run.plan.layers.at(-2).name)} puts them:
    neuron ${a}
      to the right, neuron ${b} upwards. The line is where the output is undecided,
      ${show(wa, 3)} · y[${a}] + ${show(wb, 3)} · y[${b}] + ${show(rest, 3)}
          = 0${left}.</figcaption></figure>`;
}

// The output's boundary among the two drawn neurons: wa y[a] + wb y[b] + rest = 0.
function warpLine(app) {
  const { run, view, probe } = app;
  const { W, b: bias, inputs, units } = run.plan.layers.at(-1);
  const params = run.params(view.k);
  const [a, b] = app.warpAxes();
  const { x } = probe.layers.at(-1);
  let rest = bias === null ? 0 : params[bias];
  for (let i = 0; i < inputs; i++) if (i !== a && i !== b) rest += params[W + i * units] * x[i];
  return {
    a,
    b,
    wa: params[W + a * units],
    wb: params[W + b * units],
    rest,
    others: inputs - 2,
  };
}

export function drawSpace(app, root) {
  const colours = theme();
  const plane = overPlane(app.run, app.run.params(app.view.k));
  drawBoundary(app, root.querySelector("#boundary"), plane, colours);
  for (const canvas of root.querySelectorAll("[data-map]")) {
    const [l, o] = canvas.dataset.map.split("-").map(Number);
    drawMap(canvas, plane.layers[l].y, o, app.run.plan.layers[l].units, colours);
  }
  const warped = root.querySelector("#warped");
  if (warped) drawWarped(app, warped, colours);
}

// values of unit o on the grid, blue where it gives much
function drawMap(canvas, values, o, units, colours) {
  let largest = 1e-12;
  for (let n = o; n < values.length; n += units)
    largest = Math.max(largest, Math.abs(values[n]));
  paint(canvas, CELLS, (n) => values[n * units + o] / largest, colours);
}

function paint(canvas, cells, valueAt, colours) {
  const context = canvas.getContext("2d");
  const image = new ImageData(cells, cells);
  for (let n = 0; n < cells * cells; n++) {
    const [r, g, b] = blend(colours, valueAt(n));
    image.data.set([r, g, b, 255], 4 * n);
  }
  context.putImageData(image, 0, 0);
}

function drawBoundary(app, canvas, plane, colours) {
  const grid = document.createElement("canvas");
  grid.width = grid.height = CELLS;
  paint(grid, CELLS, (n) => 2 * plane.p[n] - 1, colours);
  const context = canvas.getContext("2d"),
    size = canvas.width;
  context.imageSmoothingEnabled = true;
  context.drawImage(grid, 0, 0, size, size);
  const at = placeOn(canvas, app.run);
  const rows = new Set(app.run.rowsOf(app.view.k));
  for (let row = 0; row < app.run.rowCount; row++) {
    const [x, y] = at(row);
    drawMark(context, x, y, app.isPositive(row), rows.has(row), colours);
  }
  drawRing(context, at(app.view.row), colours);
}

export function placeOn(canvas, run) {
  const { low, high } = frame(run),
    scale = canvas.width / (high - low);
  return (row) => [(run.x[2 * row] - low) * scale, (high - run.x[2 * row + 1]) * scale];
}

// A triangle or a ring: the two classes differ by shape too. Rows of the batch are larger.
function drawMark(context, x, y, isPositive, isInBatch, colours) {
  const r = isInBatch ? 7 : 3.2;
  context.fillStyle = css(
    isPositive ? colours.positive : colours.negative,
    isInBatch ? 1 : 0.55,
  );
  context.strokeStyle = isInBatch ? css(colours.ink) : context.fillStyle;
  context.lineWidth = isInBatch ? 1.5 : 1;
  context.beginPath();
  if (isPositive) {
    context.moveTo(x, y - r);
    context.lineTo(x + r, y + r * 0.8);
    context.lineTo(x - r, y + r * 0.8);
    context.closePath();
    context.fill();
  } else {
    context.arc(x, y, r * 0.85, 0, 7);
    if (isInBatch) context.fill();
  }
  context.stroke();
}

function drawWarped(app, canvas, colours) {
  const { run, view } = app;
  const { a, b, wa, wb, rest } = warpLine(app);
  const { activation, units } = run.plan.layers.at(-2);
  const y = forward(run.plan, run.params(view.k), run.x).layers.at(-2).y;
  const of = (row) => [y[row * units + a], y[row * units + b]];
  let far = 1e-9;
  for (let row = 0; row < run.rowCount; row++) far = Math.max(far, ...of(row).map(Math.abs));
  const low = activation === "relu" || activation === "sigmoid" ? -0.08 * far : -1.06 * far;
  const size = canvas.width;
  const scale = size / (1.06 * far - low);
  const context = canvas.getContext("2d");
  const place = ([u, v]) => [(u - low) * scale, size - (v - low) * scale];
  const line = (from, to, colour, width) => {
    context.strokeStyle = css(colour);
    context.lineWidth = width;
    context.beginPath();
    context.moveTo(...place(from));
    context.lineTo(...place(to));
    context.stroke();
  };
  context.fillStyle = css(colours.card);
  context.fillRect(0, 0, size, size);
  line([0, low], [0, 2 * far], colours.line, 2);
  line([low, 0], [2 * far, 0], colours.line, 2);
  const onLine = (u) => [u, -(wa * u + rest) / wb];
  if (wb !== 0) line(onLine(-2 * far), onLine(2 * far), colours.ink, 2.5);
  const rows = new Set(run.rowsOf(view.k));
  for (let row = 0; row < run.rowCount; row++)
    drawMark(context, ...place(of(row)), app.isPositive(row), rows.has(row), colours);
  drawRing(context, place(of(view.row)), colours);
}

function drawRing(context, [x, y], colours) {
  context.strokeStyle = css(colours.pick);
  context.lineWidth = 4;
  context.beginPath();
  context.arc(x, y, 14, 0, 2 * Math.PI);
  context.stroke();
}
