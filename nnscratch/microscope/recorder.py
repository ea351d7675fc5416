"""Recorder: a callback that writes what the microscope shows into one run file.

It watches from the batch hooks, so the training runs in the eager engine. The tensors it keeps
are those of ``model.trace``, seen by the same witnesses; nothing is computed here that
training does not compute.
"""

import hashlib
import math
import platform

import numpy as np

from nnscratch import checks, layers, losses, optimizers, saving, trace
from nnscratch.callbacks import Callback
from nnscratch.layers.base import computes_otherwise
from nnscratch.models import arguments, state

ACTIVATIONS = ("linear", "relu", "leaky_relu", "sigmoid", "softmax", "tanh")
LOSSES = {  # by the names that the page has for them
    "MeanSquaredError": "mse",
    "MeanAbsoluteError": "mae",
    "BinaryCrossentropy": "bce",
    "CategoricalCrossentropy": "cce",
    "SparseCategoricalCrossentropy": "scce",
}
OPTIMIZERS = ("SGD", "Adam", "RMSprop")
TENSORS = ("x", "z", "y", "dz", "dx")  # of each Dense layer, kept as evidence
OF_ROWS = {*TENSORS, "predictions", "losses"}  # have a row for each row of the batch
MOST_NUMBERS = 200_000  # up to which all parameters of all steps are kept, unless one asks
FEW_STATES = 12  # kept of a larger training
STEPS_PER_EVIDENCE = 1000  # a trace costs as much as twenty small steps
SAME_LOSS = 1e-4  # how far the trace's loss may be from the training's, relative


