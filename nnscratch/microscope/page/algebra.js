// What an equation is made of: its symbols in MathML, its line of numbers, and its result. Who
// computes the line of numbers gets the result, to the last digit shown.
//
// The lines use + − · / max exp log sqrt abs tanh, so that they can be typed in anywhere.

import { agreeing, count, show } from "./numbers.js";

const MOST_TERMS = 8; // of a sum; the others are added up to one number

// ---- symbols, in MathML ----

export const mo = (sign) => `<mo>${sign}</mo>`;
export const mi = (name) => `<mi>${name}</mi>`;
export const mn = (number) => `<mn>${number}</mn>`;
export const mrow = (...parts) => `<mrow>${parts.join("")}</mrow>`;
export const symbol = (name, layer, ...at) =>
  `<msub>${mi(name)}${mn(layer + 1)}</msub>` +
  (at.length
    ? `${mo("[")}${at.map((a) => (typeof a === "number" ? mn(a) : mi(a))).join(mo(","))}${mo("]")}`
    : "");
export const sumOver = (index, body) => `<munder>${mo("∑")}${mi(index)}</munder>${body}`;
export const over = (top, bottom) => `<mfrac>${mrow(top)}${mrow(bottom)}</mfrac>`;
export const math = (...parts) => `<math displaystyle="true">${mrow(...parts)}</math>`;
export const input = (layer, at) =>
  layer === 0
    ? `${mi("x")}${mo("[")}${typeof at === "number" ? mn(at) : mi(at)}${mo("]")}`
    : symbol("y", layer - 1, at);

// ---- an equation ----

// values: numbers; compute: what the shown numbers come to; write: shown texts -> the line.
export function equation(name, symbols, values, compute, result, write) {
  const line = write(agreeing(values, compute, result));
  return { name, symbols, line, result, html: equationHtml(name, symbols, line, result) };
}

function equationHtml(name, symbols, line, result) {
  return `<div class="equation" data-equation="${name}">
    <div class="symbols">${symbols}</div>
    <div class="numbers">= <span class="figures">${line}</span></div>
    <div class="numbers">= <output class="result">${show(result)}</output></div></div>`;
}

export const term = (link, text) =>
  `<span class="term" data-link="${link}" tabindex="0" role="button">${text}</span>`;

// The largest products first; what is left over is one number more: [{ a, b, link }], rest.
function largest(products) {
  if (products.length <= MOST_TERMS) return { kept: products, rest: null, others: 0 };
  const sorted = [...products].sort((p, q) => Math.abs(q.a * q.b) - Math.abs(p.a * p.b));
  const kept = sorted.slice(0, MOST_TERMS - 2);
  const left = sorted.slice(MOST_TERMS - 2);
  return {
    kept,
    rest: left.reduce((total, { a, b }) => total + a * b, 0),
    others: left.length,
  };
}

export function sumOfProducts(products) {
  const { kept, rest, others } = largest(products);
  const values = kept.flatMap(({ a, b }) => [a, b]);
  if (rest !== null) values.push(rest);
  return {
    values,
    compute: (numbers) => {
      let total = rest === null ? 0 : numbers[2 * kept.length];
      for (let n = 0; n < kept.length; n++) total += numbers[2 * n] * numbers[2 * n + 1];
      return total;
    },
    write: (shown) => {
      const terms = kept.map(({ link }, n) =>
        term(link, `${shown[2 * n]} · ${shown[2 * n + 1]}`),
      );
      const left = `<span title="the other ${count(others)} terms together">${shown[2 * kept.length]}</span>`;
      return [...terms, ...(rest === null ? [] : [left])].join(" + ");
    },
    length: values.length,
    note: others ? ` The last number is the other ${count(others)} terms together.` : "",
  };
}
