// One diverging scale for all signed numbers: orange below zero, blue above, the paper at zero.
// Both hues are told apart by colour-blind eyes; signs and dashes say the same without colour.

export const signClass = (value) => (value > 0 ? "positive" : value < 0 ? "negative" : "zero");

// For SVG and HTML: a CSS colour that follows the light or dark theme by itself.
export function tint(value, largest) {
  if (!Number.isFinite(value)) return "var(--bad)";
  const share = largest > 0 ? Math.min(1, Math.abs(value) / largest) : 0;
  const hue = value < 0 ? "--negative" : "--positive";
  return `color-mix(in oklab, var(${hue}) ${(8 + 57 * Math.sqrt(share)).toFixed(0)}%,
      var(--card))`;
}

// For canvas: the theme's colours as numbers.
export function theme() {
  const style = getComputedStyle(document.documentElement);
  const rgb = (name) => {
    const hex = style.getPropertyValue(name).trim();
    return [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16));
  };
  const names = ["negative", "positive", "card", "ink", "muted", "pick", "line"];
  return Object.fromEntries(names.map((name) => [name, rgb(`--${name}`)]));
}

// value in -1..1 -> [r, g, b] between the two hues, through the card's own colour.
export function blend(colours, value) {
  const end = value < 0 ? colours.negative : colours.positive;
  const share = Math.min(1, Math.abs(value)) * 0.85;
  return colours.card.map((base, n) => base + (end[n] - base) * share);
}

export const css = (rgb, alpha = 1) => `rgb(${rgb.join(" ")} / ${alpha})`;
