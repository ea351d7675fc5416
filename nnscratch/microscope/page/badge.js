// The parity badge in words: what was computed again here, and how far it was apart.

import { count, escapeText, show } from "./numbers.js";

export function badgeHtml(parity) {
  const verdict = parity.ok ? "✓ recomputed here, agrees" : "✗ does not agree";
  return `<summary>${verdict}</summary><p>${badgeText(parity)}</p>`;
}

function badgeText(parity) {
  const largest = `${show(parity.largest, 2)} (${escapeText(parity.worst ?? "nothing differs")})`;
  if (parity.damaged.length) {
    const others = `And this page's own engine comes to other numbers, by up to ${largest}.`;
    return `The bytes of ${parity.damaged.map(escapeText).join(", ")} are not those that were
      written: this file was changed or damaged. ${parity.largest > 1e-6 ? others : ""}`;
  }
  if (!parity.ok)
    return `This page's own engine comes to other numbers than were recorded; the largest
      difference is ${largest}, and 1e−6 is allowed.`;
  return `This page has an engine of its own, in JavaScript. It computed ${count(parity.tensors)}
    recorded tensors, ${count(parity.compared)} numbers, again; the largest difference, as a share
    of its tensor's largest number, is ${largest}, and 1e−6 is allowed. So what-if can be trusted.`;
}
