"""Copies of a model: by deepcopy, by pickle, and as scikit-learn's clone makes them."""

import copy
import io
import pickle

import numpy as np
import pytest

import nnscratch as nn
from nnscratch.layers import Dense, Dropout, Input


def sklearn_clone(thing):
    from sklearn.base import clone

    return clone(thing, safe=False)


def through_pickle(thing):
    return pickle.loads(pickle.dumps(thing))


def through_joblib(thing):
    import joblib

    file = io.BytesIO()
    joblib.dump(thing, file)
    file.seek(0)
    return joblib.load(file)


WAYS = [copy.deepcopy, through_pickle, through_joblib, sklearn_clone]


def make_model(**options):
    stack = [Input((2,)), Dense(8, "tanh"), Dropout(0.3), Dense(1, "sigmoid")]
    model = nn.Sequential(stack, **options)
    model.compile(nn.optimizers.Adam(0.01), "binary_crossentropy", metrics=["accuracy"])
    return model


def make_data():
    x = np.random.default_rng(0).normal(size=(50, 2))
    return x, x[:, 0] > 0


def fit(model, epochs=2):
    return model.fit(*make_data(), batch_size=8, epochs=epochs, verbose=0).history


def same(ours, theirs):
    return all(np.array_equal(a, b) for a, b in zip(ours, theirs, strict=True))


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("seed", [3, None])
def test_a_copy_trains_on_bit_for_bit_and_leaves_the_original_alone(way, seed):
    model = make_model(seed=seed)
    fit(model)
    twin = way(model)
    before = model.get_weights()
    history = fit(twin)
    assert same(model.get_weights(), before)
    assert fit(model) == history
    assert same(model.get_weights(), twin.get_weights())
    assert not same(model.get_weights(), before)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("engine", ["fused", "eager"])
def test_a_copy_goes_on_with_the_engine_of_the_original(way, dtype, engine):
    model = make_model(seed=3, dtype=dtype)
    model.run_eagerly = engine == "eager"
    fit(model)
    twin = way(model)
    assert twin.engine.startswith(engine)
    assert fit(twin) == fit(model)
    assert twin.parameters.tobytes() == model.parameters.tobytes()
    states = twin.optimizer.state, model.optimizer.state
    assert [a.tobytes() for a in states[0].values()] == [
        a.tobytes() for a in states[1].values()
    ]
    first, last = twin.layers[0].params["W"], twin.layers[-1].params["b"]
    assert all(np.shares_memory(array, twin.parameters) for array in (first, last))


@pytest.mark.parametrize("way", WAYS)
def test_a_model_in_a_training_that_is_kept_can_be_copied(way, tmp_path):
    model = make_model(seed=3)
    stopping = nn.callbacks.EarlyStopping("loss", patience=9)
    options = {"batch_size": 8, "verbose": 0, "epochs": 2}
    options |= {"callbacks": stopping, "resume": tmp_path / "kept.safetensors"}
    model.fit(*make_data(), **options)
    assert fit(way(model)) == fit(model)


@pytest.mark.parametrize("way", WAYS)
def test_a_copys_arrays_are_parts_of_a_vector_of_its_own(way):
    model = make_model()
    twin = way(model)
    twin.parameters[...] = 1
    assert all((array == 1).all() for array in twin.get_weights())
    twin.layers[0].params["W"] = np.full((2, 8), 5)
    assert twin.parameters[:16].tolist() == [5] * 16
    assert not np.shares_memory(twin.parameters, model.parameters)


@pytest.mark.parametrize("way", WAYS)
def test_what_is_not_built_yet_can_be_copied_too(way):
    model = nn.Sequential([Dense(8, "tanh"), Dense(1)], seed=1)
    model.compile("sgd", "mse")
    twin = way(model)
    assert not twin.built
    assert fit(twin) == fit(model)


@pytest.mark.parametrize("way", WAYS)
def test_a_copy_keeps_the_history_and_what_was_warned_of(way):
    model = make_model()
    fit(model)
    model.warned.add("pixels")
    twin = way(model)
    assert twin.history.history == model.history.history
    assert twin.warned == {"pixels"}
    twin.warned.add("dead")
    assert model.warned == {"pixels"}


def test_a_copy_keeps_the_row_order_of_its_training_whatever_seed_is_set_later():
    try:
        nn.utils.set_random_seed(1)
        model = make_model()
        twin = through_pickle(model)
        expected = fit(model)
        nn.utils.set_random_seed(2)
        assert fit(twin) == expected
    finally:
        nn.random._source = nn.random.SeedSource()


def test_a_deep_copied_layer_is_free():
    model = make_model()
    layer = copy.deepcopy(model.layers[0])
    second = nn.Sequential([Input((2,)), layer, Dense(1)])
    second.compile("sgd", "mse")
    before = model.get_weights()
    fit(second)
    assert same(model.get_weights(), before)
    assert not same(layer.get_weights(), before[:2])


def test_a_copy_of_a_model_that_shares_a_layer_owns_its_layers():
    first = make_model()
    second = nn.Sequential([Input((2,)), *first.layers[:1]])
    twin = copy.deepcopy(second)
    twin.compile("sgd", "mse")
    twin.fit(make_data()[0], np.ones((50, 8)), verbose=0)
    assert same(first.layers[0].get_weights(), second.layers[0].get_weights())
    assert not same(twin.layers[0].get_weights(), second.layers[0].get_weights())
