// Vital signs at every recorded step, layer by layer, and what they mean in words.

import { escapeText, percent, show } from "./numbers.js";

// say: the sign in words, from the layer where it is largest and that number as text; none is said
// where the largest is 0.
const SIGNS = [
  {
    id: "gradient_norm",
    title: "Length of the gradient",
    isLog: true,
    write: (v) => show(v, 3),
    say: (name, v) => `How hard this batch pulls at each layer: hardest at ${name}, ${v}.`,
    none: "This batch pulls at no layer: every gradient is 0.",
  },
  {
    id: "update_ratio",
    title: "Step over weights",
    isLog: true,
    write: (v) => show(v, 3),
    say: (name, v) =>
      `How far the step moves a layer, as a share of its weights' own length: farthest ${name},
      ${v}. Between 0.001 and 0.01 is usual.`,
    none: "The step moves no layer at all.",
  },
  {
    id: "dead",
    title: "Dead ReLUs",
    isLog: false,
    write: percent,
    say: (name, v) =>
      `In ${name} ${v} of the ReLUs give 0 for every row of this batch: they learn nothing
      from it.`,
    none: "Every ReLU gives something above 0 for some row of this batch.",
  },
  {
    id: "saturated",
    title: "Saturated outputs",
    isLog: false,
    write: percent,
    say: (name, v) =>
      `Of ${name} ${v} of the outputs lie near an end of the sigmoid or tanh, where its slope is
      almost 0.`,
    none: "No sigmoid or tanh lies near an end, where its slope would be almost 0.",
  },
];
const VITAL_CHART = { width: 240, height: 112, left: 44, right: 8, top: 8, bottom: 18 };

// signs: { name: { values (flat), layers } }, steps: their step numbers, at: index of the moment
export function signCharts(signs, names, steps, at) {
  return SIGNS.map((sign) => chart(sign, signs[sign.id], names, steps, at)).join("");
}

function signSentence({ say, none, write }, values, names) {
  const lost = values.findIndex((v) => !Number.isFinite(v));
  if (lost >= 0) return `In ${escapeText(names[lost])} there is no such number any more.`;
  const most = values.indexOf(Math.max(...values));
  return values[most] ? say(escapeText(names[most]), write(values[most])) : none;
}

function chart(sign, values, names, steps, at) {
  const { id, title, isLog, write } = sign;
  const { width, height, left, right, top, bottom } = VITAL_CHART;
  const L = names.length,
    end = Math.max(1, steps[steps.length - 1]);
  const [low, high] = isLog ? logRange(values) : [0, 1];
  const level = (v) => (isLog ? Math.log10(Math.max(v, 10 ** low)) : v);
  const x = (step) => left + (step / end) * (width - left - right);
  const y = (v) => top + ((high - level(v)) / (high - low)) * (height - top - bottom);
  const lines = names.map((_, l) => {
    const points = steps
      .map((step, n) => [step, values[n * L + l]])
      .filter(([, v]) => Number.isFinite(v));
    return `<polyline class="sign layer-${l % 6}"
        points="${points.map(([s, v]) => `${x(s).toFixed(1)},${y(v).toFixed(1)}`).join(" ")}"/>`;
  });
  const ends = [high, low].map(
    (v) =>
      `<text class="tick end" x="${left - 5}"
          y="${y(isLog ? 10 ** v : v) + 4}">${isLog ? `1e${v}`.replace("-", "−") : percent(v)}</text>`,
  );
  const now = Array.from(values.subarray(at * L, (at + 1) * L));
  const items = names.map(
    (name, l) =>
      `<li><span class="swatch layer-${l % 6}"></span>${escapeText(name)}
          <output>${write(now[l])}</output></li>`,
  );
  return `<figure class="vital" data-sign="${id}"><h5>${title}</h5>
    <svg viewBox="0 0 ${width} ${height}" role="img" aria-label="${title}, over the steps">
    <line class="grid" x1="${left}" x2="${width - right}" y1="${height - bottom}"
    y2="${height - bottom}"/>
    <line class="cursor" x1="${x(steps[at])}" x2="${x(steps[at])}" y1="${top}"
    y2="${height - bottom}"/>
    ${ends.join("")}${lines.join("")}</svg><ul>${items.join("")}</ul>
    <p class="note" data-say="${id}">${signSentence(sign, now, names)}</p></figure>`;
}

function logRange(values) {
  const logs = Array.from(values)
    .filter((v) => v > 0 && Number.isFinite(v))
    .map(Math.log10);
  if (!logs.length) return [-1, 0];
  const high = Math.ceil(logs.reduce((a, b) => Math.max(a, b)));
  const low = Math.floor(logs.reduce((a, b) => Math.min(a, b)));
  return [Math.max(low, high - 12), high > low ? high : low + 1];
}

export function diagnosisHtml(about) {
  if (!about.diagnosis.length)
    return `<p class="diagnosis healthy">✓ The vital signs of this run show none of the
        sicknesses that the gallery has.</p>`;
  return about.diagnosis
    .map(
      ({ name, shows, helps }) =>
        `<p class="diagnosis sick"><b>✗ ${escapeText(name)}:</b> ${escapeText(shows)} <b>What
            helps:</b> ${escapeText(helps)}</p>`,
    )
    .join("");
}

export function firstBadHtml(about) {
  return about.firstBad
    ? `<p class="diagnosis sick">The first number that is not finite:
        <b>${escapeText(about.firstBad[1])}</b>, at step ${about.firstBad[0] + 1}.</p>`
    : "";
}

export function vitalsView(app) {
  const { run, view } = app;
  const at = Math.min(view.k, run.lastState),
    L = run.plan.layers.length;
  const norms = run.arrays["vitals/gradient_norm"],
    ratio = run.arrays["vitals/update_ratio"];
  const signs = Object.fromEntries(SIGNS.map(({ id }) => [id, run.arrays[`vitals/${id}`]]));
  const names = run.plan.layers.map((layer) => layer.name);
  return `<h3>Vital signs of the recorded run</h3>
    <p class="say" data-say="vitals">At step ${run.stateSteps[at] + 1} the gradient of
    ${escapeText(names[0])} is ${show(norms[at * L], 3)} long, that of
        ${escapeText(names[L - 1])} ${show(norms[at * L + L - 1], 3)};
      the step moves ${escapeText(names[0])} by ${percent(ratio[at * L])} of its weights'
      length. ${run.parent ? "(The signs are those of the recorded run, not of what-if.)" : ""}</p>
    ${diagnosisHtml(run.about)}${firstBadHtml(run.about)}
    <div class="vitals">${signCharts(signs, names, run.stateSteps.slice(0, -1), at)}</div>`;
}
