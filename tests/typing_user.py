"""A user's script that leaves no type unsaid: ``mypy --strict`` finds nothing in it.

It is read by the type checker (``make check``), and run by a test.
"""

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

import nnscratch as nn


class Scale(nn.layers.Layer):
    """A layer of the user's own."""

    def build(self, input_shape: tuple[Any, ...]) -> None:
        self.add_weight("s", input_shape[1:], "ones")

    def forward(self, x: np.ndarray, *, training: bool = False) -> tuple[np.ndarray, Any]:
        return x * self.params["s"], x

    def backward(self, dy: np.ndarray, cache: Any) -> tuple[np.ndarray, dict[str, np.ndarray]]:
        return dy * self.params["s"], {"s": (dy * cache).sum(axis=0)}


class Huber(nn.losses.Loss):
    """A loss of the user's own."""

    def values(self, y: np.ndarray, p: np.ndarray) -> np.ndarray:
        off = np.abs(p - y)
        each: np.ndarray = np.where(off < 1, off**2 / 2, off - 0.5).mean(axis=-1)
        return each

    def gradient(self, y: np.ndarray, p: np.ndarray) -> np.ndarray:
        pull: np.ndarray = np.clip(p - y, -1, 1) / p.dtype.type(p.shape[-1])
        return pull


class Halve(nn.callbacks.Callback):
    """A callback of the user's own."""

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        self.model.optimizer.learning_rate /= 2


def classify() -> float:
    """Build, train, look, keep: what most scripts do."""
    x, y = nn.datasets.circles(n_samples=200, seed=1)
    nn.utils.set_random_seed(1)
    layers = [nn.layers.Input((2,)), nn.layers.Dense(8, activation="relu"), nn.layers.Dense(1)]
    model = nn.Sequential(layers, name="circles", dtype=nn.config.floatx())
    model.add(nn.layers.Activation(nn.activations.sigmoid))
    decay = nn.optimizers.schedules.ExponentialDecay(0.05, 100, 0.9)
    model.compile(
        nn.optimizers.Adam(decay, clipvalue=1.0),
        nn.losses.BinaryCrossentropy(label_smoothing=0.01),
        metrics=["accuracy", nn.metrics.Recall()],
    )
    stop = nn.callbacks.EarlyStopping("loss", patience=3, restore_best_weights=True)
    history: nn.callbacks.History = model.fit(
        x, y, 20, epochs=4, verbose=0, callbacks=[stop], validation_split=0.25
    )
    curve: list[float] = history.history["loss"]
    model.summary(print_fn=lambda text: None)
    weights: list[np.ndarray] = model.get_weights()
    model.set_weights(weights)
    with TemporaryDirectory() as folder:
        path = Path(folder) / "circles.nnscratch.safetensors"
        model.save(path)
        again: nn.Sequential = nn.models.load_model(path)
    same: bool = np.array_equal(again.predict(x, verbose=0), model.predict(x, verbose=0))
    if not same:
        raise AssertionError("the file holds another model")
    return curve[-1]


def regress() -> str:
    """Parts of one's own, the gradient check, the learning-rate finder, pictures."""
    x = np.linspace(-1, 1, 40).reshape(-1, 1)
    model = nn.Sequential([Scale(), nn.layers.Dense(4, nn.activations.get("tanh"))])
    model.add(nn.layers.Dense(1, kernel_initializer=nn.initializers.HeNormal(seed=3)))
    model.compile(nn.optimizers.SGD(0.1, momentum=0.9), Huber(), run_eagerly=True)
    model.fit(x, x**2, epochs=2, verbose=0, callbacks=Halve())
    report = nn.gradcheck(model, x[:6], x[:6] ** 2)
    ok: bool = report.ok and report.worst.error < report.tolerance
    found = nn.learning_rate_sweep(model, x, x**2, stop=0.5, epochs=4)
    rate: float = found.suggestion
    layer = model.get_layer(index=0)
    one_hot: np.ndarray = nn.utils.to_categorical([0, 2, 1], num_classes=3)
    loss: np.ndarray = nn.losses.mse(one_hot, one_hot)
    return f"{ok} {rate > 0} {layer.count_params()} {model.engine} {loss.sum():g}"


if __name__ == "__main__":
    print(f"{classify():.3f}", regress())
