// Drawing anew must not take the keyboard's place away.

export function heldFocus() {
  const active = document.activeElement;
  if (!active || active === document.body) return null;
  const part = active.closest("[id]"),
    { link, row, cell, phaseButton } = active.dataset;
  const selector = active.id
    ? `#${active.id}`
    : link
      ? `[data-link="${link}"]`
      : row
        ? `[data-row="${row}"]`
        : cell
          ? `[data-cell="${cell}"]`
          : phaseButton
            ? `[data-phase-button="${phaseButton}"]`
            : null;
  return part && selector ? { part: part.id, selector } : null;
}

export function giveBackFocus(held) {
  if (!held) return;
  const again = document.getElementById(held.part)?.matches(held.selector)
    ? document.getElementById(held.part)
    : document.getElementById(held.part)?.querySelector(held.selector);
  if (again && document.activeElement !== again) again.focus({ preventScroll: true });
}
