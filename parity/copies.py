"""A user's Keras model and its mirrors, trained side by side by copies: Gates 1 and 2.

All copies begin with the same weights, optimizer state and dropout seeds, and go over the same
rows in the same order.
"""

from contextlib import suppress

import numpy as np

import nnscratch as nn
from parity import gates
from parity.engines import not_compared, refusal
from parity.mirror import copy_state, mirror, number_format

# How far apart two free runs may always be; only beyond that is Keras compared with itself.
ALLOWED = {"float64": 1e-12, "float32": 5e-6}


def twin(model, x, **compile_options):
    """A copy of a compiled keras.Sequential with all its state; built for x if it was not."""
    import keras

    copy = keras.Sequential.from_config(model.get_config())
    if model.built:
        copy.set_weights(model.get_weights())
    else:
        copy.build((None, *(x.shape[1:] or (1,))))
    for layer, own in zip(model.layers, copy.layers, strict=True):
        if hasattr(layer, "seed_generator"):
            own.seed_generator.state.assign(layer.seed_generator.state)
    config, optimizer = model._compile_config.config, model.optimizer
    metrics = [
        each.from_config(each.get_config()) if isinstance(each, keras.Metric) else each
        for each in keras.tree.flatten(config["metrics"] or [])
    ]
    copy.compile(
        optimizer=optimizer.from_config(optimizer.get_config()),
        loss=config["loss"],
        metrics=metrics,
        run_eagerly=config["run_eagerly"],
        **{"jit_compile": False} | compile_options,
    )
    if optimizer.built:
        copy.optimizer.build(copy.trainable_variables)
    for variable, own in zip(optimizer.variables, copy.optimizer.variables, strict=True):
        own.assign(variable)
    return copy


class Rows:
    """The rows as a seeded Keras shuffles them, in the same way for every epoch.

    Both libraries are given them in that order and do not shuffle, so that no global seed has
    to be set.
    """

    def __init__(self, x, y, sample_weight, seed):
        x, y = np.asarray(x), np.asarray(y)
        nn.data.check_same_length(x, y, "y")
        order = nn.random.keras_order(len(x), seed)
        self.x, self.y, self.weight = x[order], y[order], None
        if sample_weight is not None:
            weight = np.asarray(sample_weight)
            nn.data.check_same_length(x, weight, "sample_weight")
            self.weight = weight[order]

    def fit(self, model, part=slice(None), **options):
        """Train a model of either library on these rows."""
        weight = None if self.weight is None else self.weight[part]
        same = {"sample_weight": weight, "shuffle": False, "verbose": 0}
        return model.fit(self.x[part], self.y[part], **same, **options)


class Training:
    """One training, to be made by copies of ``start``, which itself is never trained."""

    def __init__(self, start, rows, fit_options):
        self.start, self.rows, self.fit_options = start, rows, fit_options
        self.dtype = number_format(start)

    def ours(self, **compile_options):
        """The curves of our copy, {name: [value of each epoch]}, to where it broke off."""
        model = mirror(self.start, **compile_options)
        with suppress(nn.NonFiniteError):
            self.rows.fit(model, **self.fit_options)
        return model.history.history

    def theirs(self, model, callbacks=()):
        """The curves of Keras's copy."""
        curves = self.rows.fit(model, callbacks=list(callbacks), **self.fit_options).history
        if not np.isfinite(curves["loss"]).all():
            raise ValueError(
                f"the loss of {model.name!r} becomes {curves['loss'][-1]} in Keras itself, so"
                " that there is nothing to compare; try a lower learning rate"
            )
        return curves

    def floor(self):
        """{variant: curves} of Keras in another of its modes."""
        if not any(hasattr(layer, "seed_generator") for layer in self.start.layers):
            return {"jit": self.theirs(twin(self.start, self.rows.x, jit_compile=True))}
        # Compiled by XLA, Keras draws other dropout masks: that would be another training. So
        # here it starts one rounding away.
        model = twin(self.start, self.rows.x)
        model.set_weights([np.nextafter(w, np.inf) for w in model.get_weights()])
        return {"next weights": self.theirs(model)}

    def count(self, name):
        """How many rows the curve of that name is taken over."""
        validation = name.startswith("val_")
        return len(self.fit_options["validation_data"][0] if validation else self.rows.x)


# ---- The gates -------------------------------------------------------------------------------


