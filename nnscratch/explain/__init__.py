"""A page about one training step, as a good textbook would work it out, every number real.

    print(nn.explain(model.trace(x, y)))

In the order of reading:

    probe.py        which row and which units are followed
    forward.py, loss.py, backward.py, check.py, update.py   a chapter each
    functions.py    the activations and their derivatives, worked out for one unit
    expressions.py  arithmetic whose printed text gives the printed result
    page.py         headings, equations and tables as text and as HTML; terminal.py in colours
"""

import numpy as np

from nnscratch.explain import backward, check, forward, loss, probe, update
from nnscratch.explain.page import Heading, Page
from nnscratch.trace import Trace

__all__ = ["explain"]


def explain(
    trace: Trace, *, row: int | None = None, units: dict[str, int] | None = None
) -> Page:
    """The Page on a ``Trace``: formula, the same with numbers, shapes, and a numeric check.

    row    the row of the batch to follow. Left out: the one with the largest loss
    units  {layer name: unit} of Dense layers to follow. Left out: at the output the unit with
           the largest gradient, below it the input that adds most to the unit above

    ``print`` the page; a notebook shows it by itself. Raises TypeError for what is no trace,
    ValueError for a row, layer or unit that there is not.
    """
    if not isinstance(trace, Trace):
        raise TypeError(
            f"explain needs a trace, got {type(trace).__name__}.\n"
            "Write nn.explain(model.trace(x, y))."
        )
    with np.errstate(all="ignore"):  # a page on a step that overflows must not warn of it too
        return _page(trace, probe.path(trace, row, units))


def _page(trace, stops):
    page, row_loss = Page(), loss.RowLoss(trace, stops[-1])
    _introduction(page, trace, stops)
    if broken := probe.not_finite(trace):
        page.add(_where_it_broke(broken))
        return page
    forward.chapter(page, stops)
    loss.chapter(page, trace, row_loss)
    numeric = check.Check(trace)
    backward.chapter(page, stops, row_loss, numeric)
    check.chapter(page, numeric)
    update.chapter(page, trace, stops)
    return page


def _introduction(page, trace, stops):
    model, optimizer = trace.model, trace.model.optimizer
    title = f"One training step of {model.name!r}, number by number"
    page.add(
        Heading(title, 1),
        f"The network: {_network(stops)}. The loss: {type(model.loss).__name__}. The optimizer:"
        f" {type(optimizer).__name__}, learning rate lr = {trace.learning_rate:g}, step t ="
        f" {trace.step}.",
        f"The batch: B = {len(trace.x)} rows, x {forward.shape(trace.x)}, y"
        f" {forward.shape(trace.y)}, {trace.x.dtype}. Looking changes nothing: the model is as"
        " it was.",
        f"The page follows row {stops[0].row}, {_why_this_row(trace, stops[0].row)}, along one"
        f" path: {_path(stops)}. Rows and units are counted from 0. The numbers that enter a"
        " line have more digits than the one that leaves it, so that a pocket calculator finds"
        " every result to its last digit.",
    )


def _where_it_broke(broken):
    name, size, bad = broken[0]
    return (
        f"This step leaves the finite numbers, first in {name}: {bad} of its {size} numbers"
        f" are NaN or infinite, and after it in {len(broken) - 1} more tensors. There is"
        " nothing to work out. The usual reasons: a learning rate that is too large, or inputs"
        " that are."
    )


def _network(stops):
    """``2 -> 10 relu -> 1 sigmoid``."""
    widths = [" x ".join(map(str, stops[0].seen.x.shape[1:]))]
    for stop in stops:
        what = stop.seen.activation or type(stop.seen.layer).__name__
        widths.append(f"{' x '.join(map(str, stop.seen.y.shape[1:]))} {what}")
    return " -> ".join(widths)


def _why_this_row(trace, row):
    worst = probe.path(trace)[0].row == row
    return "whose loss is the largest" if worst else "as asked for"


def _path(stops):
    units = [f"unit {', '.join(map(str, stop.unit))} of {stop.seen.name}" for stop in stops]
    return ", ".join([f"input x{stops[0].at_source}", *units])
