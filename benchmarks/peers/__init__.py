"""Who is timed: each peer a class ``Peer`` in a module of its own, told the same workload.

A peer is made as ``Peer(workload, x, y, weights, **options)``. ``reset()`` puts it back to the
start, ``run(shuffle=True)`` trains or predicts once and is all that is timed. ``threads`` says
how many cores it may use. What a peer can do once, before it trains, such as copying the data
into its own tensors, is not charged to it.
"""

import importlib
import importlib.metadata
import importlib.util
from typing import NamedTuple

from nnscratch import checks, config


class Entry(NamedTuple):
    """A peer by name: its module, the package it needs, the options that make it this peer."""

    name: str
    module: str
    package: str
    options: dict
    tasks: tuple = ("fit", "predict")
    pixels: tuple = ("float32", "uint8")

    @property
    def installed(self):
        """Whether its package is here."""
        return importlib.util.find_spec(self.package) is not None

    def takes(self, workload):
        """Whether it has something of its own to show on this workload."""
        return workload.task in self.tasks and workload.pixels in self.pixels

    def make(self, workload, x, y, weights):
        """The peer itself, its package imported."""
        module = importlib.import_module(f"benchmarks.peers.{self.module}")
        return module.Peer(workload, x, y, weights, **self.options)


CORES = config.available_cores()
THREADS = min(2, CORES)  # what the targets are set for


def ours(threads):
    """Our default engine on so many threads."""
    return Entry(f"nnscratch-{threads}", "ours", "nnscratch", {"threads": threads})


def torch(threads):
    """PyTorch on so many threads."""
    return Entry(f"torch-{threads}", "torch", "torch", {"threads": threads})


_entries = [
    *(ours(threads) for threads in range(THREADS, 0, -1)),
    Entry("nnscratch-eager", "ours", "nnscratch", {"run_eagerly": True}),
    Entry("numpy", "by_hand", "numpy", {}),
    Entry("jax", "jax", "jax", {}),
    *(torch(threads) for threads in range(1, THREADS + 1)),
    Entry("keras", "keras", "tensorflow", {}),
    Entry("keras-spe100", "keras", "tensorflow", {"steps_per_execution": 100}),
    Entry(
        "keras-jit",
        "keras",
        "tensorflow",
        {"steps_per_execution": 100, "jit_compile": True},
        tasks=("fit",),
    ),
    Entry("keras-call", "keras", "tensorflow", {"by_call": True}, tasks=("predict",)),
    # It would copy uint8 rows into floats before it trains.
    Entry("sklearn", "sklearn", "sklearn", {}, pixels=("float32",)),
]
ALL = {entry.name: entry for entry in _entries}
OURS = tuple(name for name in ALL if name.startswith("nnscratch"))


def find(name):
    """The entry of this name; an unknown one raises ValueError with the names there are."""
    if name not in ALL:
        near = checks.did_you_mean(name, list(ALL))
        raise ValueError(f"unknown peer {name!r}.{near}\nThere are: {', '.join(ALL)}.")
    return ALL[name]


def versions():
    """{package: version} of what is installed of all that is compared."""
    packages = ("nnscratch", "numpy", "numba", "jax", "jaxlib", "torch", "tensorflow", "keras")
    found = {}
    for package in (*packages, "scikit-learn", "scipy"):
        try:
            found[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            found[package] = "not installed"
    return found