class Recorder(Callback):
    """Writes a training into ``path`` (a ``.safetensors`` run file) when it ends.

    x, y        what ``fit`` is given, to train on: nothing else tells which rows a batch has
    batch_size  as in ``fit``; None means 32
    shuffle     as in ``fit``
    states      how many times the parameters are kept: None keeps them before every step and
                after the last, or, if that were many numbers, as often as there is room; a
                number spreads that many over the training, more at its begin
    evidence    how many steps are kept with all their tensors: None means one of every 1,000
    test        (x, y) rows that the page's confusion matrix is made of
    title       what the page calls the run
    features    the names of the inputs; classes: the names of the classes

    Kept are the parameters, which rows each batch had, each step's loss, learning rate and
    norms of the gradient, the tensors of some steps, the data and its digest, seed, versions.

    Raises ValueError when training begins if the page could not show the model: Flatten and
    Rescaling may stand before Dense layers, nothing else, and the optimizer must not clip.
    """

    def __init__(
        self,
        path,
        x,
        y,
        *,
        batch_size=None,
        shuffle=True,
        states=None,
        evidence=None,
        test=None,
        title="A training run",
        features=None,
        classes=None,
    ):
        if not str(path).endswith(".safetensors"):
            raise ValueError(f"a run file's name ends in .safetensors, got {str(path)!r}")
        arguments.check_shuffle(shuffle)
        self.path, self.x, self.y, self.test = path, x, y, test
        self.batch_size = arguments.batch_size(batch_size)
        self.shuffle = shuffle
        if states is not None:
            states = checks.whole_number("states", states, least=2)
        self.states = states
        if evidence is not None:
            evidence = checks.whole_number("evidence", evidence, least=1)
        self.evidence = evidence
        self.title, self.features, self.classes = title, features, classes

    def on_train_begin(self, logs=None):
        """Check that the page can show this model, and make room."""
        refuse_what_the_page_cannot_show(self.model)
        self._examples = arguments.examples(self.model, self.x, self.y)
        self._step = 0
        self._batch_rows = min(self.batch_size, len(self._examples.x))
        self._first_step = self.model.optimizer.iterations
        total = self._steps_asked_for()
        wanted = self.evidence or 1 + math.ceil(total / STEPS_PER_EVIDENCE)
        self._evidence_due = _spread(total, wanted)
        self._make_room(total)

    def _steps_asked_for(self):
        per_epoch = math.ceil(len(self._examples.x) / self.batch_size)
        if per_epoch != self.params["steps"]:
            raise ValueError(
                f"the Recorder was given {len(self._examples.x)} rows in batches of"
                f" {self.batch_size}, {per_epoch} batches an epoch,\nbut fit trains"
                f" {self.params['steps']}. Give it the same x and batch_size as fit"
                " (and no validation_split)."
            )
        return self.params["epochs"] * per_epoch

    def _make_room(self, total):
        """Arrays for everything, made at once: in the training there is only copying."""
        numbers = self.model.count_params()
        fits = (total + 1) * numbers <= MOST_NUMBERS
        states = self.states or (total + 1 if fits else FEW_STATES)
        self._every_step = states > total
        due = set(range(total)) if self._every_step else _spread(total, states - 1, power=2)
        self._states_due = due | self._evidence_due
        states = len(self._states_due) + 1
        self._state_steps = []
        self._live = self.model.parameters  # the vector itself, which training changes in place
        self._after = self._live.copy()
        self._parameters = np.empty((states, numbers), self.model.dtype)
        # Where every state is there, the page follows the optimizer's memory from step to step.
        names = () if self._every_step else self.model.optimizer.state_names
        self._slots = {name: np.zeros((states, numbers), self.model.dtype) for name in names}
        self._evidence, self._evidence_steps = {}, []
        self._rows = np.full((total, self._batch_rows), -1, np.int32)
        self._mean, self._rate = np.empty(total), np.empty(total)
        tensors = 0 if self._every_step else len(self.model.gradient_tensors)
        self._gradient_norm = np.zeros((total, tensors), np.float32)

    def on_epoch_begin(self, epoch, logs=None):
        """Ask for the order of the rows; it is a function, so asking changes nothing."""
        order = self._order = self.model.row_order(len(self._examples.x), self.shuffle)
        begin = self._step * self._batch_rows
        self._rows.reshape(-1)[begin : begin + len(order)] = order

    def on_train_batch_begin(self, batch, logs=None):
        """Keep what stands before the step."""
        step, optimizer = self._step, self.model.optimizer
        self._rate[step] = optimizer.rate(optimizer.iterations + 1, float)
        if step in self._states_due:
            self._keep_state(step)
        if step in self._evidence_due:
            rows = self._rows[step]
            self._keep_evidence(step, rows[rows >= 0])

    def _keep_state(self, step):
        at = len(self._state_steps)
        self._state_steps.append(step)
        self._parameters[at] = self._live
        for name, kept in self._slots.items():
            kept[at] = self.model.optimizer.state.get(name, 0)

    def _keep_evidence(self, step, rows):
        with np.errstate(all="ignore"):
            seen = trace.see(self.model, self._examples.x[rows], self._examples.y[rows])
        self._traced_loss = float(seen.loss)
        kept = {"predictions": seen.predictions, "losses": seen.losses}
        if self._every_step:
            zeros = np.zeros_like(self._live)
            for name in self.model.optimizer.state_names:
                kept[f"slots/{name}"] = self.model.optimizer.state.get(name, zeros).copy()
        layers_seen = zip(seen.flows, seen.gradients, strict=True)
        dense = [(flow, gradients) for flow, gradients in layers_seen if flow["z"] is not None]
        for i, (flow, gradients) in enumerate(dense):
            kept |= {f"{i}/{name}": flow[name] for name in TENSORS}
            kept |= {f"{i}/d{name}": array for name, array in gradients.items()}
        self._put_evidence(step, kept)

    def _put_evidence(self, step, kept):
        """Each tensor into one block for all steps: a file of many small arrays is slow."""
        at = len(self._evidence_steps)
        self._evidence_steps.append(step)
        for name, array in kept.items():
            if at == 0:
                rows = self._batch_rows if _is_of_rows(name) else len(array)
                shape = (len(self._evidence_due), rows, *array.shape[1:])
                self._evidence[name] = np.zeros(shape, array.dtype)
            self._evidence[name][at, : len(array)] = array

    def on_train_batch_end(self, batch, logs=None):
        """Keep what the step came to; ``logs`` hold the epoch's means so far."""
        step = self._step
        self._mean[step] = logs["loss"]
        self._after[...] = self._live  # a fit that leaves the finite numbers takes them back
        if not self._every_step:
            norms = [math.sqrt(np.vdot(g, g)) for g in self.model.gradient_tensors]
            self._gradient_norm[step] = norms
        if step == 0:
            self._check_same_rows(self._mean[0])
        self._step += 1

    def _check_same_rows(self, loss):
        expected = self._traced_loss
        if math.isfinite(loss) and abs(loss - expected) > SAME_LOSS * max(1, abs(expected)):
            raise ValueError(
                "the Recorder does not see what fit trains on: its first batch has the loss"
                f" {expected:.6g},\nfit's {loss:.6g}. Give it the same x, y, batch_size and"
                " shuffle as fit, and no sample or class weights."
            )

    def on_train_end(self, logs=None):
        """Write the run file, whole or not at all."""
        if self._step:  # else no batch was trained: there is nothing to show
            at = len(self._state_steps)
            self._state_steps.append(self._step)
            self._parameters[at] = self._after
            saving.write(self.path, self._arrays(), self._document(), to_disk=False)

    def _arrays(self):
        """The arrays of the run file, by the names that ``run_file`` reads."""
        steps, states = self._step, len(self._state_steps)
        arrays = {
            "x": self._examples.x,
            "y": self._examples.y,
            "rows": self._rows[:steps],
            "loss": self._losses(steps),
            "rate": self._rate[:steps],
            "gradient_norm": self._gradient_norm[:steps],
            "state_steps": np.array(self._state_steps, np.int32),
            "parameters": self._parameters[:states],
        }
        arrays |= {f"slots/{name}": kept[:states] for name, kept in self._slots.items()}
        evidence = len(self._evidence_steps)
        arrays |= {f"evidence/{name}": kept[:evidence] for name, kept in self._evidence.items()}
        if self.test is not None:
            x, y = self.test
            found = arguments.examples(self.model, x, y, prefix="test ")
            arrays |= {"test_x": found.x, "test_y": found.y}
        return arrays

    def _losses(self, steps):
        """Each step's loss (steps,), from the epochs' means so far, which the logs hold."""
        batch = np.arange(steps) % self.params["steps"]
        rows_left = len(self._examples.x) - batch * self._batch_rows
        sizes = np.minimum(rows_left, self._batch_rows)
        totals = self._mean[:steps] * (batch * self._batch_rows + sizes)
        with np.errstate(invalid="ignore"):  # from the first inf on there is no loss
            before = np.where(batch == 0, 0.0, np.roll(totals, 1))
            return (totals - before) / sizes

    def _document(self):
        x, y, _ = self._examples
        return {
            "kind": "run",
            "title": self.title,
            "features": self.features,
            "classes": self.classes,
            "architecture": state.architecture(self.model),
            "optimizer": optimizers.serialize(self.model.optimizer),
            "loss": losses.serialize(self.model.loss),
            "first_step": int(self._first_step),
            "steps_per_epoch": self.params["steps"],
            "batch_size": self._batch_rows,
            "shuffle": self.shuffle,
            "order_seed": self.model.order_seed,
            "evidence_steps": self._evidence_steps,
            "versions": _versions(),
            "data_digest": hashlib.sha256(x.tobytes() + y.tobytes()).hexdigest(),
        }


