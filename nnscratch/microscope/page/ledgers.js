// Two ledgers of the selected weight: where its gradient comes from, row by row of the batch,
// and what the optimizer makes of that gradient.

import { signClass } from "./colours.js";
import { sgdEquation, updateEquations } from "./update_equations.js";
import { escapeText, show, signed } from "./numbers.js";
import { isPlainSgd, updateOne } from "./optimizers.js";
import { ledgerSentence, updateSentence } from "./sentences.js";
import { weightTitle } from "./focus.js";

// Each row's own part of the gradient, largest first. delta is dz times B: the row's own slope,
// before the mean over the batch.
export function ledgerRows(app) {
  const { layer: l, i, o } = app.weight();
  const { inputs: I, units: O } = app.run.plan.layers[l];
  const { layers, B } = app.trace;
  const rows = app.run.rowsOf(app.view.k).map((row, n) => {
    const x = i === null ? 1 : layers[l].x[n * I + i];
    const delta = layers[l].dz[n * O + o] * B;
    return { row, x, delta, contribution: x * delta };
  });
  return rows.sort(
    (a, b) => Math.abs(b.contribution) - Math.abs(a.contribution) || a.row - b.row,
  );
}

export function ledgerView(app) {
  const rows = ledgerRows(app),
    g = app.trace.gradient[app.selectedIndex()];
  const { layer: l, i, o } = app.weight();
  const total = rows.reduce((sum, { contribution }) => sum + contribution, 0);
  const largest = Math.max(...rows.map(({ contribution }) => Math.abs(contribution)), 1e-300);
  const factor = i === null ? "1" : l === 0 ? `x[${i}]` : `y${l}[${i}]`;
  const lines = rows.map(
    (each) => `<tr class="${each.row === app.view.row ? "probe" : ""}" data-row="${each.row}"
        tabindex="0">
    <th scope="row">${app.run.numberOf(each.row)}</th><td>${escapeText(app.targetText(each.row))}</td>
    <td>${show(each.x)}</td><td>${signed(each.delta)}</td>
    <td class="bar">${barHtml(each.contribution / largest)}</td><td
    class="contribution">${signed(each.contribution)}</td></tr>`,
  );
  return `<h3>Where the gradient of ${weightTitle(app)} comes from</h3>
    <p class="say" data-say="ledger">${ledgerSentence(app, rows, g)}</p>
    <div class="columns ledger-columns"><div class="ledger-sum"><div><span>sum of ${rows.length}
    rows</span><output id="ledger-total">${signed(total)}</output></div>
      <div><span>÷ B, the rows of the batch: the loss is their mean</span><output
      id="ledger-divisor">${app.trace.B}</output></div>
      <div class="is-result"><span>= the gradient
      ${i === null ? `db${l + 1}[${o}]` : `dW${l + 1}[${i},${o}]`}</span><output
          id="ledger-gradient">${signed(g)}</output></div>
      <p class="note">dz · B is a row's own slope, before the mean is taken: what this row alone
      would ask for. Blue bars ask for a smaller weight, orange ones for a larger.</p></div>
    <div class="scroll"><table class="figures-table" id="ledger"><caption>Rows of this batch,
    the largest contribution first. A click makes a row the one that is shown.</caption>
    <thead><tr><th scope="col">row</th><th scope="col">label</th><th scope="col">${factor}</th>
      <th scope="col">dz${l + 1}[${o}] · B</th><th scope="col"
      colspan="2">contribution</th></tr></thead>
    <tbody>${lines.join("")}</tbody></table></div></div>`;
}

function barHtml(share) {
  const width = (Math.abs(share) * 50).toFixed(1),
    left = share < 0 ? 50 - width : 50;
  return `<span class="track"><span class="${signClass(share)}"
      style="left:${left}%;width:${width}%"></span></span>`;
}

// ---- update ----

export function updateView(app) {
  const { run, view } = app,
    n = app.selectedIndex();
  const rate = run.rate(view.k),
    t = run.stepNumber(view.k),
    slots = run.slots(view.k);
  const old = { p: run.params(view.k)[n], g: app.trace.gradient[n] };
  for (const name of Object.keys(slots)) old[name] = slots[name][n];
  const moved = updateOne(run.optimizer, old.p, old.g, old, rate, t);
  const sgd = -rate * old.g;
  const isSgd = isPlainSgd(run.optimizer);
  const ledger = [
    ["old w", old.p],
    ["gradient g", old.g],
    ...Object.keys(slots).map((name) => [`${name}, from the steps before`, old[name]]),
    ...Object.keys(slots).map((name) => [`${name}, now`, moved[name]]),
    ["step", moved.move],
    ["new w", moved.p],
  ];
  const own = updateEquations(run.optimizer, old, moved, rate, t)
    .map((e) => e.html)
    .join("");
  return `<h3>What this step does to ${weightTitle(app)}</h3>
    <p class="say" data-say="update">${updateSentence(app, moved, sgd)}</p>
    <div class="columns"><div><h4>${escapeText(run.optimizer.kind)}, as trained (step ${t}, lr
    ${show(rate)})</h4>${own}${epsilonNote(run, moved)}</div>
    <div>${isSgd ? "" : `<h4>Beside it: plain SGD</h4>${sgdEquation(old, rate).html}`}
      <table class="figures-table" id="update-ledger"><caption>The ledger of this one
      number</caption><tbody>
      ${ledger
        .map(
          ([name, value]) => `<tr><th
          scope="row">${name}</th><td>${show(value, 6)}</td></tr>`,
        )
        .join("")}
      ${
        isSgd
          ? ""
          : `<tr class="quiet"><th scope="row">new w by
          SGD</th><td>${show(old.p + sgd, 6)}</td></tr>`
      }</tbody></table></div></div>`;
}

function epsilonNote(run, moved) {
  if (run.optimizer.kind === "SGD") return "";
  const root = Math.sqrt(moved.v),
    { epsilon } = run.optimizer;
  const place =
    run.optimizer.kind === "Adam" ? "beside the root of v" : "inside the root, beside v";
  return `<p class="note"><span class="epsilon">ε = ${show(epsilon)}</span> stands ${place}:
      without it a weight that never got a gradient would be 0 / 0.
    Here the root of v is ${show(root)},
    ${root > 100 * epsilon ? "so ε hardly matters" : "so ε holds the step back"}.</p>`;
}
