// The gallery's page: one case at a time, its healthy run beside its broken one, on one clock.

import { decode } from "./bytes.js";
import { blend, css, theme } from "./colours.js";
import { escapeText, percent, show } from "./numbers.js";
import { diagnosisHtml, firstBadHtml, signCharts } from "./signs.js";

const WIDTH_OF_LOSS = 340,
  HEIGHT_OF_LOSS = 130,
  LEFT_OF_LOSS = 46;

const part = (id) => document.getElementById(id);

class Gallery {
  constructor(packed) {
    this.about = packed.about;
    this.cases = packed.cases;
    this.runs = packed.runs.map((run) => ({
      ...run,
      losses: run.losses.map((loss) => loss ?? NaN),
      vitals: Object.fromEntries(
        Object.entries(run.vitals).map(([name, array]) => [name, decode(array)]),
      ),
      maps: run.maps && decode(run.maps),
    }));
    this.points = { x: decode(packed.points.x), y: decode(packed.points.y) };
    this.chosen = this.cases[0].id;
    this.step = this.last();
  }

  get case() {
    return this.cases.find((each) => each.id === this.chosen);
  }

  pair() {
    return [this.runs[this.case.healthy], this.runs[this.case.broken]];
  }

  last() {
    return Math.max(...this.pair().map((run) => run.losses.length)) - 1;
  }

  render() {
    const { case: chosen } = this,
      [healthy, broken] = this.pair();
    for (const button of document.querySelectorAll("[data-case]"))
      button.setAttribute("aria-pressed", button.dataset.case === this.chosen);
    part("case-title").textContent = chosen.title;
    part("change").innerHTML =
      `<del>${escapeText(chosen.before)}</del><ins>${escapeText(chosen.after)}</ins>`;
    part("case-say").innerHTML = this.sentence(healthy, broken);
    part("diagnosis").innerHTML =
      diagnosisHtml({ diagnosis: broken.diagnosis.slice(0, 1) }) +
      alsoSeen(broken) +
      firstBadHtml(broken);
    const top = highestOf(healthy, broken);
    part("healthy").innerHTML = runHtml("Healthy", healthy, this.step, top);
    part("broken").innerHTML = runHtml("Broken", broken, this.step, top);
    this.drawMap("healthy", healthy);
    this.drawMap("broken", broken);
    const slider = part("clock");
    slider.max = this.last();
    slider.value = this.step;
    part("clock-text").textContent = `step ${this.step + 1} of ${this.last() + 1}`;
  }

  sentence(healthy, broken) {
    const at = (run) => run.losses[Math.min(this.step, run.losses.length - 1)];
    const right = (run) => percent(run.right[momentAt(run, this.step)]);
    const ended =
      broken.losses.length <= this.step
        ? ` (it ended after ${broken.losses.length} steps)`
        : "";
    return `One line was changed. At step ${this.step + 1} the healthy run has a loss of
        ${show(at(healthy), 3)} and is right on ${right(healthy)} of rows it was not trained on;
            the broken one has ${show(at(broken), 3)}${ended} and is right on
            ${right(broken)}.`;
  }

  drawMap(id, run) {
    const canvas = part(id).querySelector("canvas");
    if (!canvas) return;
    const colours = theme(),
      cells = run.maps.shape[1],
      size = cells * cells;
    const shades = run.maps.subarray(
      momentAt(run, this.step) * size,
      (momentAt(run, this.step) + 1) * size,
    );
    const image = new ImageData(cells, cells);
    shades.forEach((shade, n) =>
      image.data.set([...blend(colours, shade / 127.5 - 1), 255], 4 * n),
    );
    const small = document.createElement("canvas");
    small.width = small.height = cells;
    small.getContext("2d").putImageData(image, 0, 0);
    const context = canvas.getContext("2d");
    context.drawImage(small, 0, 0, canvas.width, canvas.height);
    const scale = canvas.width / (2 * this.about.plane);
    this.points.y.forEach((label, n) => {
      if (n % 3) return;
      const x = (this.points.x[2 * n] + this.about.plane) * scale,
        y = (this.about.plane - this.points.x[2 * n + 1]) * scale;
      context.fillStyle = context.strokeStyle = css(
        label ? colours.positive : colours.negative,
      );
      context.beginPath();
      if (label) {
        context.moveTo(x, y - 4);
        context.lineTo(x + 4, y + 3);
        context.lineTo(x - 4, y + 3);
        context.fill();
      } else {
        context.arc(x, y, 3, 0, 7);
        context.stroke();
      }
    });
  }
}

