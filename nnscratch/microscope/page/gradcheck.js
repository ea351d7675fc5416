// The gradient-check lens: nudge the selected weight by ε both ways and see whether the loss
// changes as backward says. Over ε the error is a V: too coarse on one side, rounding on the other.

import { forward } from "./engine.js";
import { show } from "./numbers.js";
import { weightTitle } from "./focus.js";

const EXPONENTS = Array.from({ length: 23 }, (_, n) => -1 - n / 2); // 10^-1 .. 10^-12
const LOSS_DIGITS = { float64: 12, float32: 8 };
const FORMATS = { float64: Float64Array, float32: Float32Array };

// (L(w + ε) - L(w - ε)) / 2ε over the batch, with every tensor stored as Float.
export function numericGradient(app, epsilon, Float) {
  const { run, view } = app,
    n = app.selectedIndex();
  const { x, y } = run.pick(run.rowsOf(view.k));
  const lossAt = (shift) => {
    const params = Float.from(run.params(view.k));
    params[n] += shift;
    return { w: params[n], loss: forward(run.plan, params, Float.from(x), y, { Float }).loss };
  };
  const up = lossAt(epsilon),
    down = lossAt(-epsilon);
  const slope = up.w === down.w ? NaN : (up.loss - down.loss) / (2 * epsilon);
  return { up: up.loss, down: down.loss, slope };
}

export function relativeError(numeric, analytic) {
  return Math.abs(numeric - analytic) / Math.max(Math.abs(analytic), 1e-12);
}

export function checkView(app) {
  const g = app.trace.gradient[app.selectedIndex()];
  const epsilon = 10 ** app.view.exponent;
  const columns = Object.entries(FORMATS).map(([name, Float]) => {
    const found = numericGradient(app, epsilon, Float);
    return { name, ...found, error: relativeError(found.slope, g) };
  });
  const rowOf = (title, pick) =>
    `<tr><th scope="row">${title}</th>${columns.map((c) => `<td>${pick(c)}</td>`).join("")}</tr>`;
  return `<h3>Is the gradient of ${weightTitle(app)} right? Ask the loss itself</h3>
    <p class="say" data-say="check">${checkSentence(app, columns, g, epsilon)}</p>
    <div class="columns"><div>
      <label class="slider">ε = <output id="epsilon">${show(epsilon, 2)}</output>
        <input type="range" id="epsilon-slider" min="-12" max="-1" step="0.5"
        value="${app.view.exponent}" aria-label="epsilon, as a power of ten"></label>
      <div class="scroll"><table class="figures-table"
      id="check"><thead><tr><td></td>${columns
        .map(
          (c) => `<th
      scope="col">${c.name}</th>`,
        )
        .join("")}</tr></thead><tbody>
      ${rowOf("L(w + ε)", (c) => show(c.up, LOSS_DIGITS[c.name]))}
      ${rowOf("L(w − ε)", (c) => show(c.down, LOSS_DIGITS[c.name]))}
      ${rowOf(
        "numeric: (L(w + ε) − L(w − ε)) / 2ε",
        (c) => `<output
          data-numeric="${c.name}">${show(c.slope, 8)}</output>`,
      )}
      ${rowOf("analytic: backward's gradient", () => show(g, 8))}
      ${rowOf(
        "relative error",
        (c) => `<output
          data-error="${c.name}">${show(c.error, 2)}</output>`,
      )}</tbody></table></div></div>
    <div>${curve(app, g, epsilon)}</div></div>`;
}

function checkSentence(app, [wide, narrow], g, epsilon) {
  if (g === 0)
    return "Backward says 0: nothing in this batch depends on this weight. Select another one to see the V.";
  if (isAtKink(app, epsilon))
    return `Between w − ε and w + ε a ReLU switches on or off for some row: at such a kink the
        slope to the left is not the slope to the right, and the comparison means little. Make ε
        smaller.`;
  const verdict =
    wide.error < 1e-4
      ? "they agree"
      : epsilon > 1e-3
        ? "ε is too coarse: the loss is not a straight line over 2ε"
        : "ε is so small that rounding takes over";
  const float32 =
    narrow.error > 1e-3
      ? `In float32 the same check is off by ${show(narrow.error, 2)}, though nothing is wrong
          with backward: a loss of ${show(app.trace.loss)} has only 7 digits there, and the
          difference of two such losses few or none.`
      : "Even float32 is good enough at this ε.";
  return `Backward says ${show(g, 6)}, nudging says ${show(wide.slope, 6)} in float64:
      ${verdict}. ${float32}`;
}

// Whether any ReLU of the batch is on at one side of the nudge and off at the other.
export function isAtKink(app, epsilon) {
  const { run, view } = app,
    n = app.selectedIndex();
  const { x, y } = run.pick(run.rowsOf(view.k));
  const signs = [-epsilon, epsilon].map((shift) => {
    const params = Float64Array.from(run.params(view.k));
    params[n] += shift;
    return forward(run.plan, params, x, y).layers;
  });
  return run.plan.layers.some(
    (layer, l) =>
      layer.activation.endsWith("relu") &&
      signs[0][l].z.some((z, at) => z > 0 !== signs[1][l].z[at] > 0),
  );
}

// ---- the V ----

const V_CURVE = { width: 420, height: 230, left: 46, right: 12, top: 12, bottom: 34 };

function curve(app, g, epsilon) {
  const { width, height, left, right, top, bottom } = V_CURVE;
  const x = (exponent) => left + ((exponent + 12) / 11) * (width - left - right);
  const y = (error) => {
    const level = Math.min(2, Math.max(-12, Math.log10(error || 1e-12)));
    return top + ((2 - level) / 14) * (height - top - bottom);
  };
  const lines = Object.entries(FORMATS).map(([name, Float]) => {
    const points = EXPONENTS.map((e) => [
      e,
      relativeError(numericGradient(app, 10 ** e, Float).slope, g),
    ])
      .filter(([, error]) => Number.isFinite(error))
      .map(([e, error]) => `${x(e).toFixed(1)},${y(error).toFixed(1)}`);
    return `<polyline class="curve ${name}" data-points="${points.length}"
        points="${points.join(" ")}"/>`;
  });
  const ticks = [-12, -9, -6, -3].map((e) =>
    `<text class="tick" x="${x(e)}" y="${height - 16}">1e${e}</text>`.replace("e-", "e−"),
  );
  const levels = [0, -4, -8, -12].map((e) =>
    `<text class="tick end" x="${left - 6}" y="${y(10 ** e) + 4}">1e${e}</text><line
        class="grid" x1="${left}" x2="${width - right}" y1="${y(10 ** e)}"
        y2="${y(10 ** e)}"/>`.replace("e-", "e−"),
  );
  const at = x(Math.log10(epsilon));
  return `<figure><svg viewBox="0 0 ${width} ${height}" role="img"
      aria-label="Relative error over epsilon, in float64 and in float32">
    ${levels.join("")}${ticks.join("")}<line class="cursor" x1="${at}" x2="${at}" y1="${top}"
        y2="${height - bottom}"/>${lines.join("")}
    <text class="tick" x="${(left + width - right) / 2}" y="${height - 2}">ε</text></svg>
    <figcaption>Relative error over ε: <span class="key float64">float64</span> <span
    class="key float32">float32 (dashed)</span></figcaption></figure>`;
}
