// The network with one row in it: numbers in the circles, weights or gradients as lines.

import { signClass, tint } from "./colours.js";
import { escapeText, show, showShort } from "./numbers.js";

const MOST_HIDDEN = 8; // units drawn of a wide layer
const MOST_OUTPUTS = 10;
const MOST_LOUD = 80; // lines and circles; of more, those that are not selected step back

// Which units of each layer are drawn: all, or those with the strongest ways on at the end.
export function drawnUnits(run, selected) {
  const last = run.plan.layers.length - 1;
  return run.plan.layers.map((layer, l) => {
    const most = l === last ? MOST_OUTPUTS : MOST_HIDDEN;
    const all = Array.from({ length: layer.units }, (_, o) => o);
    if (layer.units <= most) return all;
    const next = run.plan.layers[l + 1],
      end = run.params(run.stateSteps.length - 1);
    const strength = (o) => {
      if (!next) return 0;
      let total = 0;
      for (let k = 0; k < next.units; k++) total += Math.abs(end[next.W + o * next.units + k]);
      return total;
    };
    const chosen = [...all].sort((a, b) => strength(b) - strength(a)).slice(0, most);
    const needed = unitsOf(selected, l).filter((o) => !chosen.includes(o));
    return [...chosen.slice(0, most - needed.length), ...needed].sort((a, b) => a - b);
  });
}

function unitsOf(selected, l) {
  const units = [];
  if (selected.layer === l) units.push(selected.o);
  if (selected.layer === l + 1 && selected.i != null) units.push(selected.i);
  return units;
}

// What the circles and lines mean at this operation.
export function modeOf(operation) {
  if (operation.phase === "backward") {
    return {
      circle: "dz, the loss's slope by z",
      line: "dW, the batch's gradient",
      node: "dz",
      edge: "gradient",
    };
  }
  if (operation.phase === "update") {
    return { circle: "the move of b", line: "the move of W", node: "move", edge: "move" };
  }
  return { circle: "y, what each neuron gives", line: "W, the weights", node: "y", edge: "W" };
}

export function networkView(app, width) {
  const { run, view } = app;
  const operation = app.operation;
  const mode = modeOf(operation);
  const units = drawnUnits(run, view.selected);
  const place = places(run, units, width);
  const values = nodeValues(app, mode);
  const edges = edgeValues(app, mode);
  const parts = [
    columnTitles(run, place),
    ...edgeLines(app, units, place, edges),
    ...inputNodes(app, place),
    ...unitNodes(app, units, place, values),
    lossBox(app, place),
  ];
  const isCrowded = edges.length && parts.length > MOST_LOUD;
  return `<svg class="${place.narrow ? "narrow" : ""} ${isCrowded ? "crowded" : ""}"
      viewBox="0 0 ${width} ${place.height}" role="group"
    aria-label="The network: ${run.plan.layers.length} layers">${parts.join("")}</svg>`;
}

function places(run, units, width) {
  const image = run.about.image,
    narrow = width < 560;
  const inputs = image ? 1 : Math.min(run.inputs, MOST_HIDDEN);
  const most = Math.max(inputs, ...units.map((u) => u.length));
  const radius = narrow ? 19 : 25;
  const gap = 2 * radius + (most > 6 ? 16 : narrow ? 24 : 44);
  const top = 46,
    height = top + most * gap + 8;
  const columns = run.plan.layers.length + 2;
  const x = (c) => radius + 12 + (c * (width - 2 * radius - 24)) / (columns - 1);
  const y = (n, of) => top + ((most - of) / 2 + n + 0.5) * gap - 6;
  return { radius, height, narrow, inputs, x, y, middle: top + (most * gap) / 2 - 6 };
}

function columnTitles(run, place) {
  const titles = ["input", ...run.plan.layers.map((layer) => layer.name), "loss"];
  return titles
    .map((title, c) => {
      const f = run.plan.layers[c - 1]?.activation ?? "";
      return `<text class="column" x="${place.x(c)}" y="14">${escapeText(title)}</text>
        <text class="column quiet" x="${place.x(c)}" y="29">${f}</text>`;
    })
    .join("");
}

// ---- what is known at this operation ----

function nodeValues(app, mode) {
  const { run } = app;
  return run.plan.layers.map((layer, l) => {
    const seen = app.probe.layers[l];
    if (mode.node === "dz") {
      if (app.isDone("backward", "dz", l)) return { name: "dz", numbers: seen.dz };
      if (app.isDone("backward", "dy", l)) return { name: "dy", numbers: seen.dy };
      return null;
    }
    if (mode.node === "move") {
      if (!app.isDone("update", "p", l) || layer.b === null) return null;
      return { name: "Δb", numbers: app.moves().subarray(layer.b, layer.b + layer.units) };
    }
    if (app.isDone("forward", "y", l)) return { name: "y", numbers: seen.y };
    if (app.isDone("forward", "z", l)) return { name: "z", numbers: seen.z };
    return null;
  });
}

function edgeValues(app, mode) {
  const { run, view } = app;
  const all = {
    gradient: () => app.trace.gradient,
    move: () => app.moves(),
    W: () => run.params(view.k),
  };
  const numbers = all[mode.edge]();
  return run.plan.layers.map((layer, l) => {
    const isKnown =
      mode.edge === "W" ||
      app.isDone(
        mode.edge === "move" ? "update" : "backward",
        mode.edge === "move" ? "p" : "dW",
        l,
      );
    return isKnown ? numbers.subarray(layer.W, layer.W + layer.inputs * layer.units) : null;
  });
}

// ---- drawing ----

