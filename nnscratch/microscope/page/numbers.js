// Numbers as text, and equations whose shown numbers work out to the last digit shown.

export const DIGITS = 4;

// 4 significant digits, a real minus sign; a number that has fewer digits is shown as it is.
export function show(value, digits = DIGITS) {
  if (Number.isNaN(value)) return "NaN";
  if (!Number.isFinite(value)) return value > 0 ? "∞" : "−∞";
  if (Number.isInteger(value) && Math.abs(value) < 1e6) return minus(String(value));
  const size = Math.abs(value);
  const isFar = size < 1e-4 || size >= 1e6;
  const text = isFar
    ? value.toExponential(digits - 1).replace("e+", "e")
    : size >= 10 ** digits
      ? value.toFixed(0)
      : value.toPrecision(digits);
  return minus(Number(text) === value ? text.replace(/\.?0+(?=e|$)/, "") : text);
}

// Short enough to stand in a circle.
export function showShort(value) {
  if (!Number.isFinite(value)) return show(value);
  const size = Math.abs(value);
  if (value === 0) return "0";
  if (size < 1e-3 || size >= 1e4) return minus(value.toExponential(0).replace("e+", "e"));
  return minus(size < 0.1 ? value.toFixed(3) : value.toPrecision(size < 1 ? 2 : 3));
}

export const signed = (value, digits) => (value > 0 ? "+" : "") + show(value, digits);
export const percent = (share) =>
  `${(100 * share).toFixed(share > 0 && share < 0.1 ? 1 : 0)} %`;
export const count = (n) => n.toLocaleString("en-US");

const minus = (text) => text.replaceAll("-", "−");
export const readNumber = (text) => Number(text.replaceAll("−", "-").replace("∞", "Infinity"));

// The values as text, with as many digits as it takes that who computes with the shown numbers
// gets the shown result.
export function agreeing(values, compute, result) {
  const wanted = show(result);
  for (let digits = DIGITS; digits < 17; digits++) {
    const shown = values.map((value) => show(value, digits));
    if (show(compute(shown.map(readNumber))) === wanted) return shown;
  }
  return values.map((value) => show(value, 17));
}

const ENTITIES = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" };
export const escapeText = (text) => String(text).replace(/[&<>"']/g, (sign) => ENTITIES[sign]);
