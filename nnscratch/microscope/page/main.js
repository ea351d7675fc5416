// Clicks, keys and drags: what each asks the page to show. The page begins here.

import { App, element } from "./app.js";
import { placeOn } from "./space.js";
import { GEARS, endOfPhase } from "./time.js";

const MILLISECONDS = { epoch: 700, batch: 160, phase: 900, operation: 700 }; // while it plays

function listen(app) {
  document.addEventListener("click", (event) => onClick(app, event.target));
  document.addEventListener("keydown", (event) => onKey(app, event));
  for (const [on, off] of [
    ["mouseover", "mouseout"],
    ["focusin", "focusout"],
  ]) {
    document.addEventListener(on, (event) => light(event.target, true));
    document.addEventListener(off, (event) => light(event.target, false));
  }
  document.addEventListener("input", (event) => onInput(app, event.target));
  document.addEventListener("submit", (event) => {
    event.preventDefault();
    app.whatIf(event.target);
  });
  element("back").addEventListener("click", () => app.go(-1));
  element("forward").addEventListener("click", () => app.go(1));
  element("play").addEventListener("click", () => play(app));
  for (const query of ["(prefers-color-scheme: dark)", "print"])
    // pictures have other colours
    matchMedia(query).addEventListener("change", () => app.render());
  let width = innerWidth;
  addEventListener("resize", () => {
    if (innerWidth !== width) app.render();
    width = innerWidth;
  });
}

function onClick(app, target) {
  const at = (selector) => target.closest(selector);
  if (target.id === "boundary") return;
  if (target.id === "back-to-recorded") app.backToRecorded();
  else if (at("[data-lens]")?.matches("button"))
    app.set({ lens: at("[data-lens]").dataset.lens });
  else if (at("[data-phase-button]"))
    app.set({ op: endOfPhase(app.operations, at("[data-phase-button]").dataset.phaseButton) });
  else if (at("[data-cell]"))
    app.set({ cell: at("[data-cell]").dataset.cell.split("-").map(Number) });
  else if (at("[data-link]")) app.select(at("[data-link]").dataset.link);
  else if (at("[data-row]")) app.set({ row: Number(at("[data-row]").dataset.row) });
}

function onInput(app, target) {
  if (target.name === "gear") app.set({ gear: target.value });
  if (target.id === "epsilon-slider") app.set({ exponent: Number(target.value) });
  if (target.id !== "scrubber") return;
  const step = Number(target.value),
    steps = app.run.stateSteps;
  let k = 0;
  for (let n = 0; n <= app.run.lastState; n++)
    if (Math.abs(steps[n] - step) < Math.abs(steps[k] - step)) k = n;
  app.set({ k });
}

function onKey(app, event) {
  const { key, target } = event;
  if (event.altKey || event.ctrlKey || event.metaKey) return;
  if (target.matches("input[type=number], #epsilon-slider, select, option")) return;
  if (key === "ArrowRight" || key === "ArrowLeft") {
    event.preventDefault();
    app.go(key === "ArrowRight" ? 1 : -1);
  } else if (/^[1-4]$/.test(key)) app.set({ gear: GEARS[key - 1] });
  else if ((key === "Enter" || key === " ") && !target.matches("button, input, summary, a")) {
    if (!target.closest("[data-link], [data-row]")) return;
    event.preventDefault();
    onClick(app, target);
  }
}

// What belongs together lights up together: a term of an equation and its line in the network.
function light(target, isOn) {
  const link = target.closest?.("[data-link]")?.dataset.link;
  if (!link) return;
  for (const each of document.querySelectorAll(`[data-link="${link}"]`))
    each.classList.toggle("lit", isOn);
}

function onBoundaryClick(app, event) {
  const canvas = event.target;
  if (canvas.id !== "boundary") return;
  const box = canvas.getBoundingClientRect(),
    at = placeOn(canvas, app.run);
  const x = ((event.clientX - box.left) / box.width) * canvas.width,
    y = ((event.clientY - box.top) / box.height) * canvas.height;
  let best = 0,
    nearest = Infinity;
  for (let row = 0; row < app.run.rowCount; row++) {
    const [px, py] = at(row),
      away = (px - x) ** 2 + (py - y) ** 2;
    if (away < nearest) [nearest, best] = [away, row];
  }
  app.set({ row: best });
}

function play(app) {
  const button = element("play");
  clearInterval(app.playing);
  app.playing = app.playing
    ? null
    : setInterval(() => {
        const { k, op } = app.view;
        app.go(1);
        if (k === app.view.k && op === app.view.op) play(app);
      }, MILLISECONDS[app.view.gear]);
  button.textContent = app.playing ? "❚❚" : "▶";
  button.setAttribute("aria-label", app.playing ? "pause" : "play");
}

function start() {
  const app = new App(JSON.parse(element("run").textContent));
  app.renderOnce();
  app.render();
  listen(app);
  document.addEventListener("click", (event) => onBoundaryClick(app, event));
  document.body.dataset.ready = "yes";
}

start();
