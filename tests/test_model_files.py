"""Models in files: what comes back, how it trains on, and which files do not fit."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import nnscratch as nn
from nnscratch.layers import Activation, Dense, Dropout, Flatten, Input, Layer, Rescaling
from nnscratch.models import load_model

NAME = "model.nnscratch.safetensors"


def make_model(optimizer=None, **options):
    stack = [Input((2,)), Dense(6, "tanh"), Dropout(0.2), Dense(1, "sigmoid")]
    model = nn.Sequential(stack, **{"seed": 3, "dtype": "float64"} | options)
    loss = nn.losses.BinaryCrossentropy(label_smoothing=0.1)
    recall = nn.metrics.Recall(0.3, class_id=0, name="found")
    model.compile(optimizer or nn.optimizers.Adam(0.02), loss, metrics=["accuracy", recall])
    return model


def make_data(rows=40):
    x = np.random.default_rng(7).normal(size=(rows, 2))
    return x, (x[:, 0] * x[:, 1] > 0).astype(float)


def fit(model, epochs=2, **options):
    return model.fit(*make_data(), batch_size=8, epochs=epochs, verbose=0, **options).history


def same(ours, theirs):
    return all(np.array_equal(a, b) for a, b in zip(ours, theirs, strict=True))


def all_of(model):
    """Everything about a model that training changes, as values that can be compared."""
    optimizer = model.optimizer
    return {
        "weights": [array.tolist() for array in model.get_weights()],
        "state": {name: array.tolist() for name, array in optimizer.state.items()},
        "steps": optimizer.iterations,
        "rate": repr(optimizer.schedule or optimizer.learning_rate),
        "dropout": [(each.seed, each.calls) for each in model.layers if hasattr(each, "calls")],
        "epochs": model.epochs_trained,
        "order": model.row_order(40, True).tolist(),
        "history": model.history and (model.history.history, model.history.epoch),
        "loss": repr(model.loss),
        "built": model.built,
    }


# ---- save and load_model ----

OPTIMIZERS = {
    "Adam": lambda: nn.optimizers.Adam(0.02, clipnorm=0.5),
    "SGD": lambda: nn.optimizers.SGD(0.1),
    "momentum": lambda: nn.optimizers.SGD(0.1, momentum=0.9, nesterov=True),
    "RMSprop": lambda: nn.optimizers.RMSprop(0.01, momentum=0.5, centered=True),
    "ExponentialDecay": lambda: nn.optimizers.SGD(
        nn.optimizers.schedules.ExponentialDecay(0.1, 7, 0.9, staircase=True)
    ),
    "CosineDecay": lambda: nn.optimizers.Adam(
        nn.optimizers.schedules.CosineDecay(0.01, 30, warmup_target=0.05, warmup_steps=4)
    ),
}


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("optimizer", OPTIMIZERS.values(), ids=OPTIMIZERS)
def test_a_loaded_model_is_the_saved_one_and_trains_on_bit_for_bit(tmp_path, optimizer, dtype):
    model = make_model(optimizer(), dtype=dtype)
    fit(model)
    model.save(tmp_path / NAME)
    loaded = load_model(tmp_path / NAME)
    assert all_of(loaded) == all_of(model)
    assert loaded.parameters.dtype == dtype
    assert np.array_equal(loaded.predict(make_data()[0]), model.predict(make_data()[0]))
    assert fit(loaded) == fit(model)
    assert all_of(loaded) == all_of(model)


def test_what_a_model_is_comes_back_with_all_its_arguments(tmp_path):
    stack = [
        Input((4, 3)), Rescaling(0.5, -1.0, name="centre"), Flatten(),
        Dense(5, "leaky_relu", kernel_initializer="he_normal", bias_initializer="ones"),
        Activation("relu"), Dense(2, "softmax", use_bias=False, name="last"),
    ]  # fmt: skip
    model = nn.Sequential(stack, "net", dtype="float64")
    loss = nn.losses.SparseCategoricalCrossentropy(reduction="sum")
    f1 = nn.metrics.F1Score("macro", 0.4)
    model.compile(nn.optimizers.SGD(0.1), loss, metrics=["acc", f1], run_eagerly=True)
    model.save(tmp_path / NAME)
    loaded = load_model(tmp_path / NAME)
    assert loaded.name == "net"
    assert [repr(layer) for layer in loaded.layers] == [repr(layer) for layer in model.layers]
    configs = [[layer.get_config() for layer in m.layers] for m in (loaded, model)]
    assert configs[0] == configs[1]
    assert repr(loaded.optimizer) == repr(model.optimizer)
    assert repr(loaded.loss) == repr(model.loss)
    assert loaded.metric_identifiers[0] == "acc"
    again = loaded.metric_identifiers[1]
    assert (type(again), again.average, again.threshold) == (type(f1), "macro", 0.4)
    assert loaded.run_eagerly


def test_the_settings_of_a_metric_come_back_so_its_values_do(tmp_path):
    model = make_model()
    model.save(tmp_path / NAME)
    loaded = load_model(tmp_path / NAME)
    options = {"verbose": 0, "return_dict": True}
    assert loaded.evaluate(*make_data(), **options) == model.evaluate(*make_data(), **options)
    assert "found" in model.evaluate(*make_data(), **options)


def test_a_metric_given_as_a_class_keeps_its_name(tmp_path):
    model = make_model()
    model.compile("sgd", "binary_crossentropy", metrics=[nn.metrics.Precision, "recall"])
    model.save(tmp_path / NAME)
    options = {"verbose": 0, "return_dict": True}
    results = load_model(tmp_path / NAME).evaluate(*make_data(), **options)
    assert list(results) == ["loss", "precision", "recall"]
    assert results == model.evaluate(*make_data(), **options)


def test_the_history_comes_back(tmp_path):
    model = make_model()
    rate = nn.callbacks.LearningRateScheduler(lambda epoch: 0.1 / (epoch + 1))
    history = fit(model, validation_split=0.25, initial_epoch=1, epochs=3, callbacks=rate)
    model.save(tmp_path / NAME)
    loaded = load_model(tmp_path / NAME).history
    assert isinstance(loaded, nn.callbacks.History)
    assert loaded.history == history
    assert list(loaded.history) == list(history)
    assert loaded.epoch == [1, 2]
    assert loaded.model.epochs_trained == 2


def test_values_that_are_no_plain_floats_survive_in_a_history(tmp_path):
    model = make_model()
    fit(model)
    columns = {"f1": [np.array([0.5, 1.0])], "loss": [np.inf], "x": [np.float32(0.5)]}
    model.history.history, model.history.epoch = columns, [0]
    model.save(tmp_path / NAME)
    loaded = load_model(tmp_path / NAME).history.history
    assert loaded == {"f1": [[0.5, 1.0]], "loss": [np.inf], "x": [0.5]}


def test_a_rate_that_a_callback_set_comes_back(tmp_path):
    model = make_model()
    fit(model, callbacks=nn.callbacks.LearningRateScheduler(lambda epoch: 0.125))
    model.save(tmp_path / NAME)
    assert load_model(tmp_path / NAME).optimizer.learning_rate == 0.125


def test_what_was_never_compiled_or_has_no_weights_can_be_saved(tmp_path):
    model = nn.Sequential([Input((2, 2)), Flatten()])
    model.save(tmp_path / NAME)
    loaded = load_model(tmp_path / NAME)
    assert not loaded.compiled
    assert loaded.history is None
    assert loaded.predict(np.ones((1, 2, 2))).shape == (1, 4)


def test_saving_does_not_disturb_the_training(tmp_path):
    plain, saved = make_model(), make_model()
    for _ in range(2):
        fit(plain)
        fit(saved)
        saved.save(tmp_path / NAME)
    assert all_of(plain) == all_of(saved)


RESUME = """
import sys
import numpy as np
from nnscratch.models import load_model
x = np.random.default_rng(7).normal(size=(40, 2))
y = (x[:, 0] * x[:, 1] > 0).astype(float)
model = load_model(sys.argv[1])
model.fit(x, y, batch_size=8, epochs=3, verbose=0)
model.save(sys.argv[1])
"""


@pytest.mark.parametrize("seeded", ["by the model", "globally", "not at all"])
def test_a_training_goes_on_in_another_process_as_if_nothing_had_happened(tmp_path, seeded):
    if seeded == "globally":
        nn.utils.set_random_seed(5)
    try:
        model = make_model(seed=3 if seeded == "by the model" else None)
        fit(model)
        model.save(tmp_path / NAME)
        code = [sys.executable, "-c", RESUME, str(tmp_path / NAME)]
        subprocess.run(code, check=True, cwd=Path(nn.__file__).parents[1])
        fit(model, epochs=3)
        assert all_of(load_model(tmp_path / NAME)) == all_of(model)
    finally:
        nn.random._source = nn.random.SeedSource()


# ---- restore ----


def test_restore_puts_everything_back_and_returns_the_note(tmp_path):
    model = make_model()
    fit(model)
    before = all_of(model)
    model.save(tmp_path / NAME, note={"epoch": 7, "why": ["a", None, 0.5]})
    model.optimizer.learning_rate = 0.5
    fit(model, epochs=3)
    assert all_of(model) != before
    assert model.restore(tmp_path / NAME) == {"epoch": 7, "why": ["a", None, 0.5]}
    assert all_of(model) == before


@pytest.mark.parametrize("optimizer", OPTIMIZERS.values(), ids=OPTIMIZERS)
def test_a_model_made_anew_and_restored_trains_on_bit_for_bit(tmp_path, optimizer):
    model = make_model(optimizer())
    fit(model)
    model.save(tmp_path / NAME)
    again = make_model(optimizer(), seed=99)
    assert again.restore(tmp_path / NAME) is None
    assert fit(again) == fit(model)
    assert all_of(again) == all_of(model)


def test_a_model_without_a_shape_takes_the_files_when_it_is_restored(tmp_path):
    def make(seed):
        model = nn.Sequential([Dense(3, "tanh"), Dense(1)], seed=seed)
        model.compile("adam", "mse")
        return model

    model, again = make(1), make(2)
    fit(model)
    model.save(tmp_path / NAME)
    again.restore(tmp_path / NAME)
    assert all_of(again) == all_of(model)


def other(stack=None, optimizer=None):
    model = nn.Sequential(stack or [Dense(6, "tanh"), Dropout(0.2), Dense(1, "sigmoid")])
    model.compile(optimizer or "adam", "binary_crossentropy")
    return model


MISFITS = {
    "another width": (
        lambda: other([Dense(7), Dropout(0.2), Dense(1)]),
        r"'dense.W'.*\(2, 7\)",
    ),
    "a layer more": (
        lambda: other([Dense(6), Dropout(0.2), Dense(1), Dense(1)]),
        "'dense_2.W'",
    ),
    "a layer fewer": (lambda: other([Dense(6), Dropout(0.2)]), r"'dense_1.W'.*nothing"),
    "another name": (lambda: other([Dense(6, name="a"), Dense(1)]), "'a.W'"),
    "no Dropout": (lambda: other([Dense(6), Dense(1)]), r"Dropout layers.*\[\].*\['dropout'\]"),
    "another optimizer": (lambda: other(optimizer="sgd"), "optimizer.*SGD.*Adam"),
    "other state": (lambda: other(optimizer=HalfAdam()), r"state.*{'m'.*{'m'.*, 'v'"),
}


class HalfAdam(nn.optimizers.Adam):
    state_names = ("m",)


HalfAdam.__name__ = "Adam"


@pytest.mark.parametrize("built", [True, False])
@pytest.mark.parametrize(("make", "what"), MISFITS.values(), ids=MISFITS)
def test_a_file_of_another_model_changes_nothing(tmp_path, make, what, built):
    model = make_model()
    fit(model)
    model.save(tmp_path / NAME)
    wrong = make()
    if built:
        wrong.build((None, 2))
    before = all_of(wrong)
    with pytest.raises(ValueError, match=what) as caught:
        wrong.restore(tmp_path / NAME)
    assert NAME in str(caught.value)
    assert all_of(wrong) == before


def test_a_schedule_and_a_number_do_not_fit_each_other(tmp_path):
    model = make_model(OPTIMIZERS["CosineDecay"]())
    model.save(tmp_path / NAME)
    with pytest.raises(ValueError, match=r"learning rate the model has a number.*CosineDecay"):
        make_model().restore(tmp_path / NAME)
    scheduled = make_model(nn.optimizers.Adam(nn.optimizers.schedules.CosineDecay(0.1, 9)))
    with pytest.raises(ValueError, match="learning rate the model has CosineDecay"):
        scheduled.restore(tmp_path / NAME)


# ---- weights alone ----


def test_weights_alone_come_back_and_leave_the_rest(tmp_path):
    model, again = make_model(), make_model(seed=4)
    fit(model)
    model.save_weights(tmp_path / NAME)
    rest = all_of(again)
    again.load_weights(tmp_path / NAME)
    assert same(again.get_weights(), model.get_weights())
    assert all_of(again) | {"weights": None} == rest | {"weights": None}


def test_weights_can_be_taken_from_a_model_file_and_into_another_format(tmp_path):
    model = make_model()
    fit(model)
    model.save(tmp_path / NAME)
    narrow = make_model(dtype="float32")
    narrow.load_weights(tmp_path / NAME)
    rounded = [array.astype(np.float32) for array in model.get_weights()]
    assert same(narrow.get_weights(), rounded)


@pytest.mark.parametrize("make", [MISFITS[name][0] for name in list(MISFITS)[:4]])
def test_weights_of_another_model_are_refused_and_nothing_is_written(tmp_path, make):
    make_model().save_weights(tmp_path / NAME)
    wrong = make()
    wrong.build((None, 2))
    before = wrong.get_weights()
    with pytest.raises(ValueError, match="does not fit the model 'sequential'"):
        wrong.load_weights(tmp_path / NAME)
    assert same(wrong.get_weights(), before)


def test_a_file_of_weights_is_no_model(tmp_path):
    model = make_model()
    model.save_weights(tmp_path / NAME)
    for read in (load_model, model.restore):
        with pytest.raises(ValueError, match=r"only weights.*\s+model\.load_weights\(path\)"):
            read(tmp_path / NAME)


def test_the_file_is_one_that_safetensors_reads(tmp_path):
    from safetensors.numpy import load_file

    model = make_model()
    fit(model)
    model.save(tmp_path / NAME)
    arrays = load_file(tmp_path / NAME)
    assert np.array_equal(arrays["dense.W"], model.layers[0].params["W"])
    assert sorted(arrays) == [
        "dense.W", "dense.b", "dense_1.W", "dense_1.b", "optimizer/m", "optimizer/v"
    ]  # fmt: skip


# ---- parts of the user's own ----


class Scale(Layer):
    def __init__(self, power=1, **options):
        super().__init__(**options)
        self.power = power

    def build(self, input_shape):
        self.add_weight("s", input_shape[1:], "ones")

    def forward(self, x, *, training=False):
        return x * self.params["s"] ** self.power, x

    def backward(self, dy, x):
        slope = self.power * self.params["s"] ** (self.power - 1)
        return dy * self.params["s"] ** self.power, {"s": slope * (dy * x).sum(axis=0)}

    def get_config(self):
        return super().get_config() | {"power": self.power}


class Forgetful(Scale):
    def get_config(self):
        return Layer.get_config(self)


class Squared(nn.losses.Loss):
    def values(self, y, p):
        return np.square(y - p).mean(axis=-1)

    def gradient(self, y, p):
        return 2 * (p - y) / p.shape[-1]


class Descent(nn.optimizers.Optimizer):
    state_names = ("steps",)

    def update(self, p, g, learning_rate):
        self.state["steps"] += 1
        p -= learning_rate * g / np.sqrt(self.state["steps"])


class Halving(nn.optimizers.Schedule):
    def __init__(self, start):
        self.start = start

    def __call__(self, step):
        return self.start * 0.5 ** (step // 10)


class Within(nn.metrics.RowMean):
    def __init__(self, tolerance=0.5, name="within"):
        super().__init__(name=name)
        self.tolerance = tolerance

    def values(self, y, p):
        return (np.abs(y - p) < self.tolerance).all(axis=-1)


def largest_error(y, p):
    return np.abs(y - p).max(axis=-1)


OWN = {
    each.__name__: each for each in (Scale, Squared, Descent, Halving, Within, largest_error)
}


def own_model(layer=None):
    stack = [Input((2,)), layer or Scale(power=3), Dense(1)]
    model = nn.Sequential(stack, seed=1, dtype="float64")
    metrics = [Within(0.25), largest_error]
    model.compile(Descent(Halving(0.1)), Squared(), metrics=metrics)
    return model


def test_parts_of_ones_own_come_back_by_their_names(tmp_path):
    model = own_model()
    fit(model)
    model.save(tmp_path / NAME)
    loaded = load_model(tmp_path / NAME, OWN)
    assert loaded.layers[0].power == 3
    assert fit(loaded) == fit(model)
    assert all_of(loaded) == all_of(model)


@pytest.mark.parametrize("missing", sorted(OWN))
def test_a_missing_part_of_ones_own_is_named(tmp_path, missing):
    model = own_model()
    model.save(tmp_path / NAME)
    rest = {name: each for name, each in OWN.items() if name != missing}
    with pytest.raises(ValueError, match=rf"{missing}(.|\n)*load_model\(path, \{{'Scale'"):
        load_model(tmp_path / NAME, rest)


def test_a_layer_that_does_not_tell_its_arguments_is_refused_when_saved(tmp_path):
    model = own_model(Forgetful(power=3))
    with pytest.raises(ValueError, match=r"Forgetful\.get_config\(\) leaves out 'power'"):
        model.save(tmp_path / NAME)
    assert list(tmp_path.iterdir()) == []


class Lossy(Within):
    def __init__(self, share=0.5):
        super().__init__(tolerance=2 * share)


def test_a_metric_that_does_not_keep_its_argument_is_refused_when_saved(tmp_path):
    model = make_model()
    model.compile("sgd", "mse", metrics=[Lossy(0.25)])
    with pytest.raises(ValueError, match=r"Lossy.*'share'\.\n.*self\.share = share"):
        model.save(tmp_path / NAME)
    assert list(tmp_path.iterdir()) == []


def test_a_metric_is_saved_as_it_was_made_and_not_with_what_it_summed_up(tmp_path):
    metric = nn.metrics.Recall(0.3, class_id=0, name="found")
    model = make_model()
    model.compile("sgd", "binary_crossentropy", metrics=[metric])
    fit(model)
    assert metric.true_positives.sum() > 0
    model.save(tmp_path / NAME)
    again = load_model(tmp_path / NAME).metric_identifiers[0]
    assert (again.thresholds, again.class_id, again.name) == (0.3, 0, "found")
    assert again.true_positives == 0


def test_a_layer_may_be_called_like_the_arrays_of_the_optimizer(tmp_path):
    stack = [Input((2,)), Dense(3, name="optimizer/m"), Dense(1, name="callback/0/x")]
    model = nn.Sequential(stack, seed=1)
    model.compile("adam", "mse")
    fit(model)
    model.save(tmp_path / NAME)
    loaded = load_model(tmp_path / NAME)
    assert fit(loaded) == fit(model)
    assert all_of(loaded) == all_of(model)


def test_counters_of_callbacks_are_saved_and_given_back(tmp_path):
    saved, given = (
        nn.callbacks.EarlyStopping("loss", restore_best_weights=True) for _ in range(2)
    )
    model = make_model()
    fit(model, callbacks=saved)
    model.save(tmp_path / NAME, callbacks=[saved])
    make_model(seed=4).restore(tmp_path / NAME, callbacks=[given])
    assert given.best == saved.best
    assert given.best_epoch == saved.best_epoch
    assert same(given.best_weights, saved.best_weights)


def test_restore_can_be_refused_for_the_note(tmp_path):
    def refuse(note):
        raise ValueError(f"not the one of {note}")

    make_model().save(tmp_path / NAME, note="Monday")
    model = make_model(seed=4)
    before = all_of(model)
    with pytest.raises(ValueError, match="not the one of Monday"):
        model.restore(tmp_path / NAME, check=refuse)
    assert all_of(model) == before


@pytest.mark.parametrize("note", [{1, 2}, np.float32(1), object()])
def test_a_note_that_json_cannot_hold_is_refused(tmp_path, note):
    with pytest.raises(TypeError, match="JSON values"):
        make_model().save(tmp_path / NAME, note=note)
    assert list(tmp_path.iterdir()) == []


# ---- at the door ----


def test_what_cannot_be_read_changes_nothing(tmp_path):
    model = make_model()
    fit(model)
    model.save(tmp_path / NAME)
    content = (tmp_path / NAME).read_bytes()
    (tmp_path / NAME).write_bytes(content[:-1])
    fit(model)
    before = all_of(model)
    for read in (model.restore, model.load_weights, load_model):
        with pytest.raises(ValueError, match=f"{NAME}' is not a whole safetensors file"):
            read(tmp_path / NAME)
    assert all_of(model) == before


def test_a_model_without_weights_cannot_be_saved(tmp_path):
    for save in ("save", "save_weights"):
        with pytest.raises(ValueError, match="no weights to save yet: build or fit it first"):
            getattr(nn.Sequential([Dense(3)]), save)(tmp_path / NAME)


@pytest.mark.parametrize("name", ["model", "model.keras", "model.h5", "model.safetensor"])
def test_a_file_is_named_as_what_it_is(tmp_path, name):
    with pytest.raises(ValueError, match=rf"\.nnscratch\.safetensors, got '{name}'"):
        make_model().save(tmp_path / name)


def test_a_file_that_is_there_is_kept_if_it_is_not_to_be_overwritten(tmp_path):
    make_model().save(tmp_path / NAME)
    before = (tmp_path / NAME).read_bytes()
    for save in ("save", "save_weights"):
        with pytest.raises(FileExistsError, match="overwrite=True"):
            getattr(make_model(seed=4), save)(tmp_path / NAME, overwrite=False)
    assert (tmp_path / NAME).read_bytes() == before


def test_missing_folders_are_made_and_nothing_but_the_file_is_left(tmp_path):
    path = tmp_path / "a" / "b" / NAME
    make_model().save(str(path))
    assert [each.name for each in path.parent.iterdir()] == [NAME]