function edgeLines(app, units, place, edges) {
  const { run, view } = app;
  const lines = [];
  run.plan.layers.forEach((layer, l) => {
    const from = l === 0 ? inputIndices(run, place) : units[l - 1];
    const largest = edges[l] ? Math.max(...edges[l].map(Math.abs)) : 0;
    if (l === 0 && run.about.image) {
      units[0].forEach((_, n) => {
        lines.push(`<line class="edge fan" x1="${place.x(0) + place.radius}"
            y1="${place.middle}"
          x2="${place.x(1) - place.radius}" y2="${place.y(n, units[0].length)}"/>`);
      });
      return;
    }
    from.forEach((i, a) =>
      units[l].forEach((o, b) => {
        const value = edges[l]?.[i * layer.units + o];
        const at = `x1="${place.x(l) + place.radius}" y1="${place.y(a, from.length)}"
          x2="${place.x(l + 1) - place.radius}" y2="${place.y(b, units[l].length)}"`;
        const link = `w-${l}-${i}-${o}`;
        const isPicked = view.selected.link === link;
        const isOnWay =
          view.selected.kind === "neuron" && view.selected.layer === l && view.selected.o === o;
        const thickness =
          value === undefined ? 1 : 0.8 + (4.2 * Math.abs(value)) / (largest || 1);
        lines.push(`<g class="edge ${isPicked ? "picked" : ""} ${isOnWay ? "on-way" : ""}"
            data-link="${link}">
          ${isPicked ? `<line class="halo" ${at} stroke-width="${thickness + 7}"/>` : ""}
          <line class="${value === undefined ? "unknown" : signClass(value)}" ${at}
          stroke-width="${thickness.toFixed(2)}"/>
          <line class="hit" ${at}><title>${edgeTitle(run, l, i, o, value)}</title></line></g>`);
      }),
    );
  });
  return lines;
}

function edgeTitle(run, l, i, o, value) {
  const what = value === undefined ? "not computed yet" : show(value);
  return `W${l + 1}[${i},${o}]: ${what}`;
}

function inputIndices(run, place) {
  return Array.from({ length: place.inputs }, (_, i) => i);
}

function inputNodes(app, place) {
  const { run, view } = app;
  if (run.about.image) {
    const size = place.narrow ? 60 : 84;
    return [
      `<image class="pixels" href="${app.pixels(view.row)}" x="${place.x(0) - place.radius}"
      y="${place.middle - size / 2}" width="${size}" height="${size}"/>`,
    ];
  }
  const x = app.probe.layers[0].x;
  const largest = Math.max(...x.map(Math.abs), 1);
  return inputIndices(run, place).map((i) => {
    const name = run.about.features?.[i] ?? `x[${i}]`;
    return circle({
      link: `n-in-${i}`,
      x: place.x(0),
      y: place.y(i, place.inputs),
      place,
      value: x[i],
      largest: app.operation.phase === "forward" ? largest : 0,
      label: escapeText(name),
      className: "input",
      title: `Input ${name}: ${show(x[i])}`,
    });
  });
}

function unitNodes(app, units, place, values) {
  const { run, view } = app;
  return run.plan.layers.flatMap((layer, l) => {
    const known = values[l];
    const largest = known ? Math.max(...known.numbers.map(Math.abs)) : 0;
    return units[l].map((o, n) => {
      const isPicked =
        view.selected.kind === "neuron" && view.selected.layer === l && view.selected.o === o;
      const className_ = l === run.plan.layers.length - 1 ? run.about.classes?.[o] : undefined;
      const label =
        className_ && layer.units > 1
          ? className_
          : known
            ? `${known.name}${l + 1}[${o}]`
            : `neuron ${o}`;
      return circle({
        link: `n-${l}-${o}`,
        x: place.x(l + 1),
        y: place.y(n, units[l].length),
        place,
        value: known?.numbers[o],
        largest,
        label: escapeText(label),
        className: isPicked ? "picked" : "",
        isButton: true,
        title: `Neuron ${o} of ${layer.name}: ${
          known
            ? `${known.name}
            = ${show(known.numbers[o])}`
            : "not computed yet"
        }`,
      });
    });
  });
}

function circle({ link, x, y, place, value, largest, label, className, title, isButton }) {
  const isKnown = value !== undefined;
  const button = isButton ? 'tabindex="0" role="button"' : "";
  return `<g class="node ${className} ${isKnown ? signClass(value) : "unknown"}"
      data-link="${link}" ${button}
      aria-label="${escapeText(title)}"><title>${escapeText(title)}</title>
    <circle cx="${x}" cy="${y}" r="${place.radius}"
    style="fill:${isKnown ? tint(value, largest) : "var(--card)"}"/>
    <text class="value" x="${x}" y="${y + 4}">${isKnown ? showShort(value) : "·"}</text>
    <text class="label" x="${x}" y="${y + place.radius + 12}">${label}</text></g>`;
}

function lossBox(app, place) {
  const { run } = app;
  const last = run.plan.layers.length - 1;
  const x = place.x(last + 2);
  const y = place.middle;
  const half = place.radius + 8;
  const known = app.isDone("loss", "loss", last) ? showShort(app.probe.losses[0]) : "·";
  const target = `label ${escapeText(app.targetText())}`;
  return `<line class="edge fan" x1="${place.x(last + 1) + place.radius}" y1="${y}"
      x2="${x - half}" y2="${y}"/>
    <g class="loss-box"><text class="label ending" x="${x + half}"
    y="${y - 30}">${target}</text>
    <rect x="${x - half}" y="${y - 22}" width="${2 * half}" height="44" rx="6"/>
    <text class="value" x="${x}" y="${y + 4}">${known}</text></g>`;
}
