"""The table that ``model.summary()`` prints, and that a notebook shows."""

from nnscratch import checks, views
from nnscratch.layers.base import row_text

HEADER = ("Layer (type)", "Output shape", "Parameters")
NARROWEST = 40  # below this there is no room for a name beside shape and count


def text(model, line_length):
    """Layers, output shapes and parameter counts, in lines of at most ``line_length``."""
    line_length = checks.whole_number("line_length", line_length, least=NARROWEST)
    rows = [HEADER, *map(_row, model.layers)]
    names, shapes, counts = zip(*rows, strict=True)
    middle, right = min(20, max(map(len, shapes))), max(map(len, counts))
    left = min(max(28, *map(len, names)), line_length - middle - right - 4)
    header, *body = [
        f"{_cut(name, left):<{left}}  {_cut(shape, middle):<{middle}}  {count:>{right}}"
        for name, shape, count in rows
    ]
    rule = "-" * len(header)
    title = f"Model {_cut(model.name, line_length - 8)!r}"
    return "\n".join([title, rule, header, rule, *body, rule, _total(model)])


def as_html(model):
    """The same for a notebook, with how the model is trained and by which engine."""
    rows = [HEADER, *map(_row, model.layers)]
    return views.table(f"Model {model.name!r}", rows, (_total(model), _training(model)))


def _training(model):
    if not model.compiled:
        return "Not compiled yet."
    loss, optimizer = type(model.loss).__name__, type(model.optimizer).__name__
    return (
        f"Trained on {loss} by {optimizer}, learning rate {model.optimizer.learning_rate:g},"
        f" for {model.epochs_trained} epochs so far. Engine: {model.engine}"
    )


def _row(layer):
    activation = getattr(layer, "activation", None)
    kind = type(layer).__name__ + (f", {activation.name}" if activation else "")
    shape = row_text(layer.output_shape) if layer.built else "?"
    return f"{layer.name} ({kind})", shape, f"{layer.count_params():,}" if layer.built else "?"


def _cut(words, width):
    return words if len(words) <= width else words[: width - 1] + "…"


def _total(model):
    if not model.built:
        return "Not built yet: its data will tell."
    count = model.count_params()
    return (
        f"Total parameters: {count:,} ({_bytes(count * model.dtype.itemsize)} in {model.dtype})"
    )


def _bytes(count):
    for unit in ("bytes", "KB", "MB"):
        if count < 1024:
            return f"{count:.4g} {unit}"
        count /= 1024
    return f"{count:.4g} GB"
