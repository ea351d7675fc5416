"""The workloads that everything is timed on, as data: network, rows, batch size, epochs."""

from typing import NamedTuple

import numpy as np

import nnscratch as nn

# Where so few rows are asked for, the images that ship with nnscratch are enough.
SHIPPED_ROWS = 5000
# A step of Adam has a square root and a division, which take as long as some thirty of the
# other operations: with them, its dozen of operations count as 40.
ADAM_OPERATIONS = 40


class Workload(NamedTuple):
    """A training or a prediction, told the same way to nnscratch and to its peers.

    units   of the hidden layers, all relu, and of the last: one is a sigmoid, more a softmax
    source  "fashion_mnist" (pixels 0..1), "circles", or "noise": what is neither read nor made
    pixels  "float32", or "uint8": the rows stay 0..255 and the network divides them by 255
    task    "fit", or "predict": one pass forward
    """

    name: str
    units: tuple
    rows: int
    batch_size: int = 32
    epochs: int = 1
    source: str = "fashion_mnist"
    pixels: str = "float32"
    task: str = "fit"

    @property
    def inputs(self):
        """The number of features of a row."""
        return 2 if self.source == "circles" else 784

    @property
    def widths(self):
        """Inputs and units, as one tuple."""
        return (self.inputs, *self.units)

    @property
    def title(self):
        """What it is, in a line."""
        net = "-".join(map(str, self.widths))
        kind = f" {self.pixels}" if self.pixels != "float32" else ""
        data = f"{self.source.replace('_', '-')}{kind}, {self.rows:,} rows"
        if self.task == "predict":
            return f"{self.name}: {data}, predict through {net}"
        epochs = f"{self.epochs} epoch{'s' * (self.epochs > 1)}"
        return f"{self.name}: {data}, {net}, Adam, batch {self.batch_size}, {epochs}"

    @property
    def operations(self):
        """How many floating-point operations it takes at the least.

        Two for each weight and row forward, two for its gradient, two to hand the gradient
        down, which the first layer need not do; and Adam's.
        """
        layers = [i * o for i, o in zip(self.widths[:-1], self.widths[1:], strict=True)]
        if self.task == "predict":
            return 2 * self.rows * sum(layers)
        steps = -(-self.rows // self.batch_size)
        products = self.rows * (4 * sum(layers) + 2 * sum(layers[1:]))
        return self.epochs * (products + steps * ADAM_OPERATIONS * self.parameters)

    @property
    def parameters(self):
        """The number of weights and biases."""
        return sum((i + 1) * o for i, o in zip(self.widths[:-1], self.widths[1:], strict=True))


W1 = Workload("W1", (100, 50, 10), 60_000)
W2 = Workload("W2", (10, 5, 1), 800, epochs=100, source="circles")
W3 = Workload("W3", (4, 4, 10), 60_000)
W3_UINT8 = W3._replace(name="W3-uint8", pixels="uint8")
W4 = Workload("W4", (512, 512, 10), 60_000, batch_size=128)
W5 = Workload("W5", (100, 50, 10), 10_000, task="predict")

ALL = {workload.name: workload for workload in (W1, W2, W3, W3_UINT8, W4, W5)}


def data(workload):
    """(x, y): x (rows, inputs) float32, or uint8 where the workload says so; y (rows,) int64.

    Beyond the images that there are, they are repeated, which costs the same time.
    """
    if workload.source == "circles":
        x, y = nn.datasets.circles(n_samples=max(1000, workload.rows))
        return x[: workload.rows].astype("float32"), y[: workload.rows]
    images, labels = _noise(workload) if workload.source == "noise" else _images(workload)
    if workload.pixels == "uint8":
        return images, labels
    x = images.astype("float32")
    x /= np.float32(255)
    return x, labels


def data_source():
    """A sentence on where the images come from."""
    return nn.datasets.fashion_mnist.find_data()[1]


def _noise(workload):
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (workload.rows, workload.inputs), dtype=np.uint8)
    return images, rng.integers(0, workload.units[-1], workload.rows)


def _images(workload):
    if workload.rows <= SHIPPED_ROWS:
        (images, labels), _ = nn.datasets.fashion_mnist.load_data(subset="small")
    else:
        ((images, labels), _), _ = nn.datasets.fashion_mnist.find_data()
    if workload.rows > len(images):
        repeated = np.arange(workload.rows) % len(images)
        images, labels = images[repeated], labels[repeated]
    rows = slice(workload.rows)  # a view: no second copy of the images
    return images[rows].reshape(-1, workload.inputs), labels[rows].astype("int64")


def model(workload, *, seed=0, **options):
    """Our own compiled model for the workload; options go to ``compile``."""
    *hidden, outputs = workload.units
    last, loss = (
        ("sigmoid", "binary_crossentropy")
        if outputs == 1
        else ("softmax", "sparse_categorical_crossentropy")
    )
    layers = [nn.layers.Input((workload.inputs,))]
    if workload.pixels == "uint8":
        layers.append(nn.layers.Rescaling(1 / 255))
    layers += [nn.layers.Dense(units, "relu") for units in hidden]
    net = nn.Sequential([*layers, nn.layers.Dense(outputs, last)], seed=seed)
    net.compile("adam", loss, **options)
    return net


def start_weights(workload):
    """[W1, b1, W2, b2, ...]: what every peer begins with."""
    return model(workload).get_weights()
