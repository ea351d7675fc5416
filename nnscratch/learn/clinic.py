"""The clinic of exercise 11: real trainings, healthy and sick, with their vital signs.

    python -m nnscratch.learn.clinic        shows three sick runs and a healthy one

A run is a training on two circles, all rows in each step, of plain gradient descent; so the
gradient of a step can be read off the weights: (before - after) / learning rate.
"""

import numpy as np

from nnscratch import layers, models, optimizers

NAMES = ("healthy", "learning rate too high", "dead relus", "vanishing gradients")
STEPS, ROWS = 60, 120
SHOWN = (0, 1, 2, 5, 10, 20, 40, 59)
SHUT = -6.0  # a bias with which no row opens a ReLU


def run(name, seed):
    """The vital signs {name: array} of one training that has this illness.

    loss           (steps,)         before each step
    gradient_norm  (steps, layers)  length of each layer's gradient, the first layer first
    update_ratio   (steps, layers)  length of each layer's step over that of its weights
    dead           (steps, layers)  share of the layer's units that are 0 for every row
    """
    rng = np.random.default_rng([NAMES.index(name), seed])
    x, y = _circles(rng)
    stack, rate = _net(name, rng)
    model = models.Sequential(stack, seed=seed, dtype="float64")
    model.compile(optimizers.SGD(rate), "binary_crossentropy", run_eagerly=True)
    model.build((None, 2))
    if name == "dead relus":
        model.layers[1].params["b"] = np.full(model.layers[1].units, SHUT)
    signs = [_step(model, x, y, rate) for _ in range(STEPS)]
    return {key: np.array([sign[key] for sign in signs]) for key in signs[0]}


def _circles(rng):
    angle = rng.uniform(0, 2 * np.pi, ROWS)
    y = (np.arange(ROWS) % 5 < 2).astype(int)  # not half and half: the last bias has to move
    points = np.stack([np.cos(angle), np.sin(angle)], axis=1) * (1 - 0.5 * y[:, None])
    return points, y


def _net(name, rng):
    """Layers and learning rate of a run; healthy ones have all kinds."""
    hidden, depth, rate = "relu", 2, 0.3
    if name == "vanishing gradients":
        hidden, depth, rate = "sigmoid", int(rng.integers(5, 8)), 0.03
    elif name == "learning rate too high":
        hidden, rate = "tanh", float(rng.uniform(30, 60))
    elif name == "healthy":
        hidden = str(rng.choice(["relu", "tanh"]))
    widths = rng.integers(8, 17, size=depth)
    stack = [layers.Dense(int(width), hidden) for width in widths]
    return [*stack, layers.Dense(1, "sigmoid")], rate


def _step(model, x, y, rate):
    """Train one step; returns its vital signs."""
    before = [_flat(layer) for layer in model.layers]
    dead, h = [], x
    for layer in model.layers:
        h = layer(h)
        dead.append(float((h == 0).all(axis=0).mean()))
    loss = model.train_on_batch(x, y)
    moves = [np.linalg.norm(_flat(l) - w) for l, w in zip(model.layers, before, strict=True)]
    return {
        "loss": float(np.ravel(loss)[0]),
        "gradient_norm": [move / rate for move in moves],
        "update_ratio": [m / np.linalg.norm(w) for m, w in zip(moves, before, strict=True)],
        "dead": dead,
    }


def _flat(layer):
    return np.concatenate([array.ravel() for array in layer.params.values()])


def text(seed=0):
    """Four runs as a table of plain text."""
    return "\n\n".join(_as_table(name, run(name, seed)) for name in NAMES)


def _as_table(name, signs):
    lines = [
        name,
        "  step    loss   gradient norm first, last    largest step / w    most dead",
    ]
    for step in SHOWN:
        norm = signs["gradient_norm"][step]
        lines.append(
            f"  {step:4d}  {signs['loss'][step]:6.3f}         {norm[0]:8.1e} {norm[-1]:8.1e}"
            f"           {signs['update_ratio'][step].max():8.1e}       "
            f"{100 * signs['dead'][step].max():4.0f} %"
        )
    return "\n".join(lines)


if __name__ == "__main__":
    print(text())