def both_gates(training, engines, steps):
    """(Results, FreeRuns) of both gates; engines: {name: arguments of our compile}."""
    refused = _refused(training, engines)
    engines = {name: options for name, options in engines.items() if name not in refused}
    # Ours first: what nnscratch would not train on is then said at once.
    ours = {name: training.ours(**options) for name, options in engines.items()}
    pupils = [_Pupil(training, name, options) for name, options in engines.items()]
    teacher = _teacher(pupils, training, steps)
    theirs = training.theirs(twin(training.start, training.rows.x), [teacher])
    runs = [
        gates.FreeRun(training.start.name, name, training.dtype, curves, theirs, {})
        for name, curves in ours.items()
    ]
    results = [_curve(training, each, name) for each in runs for name in theirs]
    if not all(result.passed for result in results):
        floors = training.floor()
        for each in runs:
            each.floors.update(floors)
        results = [_curve(training, each, name) for each in runs for name in theirs]
    forced = [line for pupil in pupils for line in pupil.results()]
    return [*forced, *results, *refused.values()], runs


def _refused(training, engines):
    """{engine: the line that says why it does not train this model}."""
    about = {"case": training.start.name, "gate": 1, "dtype": training.dtype}
    reasons = {
        name: refusal(mirror(training.start, **options), name)
        for name, options in engines.items()
    }
    return {
        name: not_compared(**about, engine=name, reason=reason)
        for name, reason in reasons.items()
        if reason
    }


class _Pupil:
    """Gate 1 for one engine: our model takes each step from Keras's state before it."""

    def __init__(self, training, engine, compile_options):
        self.training, self.engine = training, engine
        self.model = mirror(training.start, **compile_options)
        self.found = []

    def take_step(self, theirs, part):
        """Train on one batch, from Keras's state."""
        copy_state(theirs, self.model)
        if not np.isfinite(self.model.parameters).all():
            return  # Keras is lost; ours would refuse to go on from there
        names = "batch_size", "class_weight"
        options = {name: self.training.fit_options[name] for name in names}
        with suppress(nn.NonFiniteError):  # the weights stay as they were, and are apart
            self.training.rows.fit(self.model, part, **options)

    def compare(self, theirs):
        """Hold our weights beside Keras's, after its step."""
        weights = np.concatenate([np.ravel(array) for array in theirs.get_weights()])
        self.found.append(gates.weights_apart(self.model, weights))

    def results(self):
        """The two lines of Gate 1."""
        case, dtype = self.training.start.name, self.training.dtype
        return gates.forced_lines(
            self.found, case, self.engine, dtype, why="the rounding of one step"
        )


def _teacher(pupils, training, steps):
    """A callback that lets the pupils take each of the first steps beside Keras."""
    import keras

    size = training.fit_options["batch_size"]

    class Teacher(keras.callbacks.Callback):
        taken = 0

        def on_train_batch_begin(self, batch, logs=None):
            if self.taken < steps:
                for pupil in pupils:
                    pupil.take_step(self.model, slice(batch * size, (batch + 1) * size))

        def on_train_batch_end(self, batch, logs=None):
            if self.taken < steps:
                for pupil in pupils:
                    pupil.compare(self.model)
            self.taken += 1

    return Teacher()


def _curve(training, free_run, name):
    """The line of Gate 2 for the curve of that name, by the floor rule."""
    ours, theirs = _as_rows(free_run.ours, free_run.theirs, name)
    apart = weights_apart(ours, theirs, name)
    floors = [
        weights_apart(*_as_rows(f, free_run.theirs, name), name)
        for f in free_run.floors.values()
    ]
    floor = float(np.max(floors)) if floors else None
    always = ALLOWED[training.dtype]
    if _is_accuracy(name) and training.dtype == "float32":
        always += 1 / training.count(name)  # one row may lie on the very edge
    allowed = max(always, gates.FLOOR_FACTOR * (floor or 0.0))
    bad = np.argwhere(~(apart <= allowed))
    place = tuple(bad[0]) if bad.size else np.unravel_index(np.argmax(apart), apart.shape)
    return gates.Result(
        case=free_run.case,
        gate=2,
        what=f"{name}, epochs 1 to {len(apart)}",
        engine=free_run.engine,
        dtype=training.dtype,
        deviation=float(apart.max()),  # NaN, if there is one
        tolerance=allowed,
        floor=floor,
        where=f"{'first' if bad.size else 'worst'} at epoch {place[0] + 1}:"
        f" {ours[place]:.9g} here, {theirs[place]:.9g} in Keras",
        why=f"always allowed: {always:.2g}; else {gates.FLOOR_FACTOR} times the floor",
    )


def _as_rows(curves, others, name):
    """Two curves as (epochs, numbers); where the first broke off it is NaN."""
    theirs = np.array(others[name], float).reshape(len(others[name]), -1)
    ours, values = np.full_like(theirs, np.nan), curves.get(name, [])
    for row, value in zip(ours, values, strict=False):
        row[:] = value
    return ours, theirs


def weights_apart(ours, theirs, name):
    """How far apart two curves are, number by number: an accuracy absolutely, else relative."""
    scale = 1.0 if _is_accuracy(name) else np.maximum(np.abs(theirs), np.finfo(float).tiny)
    return np.abs(ours - theirs) / scale


def _is_accuracy(name):
    return name.endswith(("accuracy", "acc"))