const momentAt = (run, step) =>
  Math.max(
    0,
    run.moments.findLastIndex((moment) => moment <= step + 1),
  );

function alsoSeen(run) {
  const others = run.diagnosis
    .slice(1)
    .map(({ name }) => escapeText(name[0].toLowerCase() + name.slice(1)));
  return others.length ? `<p class="note">What follows from it: ${others.join(", ")}.</p>` : "";
}

// Both runs share the axis, up to what still lets the healthy one be seen.
function highestOf(healthy, broken) {
  const top = (run) => Math.max(...run.losses.filter(Number.isFinite));
  return Math.min(Math.max(top(healthy), top(broken)), 3 * top(healthy));
}

function runHtml(title, run, step, top) {
  const at = Math.min(step, run.steps.length - 1);
  const map = run.maps
    ? `<canvas width="260" height="260" role="img"
        aria-label="What the network says over the plane"></canvas>`
    : "";
  return `<h3>${title}</h3><div
      class="run-top">${map}<figure>${lossHtml(run, step, top)}<figcaption>Loss of every step:
      <output>${show(run.losses[at], 4)}</output>.
    Right on unseen rows:
    <output>${percent(run.right[momentAt(run, step)])}</output></figcaption></figure></div>
    <div class="vitals">${signCharts(run.vitals, run.layers, run.steps, at)}</div>`;
}

function lossHtml(run, step, top) {
  const end = Math.max(1, run.losses.length - 1);
  const x = (s) => LEFT_OF_LOSS + (s / end) * (WIDTH_OF_LOSS - LEFT_OF_LOSS - 6);
  const y = (loss) => 8 + (1 - Math.min(loss, top) / top) * (HEIGHT_OF_LOSS - 26);
  const points = run.losses.map((loss, s) =>
    Number.isFinite(loss) ? `${x(s).toFixed(1)},${y(loss).toFixed(1)}` : "",
  );
  return `<svg viewBox="0 0 ${WIDTH_OF_LOSS} ${HEIGHT_OF_LOSS}" role="img"
      aria-label="The loss of every step">
    <line class="grid" x1="${LEFT_OF_LOSS}" x2="${WIDTH_OF_LOSS}" y1="${y(0)}" y2="${y(0)}"/>
    <text class="tick end" x="${LEFT_OF_LOSS - 6}" y="14">${show(top, 2)}</text><text
    class="tick end" x="${LEFT_OF_LOSS - 6}" y="${y(0) + 4}">0</text>
    <polyline class="loss" points="${points.join(" ")}"/><line class="cursor"
    x1="${x(Math.min(step, end))}" x2="${x(Math.min(step, end))}" y1="0"
    y2="${HEIGHT_OF_LOSS - 18}"/></svg>`;
}

function startGallery() {
  const gallery = new Gallery(JSON.parse(part("run").textContent));
  part("cases").innerHTML = gallery.cases
    .map(({ id, title }) => `<button data-case="${id}">${escapeText(title)}</button>`)
    .join("");
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-case]");
    if (!button) return;
    gallery.chosen = button.dataset.case;
    gallery.step = gallery.last();
    gallery.render();
  });
  part("clock").addEventListener("input", (event) => {
    gallery.step = Number(event.target.value);
    gallery.render();
  });
  document.addEventListener("keydown", (event) => {
    const way = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!way || event.altKey || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    gallery.step = Math.min(Math.max(gallery.step + way, 0), gallery.last());
    gallery.render();
  });
  for (const query of ["(prefers-color-scheme: dark)", "print"])
    // pictures have other colours
    matchMedia(query).addEventListener("change", () => gallery.render());
  gallery.render();
  document.body.dataset.ready = "yes";
}

startGallery();
