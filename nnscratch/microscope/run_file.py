"""A recorded run, read back: every array checked, and the model at any step made again."""

import copy
from functools import cached_property

import numpy as np

from nnscratch import layers, losses, models, optimizers, saving
from nnscratch.microscope.recorder import evidence_of

NEEDED = ("x", "y", "rows", "loss", "rate", "gradient_norm", "state_steps", "parameters")
KNOWN_FORMAT = (
    "It is written by nn.microscope.Recorder(path, x, y), given to fit(callbacks=...)."
)


def read(path):
    """The Run in a file that ``Recorder`` wrote.

    Raises FileNotFoundError, or ValueError for a file that is truncated, damaged, or not a run.
    """
    arrays, document = saving.read(path)
    if document.get("kind") != "run":
        raise ValueError(
            f"{str(path)!r} holds a {document.get('kind', 'thing')}, not a recorded run.\n"
            + KNOWN_FORMAT
        )
    _check_shapes(path, arrays, document)
    return Run(arrays, document)


def _check_shapes(path, arrays, document):
    missing = [name for name in NEEDED if name not in arrays]
    if missing:
        raise ValueError(f"the run in {str(path)!r} lacks {missing[0]!r}.\n{KNOWN_FORMAT}")
    steps, states = len(arrays["loss"]), len(arrays["state_steps"])
    expected = {
        "rate": (steps,),
        "rows": (steps, document["batch_size"]),
        "parameters": (states, arrays["parameters"].shape[-1]),
        "y": (len(arrays["x"]), *arrays["y"].shape[1:]),
    }
    for name, shape in expected.items():
        if arrays[name].shape != shape:
            raise ValueError(
                f"the run in {str(path)!r} is not sound: {name!r} must have the shape {shape},"
                f" got {arrays[name].shape}"
            )


class Run:
    """A recorded run.

    arrays       what the file holds, by name; document: its JSON
    losses       (S,) each step's loss before its update; rates (S,) its learning rate
    state_steps  (K,) before which steps the parameters are known; the last is S, the end
    parameters   (K, N) the flat parameter vectors of those states
    """

    def __init__(self, arrays, document):
        self.arrays, self.document = arrays, document
        self.losses, self.rates = arrays["loss"], arrays["rate"]
        self.state_steps, self.parameters = arrays["state_steps"], arrays["parameters"]

    def __repr__(self):
        return (
            f"<Run {self.document['title']!r}: {self.steps} steps,"
            f" {self.parameters.shape[1]} parameters>"
        )

    @property
    def steps(self):
        """S, how many steps were trained."""
        return len(self.losses)

    @property
    def is_complete(self):
        """Whether the parameters are known before every step."""
        return len(self.state_steps) == self.steps + 1

    @cached_property
    def _model(self):
        config = self.document["architecture"]
        stack = [layers.deserialize(layer) for layer in config["layers"]]
        model = models.Sequential(
            stack, config["name"], dtype=config["dtype"], seed=config["seed"]
        )
        model.build(config["input_shape"])
        optimizer = optimizers.deserialize(self.document["optimizer"])
        model.compile(optimizer, losses.deserialize(self.document["loss"]))
        return model

    def model(self, state=-1):
        """A model as it was at a state, an index of ``state_steps``."""
        model = copy.deepcopy(self._model)
        self.put(model, state)
        return model

    def put(self, model, state):
        """Bring a model that ``model`` returned to another state.

        Its optimizer knows its memory only where the run keeps it, with thin states.
        """
        model.parameters[...] = self.parameters[state]
        model.optimizer.state = {
            name.removeprefix("slots/"): array[state].copy()
            for name, array in self.arrays.items()
            if name.startswith("slots/")
        }
        model.optimizer.iterations = self.document["first_step"] + int(self.state_steps[state])

    @property
    def dense(self):
        """The model's Dense layers."""
        return [layer for layer in self._model.layers if isinstance(layer, layers.Dense)]

    @property
    def joined(self):
        """Whether the loss is computed from the logits of the last layer."""
        return self._model.batch_loss.joined

    @property
    def takes_logits(self):
        """Whether the loss makes probabilities itself: joined, or made with from_logits."""
        return self.joined or self.document["loss"]["config"].get("from_logits", False)

    def batch(self, step):
        """The rows of the data that a step trained on."""
        rows = self.arrays["rows"][step]
        return rows[rows >= 0]

    def features(self, x):
        """Rows as the first Dense layer gets them, (n, I)."""
        x = np.asarray(x).astype(self._model.dtype, copy=False)
        for layer in self._model.layers:
            if isinstance(layer, layers.Dense):
                return x
            x, _ = layer.forward(x)
        return x

    def evidence(self):
        """{step: {name: array}} of the steps that were kept with all their tensors."""
        kept = {
            name.removeprefix("evidence/"): array
            for name, array in self.arrays.items()
            if name.startswith("evidence/")
        }
        steps = self.document["evidence_steps"]
        return {s: evidence_of(kept, at, len(self.batch(s))) for at, s in enumerate(steps)}