def _is_of_rows(name):
    return name.rpartition("/")[-1] in OF_ROWS


def evidence_of(kept, at, rows):
    """The tensors {name: array} of one step, out of the blocks that hold those of all."""
    return {n: a[at, :rows] if _is_of_rows(n) else a[at] for n, a in kept.items()}


def _spread(total, count, *, power=1):
    """About ``count`` of the steps 0..total-1, first and last among them, as a set."""
    shares = np.linspace(0, 1, count) ** power
    return {int(step) for step in (shares * (total - 1)).round()} if total else set()


def _versions():
    import nnscratch

    return {
        "nnscratch": nnscratch.__version__,
        "numpy": np.__version__,
        "python": platform.python_version(),
    }


# ---- what the page can show ------------------------------------------------------------------


def refuse_what_the_page_cannot_show(model):
    """ValueError, with the part named, for a model that the page's engine does not know."""
    is_before = True
    for layer in model.layers:
        is_before &= isinstance(layer, (layers.Flatten, layers.Rescaling))
        if not is_before and not _is_plain_dense(layer):
            raise ValueError(
                f"the microscope cannot show layer {layer.name!r} ({type(layer).__name__}):\n"
                "it knows Dense layers, and Flatten and Rescaling before the first of them."
            )
    parts = ("loss", model.loss, LOSSES), ("optimizer", model.optimizer, OPTIMIZERS)
    for what, part, known in parts:
        is_ours = type(part).__module__.startswith("nnscratch.")
        if not is_ours or type(part).__name__ not in known:
            raise ValueError(
                f"the microscope cannot show the {what} {type(part).__name__}:"
                f" it knows {', '.join(known)}."
            )
    _refuse_options(model)


def _is_plain_dense(layer):
    return (
        isinstance(layer, layers.Dense)
        and not computes_otherwise(layer, layers.Dense)
        and layer.activation.name in ACTIVATIONS
    )


def _refuse_options(model):
    optimizer, loss = model.optimizer, model.loss
    refused = {
        "clipnorm": optimizer.clipnorm,
        "clipvalue": optimizer.clipvalue,
        "label_smoothing": loss.label_smoothing,
        "centered": getattr(optimizer, "centered", False),
        "nesterov": getattr(optimizer, "nesterov", False),
        f"reduction={loss.reduction!r}": loss.reduction
        not in ("sum_over_batch_size", "mean", "mean_with_sample_weight", None),
    }
    for name, value in refused.items():
        if value:
            raise ValueError(f"the microscope cannot show {name}; train this run without it.")
