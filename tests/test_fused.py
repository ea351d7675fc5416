"""The fused engine beside its numbers: threads, calls, inputs, memory, files and interrupts."""

import gc
import json
import os
import signal
import subprocess
import sys
import time
import tracemalloc
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

import nnscratch as nn
from nnscratch import config
from nnscratch.engines import fused, plan
from nnscratch.layers import Dense, Dropout, Flatten, Input, Rescaling

PACKAGE = Path(nn.__file__).parents[1]
# Child processes find the package that is being tested, also where it is not installed.
ENVIRONMENT = os.environ | {"PYTHONPATH": str(PACKAGE)}
FLOAT_TYPES = ["float32", "float64"]


@pytest.fixture(params=FLOAT_TYPES)
def dtype(request):
    return request.param


@pytest.fixture(params=["narrow", "wide"])
def loop(request, monkeypatch):
    monkeypatch.setattr(plan, "NARROW_PARAMETERS", 10**9 if request.param == "narrow" else 0)


def data(rows=70, inputs=9, classes=4, seed=0):
    random = np.random.default_rng(seed)
    return random.normal(size=(rows, inputs)), random.integers(0, classes, rows)


def compiled(*hidden, dtype="float32", inputs=9, outputs=4, optimizer="adam", **options):
    stack = [Input((inputs,)), *hidden, Dense(outputs, "softmax")]
    model = nn.Sequential(stack, seed=3, dtype=dtype)
    loss = "sparse_categorical_crossentropy"
    model.compile(optimizer, loss, metrics=["accuracy"], **options)
    return model


def state(model):
    """All that a training leaves, as arrays and numbers."""
    kept = [model.parameters.copy(), *(a.copy() for a in model.optimizer.state.values())]
    calls = [layer.calls for layer in model.layers if hasattr(layer, "calls")]
    return kept, [model.optimizer.iterations, *calls]


def assert_same_bits(first, second):
    for ours, theirs in zip(first[0], second[0], strict=True):
        assert ours.dtype == theirs.dtype
        np.testing.assert_array_equal(ours, theirs)
    assert first[1:] == second[1:]


def in_a_process(code, *arguments, timeout=300, **variables):
    """Run the code in a fresh process; returns its stdout and stderr."""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code, *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=timeout,
        env=ENVIRONMENT | {name: str(value) for name, value in variables.items()},
    )
    assert done.returncode == 0, done.stderr
    return done.stdout, done.stderr


# ---- threads ---------------------------------------------------------------------------------


@pytest.fixture
def many_threads(monkeypatch):
    """Let any amount of work be shared out; returns how many threads each call has had."""
    from nnscratch.engines.fused import threads

    used, run = [], threads.run

    def counted(work, count):
        used.append(count)
        run(work, count)

    monkeypatch.setattr(threads, "WORTH_THREADS", 0)
    monkeypatch.setattr(threads, "CAN_YIELD", True)
    monkeypatch.setattr(threads, "run", counted)
    monkeypatch.setattr(config, "available_cores", lambda: 4)
    yield used
    nn.config.set_num_threads(None)


STACKS = {
    "dense": lambda: [Dense(18, "relu"), Dense(7, "tanh")],
    "dropout": lambda: [Dropout(0.2, seed=1), Dense(18, "relu"), Dropout(0.5, seed=2)],
    "softmax": lambda: [Dense(18, "softmax"), Rescaling(2.0), Dense(5, "sigmoid")],
    "wide": lambda: [Dense(100, "sigmoid"), Dense(83, "tanh"), Dense(37, "leaky_relu")],
    "one unit": lambda: [Dense(1, "linear"), Dense(30, "leaky_relu", use_bias=False)],
}


THREADED = {
    "adam": lambda: nn.optimizers.Adam(clipvalue=0.01),
    "rmsprop": nn.optimizers.RMSprop,
    "rmsprop in full": lambda: nn.optimizers.RMSprop(momentum=0.5, centered=True, epsilon=1e-4),
    "nesterov": lambda: nn.optimizers.SGD(momentum=0.9, nesterov=True),
}


@pytest.mark.parametrize("stack", STACKS)
@pytest.mark.parametrize("optimizer", THREADED)
def test_any_number_of_threads_gives_the_same_bits(
    stack, optimizer, dtype, many_threads, monkeypatch
):
    monkeypatch.setattr(plan, "NARROW_PARAMETERS", 0)  # the narrow loop has one thread
    x, y = data()
    found = []
    for count in (1, 2, 3, 1, 2, 3):
        nn.config.set_num_threads(count)
        many_threads.clear()
        model = compiled(*STACKS[stack](), dtype=dtype, optimizer=THREADED[optimizer]())
        history = model.fit(x, y, epochs=2, verbose=0, validation_split=0.3).history
        predicted = fused.predict(model, x.astype(dtype), batch_size=32)
        found.append(([*state(model)[0], predicted], state(model)[1], history))
        assert max(many_threads) == count
    for other in found[1:]:
        assert_same_bits(other, found[0])


def test_more_threads_than_there_is_work_do_no_harm(many_threads):
    nn.config.set_num_threads(50)
    x, y = data(rows=3)
    model, alone = (
        compiled(Dense(5, "relu"), Dropout(0)),
        compiled(Dense(5, "relu"), Dropout(0)),
    )
    model.fit(x, y, epochs=3, verbose=0)
    nn.config.set_num_threads(1)
    alone.fit(x, y, epochs=3, verbose=0)
    assert_same_bits(state(model), state(alone))


def test_where_the_system_gives_no_threads_one_does_the_work(many_threads, monkeypatch):
    import threading

    def refuse(thread):
        raise RuntimeError("can't start new thread")

    nn.config.set_num_threads(3)
    x, y = data()
    model, twin = compiled(Dense(200, "relu")), compiled(Dense(200, "relu"))
    twin.fit(x, y, verbose=0)
    monkeypatch.setattr(threading.Thread, "start", refuse)
    model.fit(x, y, verbose=0)
    assert_same_bits(state(model), state(twin))


@pytest.mark.parametrize("seconds, goes_on_with", [((1, 2, 0), 3), ((2, 1, 0), 1)])
def test_a_long_call_goes_on_with_as_many_threads_as_were_faster(
    seconds, goes_on_with, many_threads, monkeypatch
):
    from nnscratch.engines.fused import threads

    clock = [moment for taken in seconds for moment in (0, taken)]
    monkeypatch.setattr(threads, "STEPS_TRIED", 2)
    monkeypatch.setattr(threads, "STEPS_WORTH_TRYING", 8)
    x, y = data(rows=70)
    found = []
    for count in (1, 3):
        nn.config.set_num_threads(count)
        many_threads.clear()
        rate = nn.optimizers.schedules.ExponentialDecay(0.01, 3, 0.5)
        stack = Dense(200, "relu"), Dropout(0.3, seed=1)
        model = compiled(*stack, optimizer=nn.optimizers.Adam(rate))
        shown = SimpleNamespace(perf_counter=iter(clock).__next__)
        monkeypatch.setattr(threads, "time", shown)
        sums, order = model.new_sums(y), np.arange(70)
        fused.train_epoch(model, x.astype("float32"), y, order, batch_size=8, sums=sums)
        found.append((*state(model), sums.results()))
    assert many_threads == [3, 1, goes_on_with]
    assert_same_bits(*found)


def test_no_thread_is_left_behind(many_threads):
    import threading

    nn.config.set_num_threads(3)
    before = threading.active_count()
    model = compiled(Dense(200, "relu"))
    model.fit(*data(), epochs=5, verbose=0)
    assert max(many_threads) == 3
    assert threading.active_count() == before


def test_threads_that_predict_at_once_get_what_each_gets_alone():
    model = compiled(Dense(200, "relu"), Dropout(0.1), Dense(100, "tanh"))
    assert model.engine == "fused"
    blocks = [data(rows=1000, seed=seed)[0] for seed in range(6)]
    assert len(blocks[0]) * model.count_params() > 1e7  # so that it is not the eager engine
    expected = [model.predict(x, verbose=0) for x in blocks]
    with ThreadPoolExecutor(6) as pool:
        for _ in range(3):
            found = list(pool.map(lambda x: model.predict(x, verbose=0), blocks))
            for ours, alone in zip(found, expected, strict=True):
                np.testing.assert_array_equal(ours, alone)


def test_models_may_be_trained_in_several_threads_at_once():
    def train(seed):
        model = compiled(Dense(200, "relu"), Dropout(0.2, seed=5))
        model.fit(*data(rows=200, seed=seed), epochs=3, verbose=0)
        return state(model)

    expected = [train(seed) for seed in range(4)]
    with ThreadPoolExecutor(4) as pool:
        for ours, alone in zip(pool.map(train, range(4)), expected, strict=True):
            assert_same_bits(ours, alone)


# ---- calls -----------------------------------------------------------------------------------


def train_epoch(model, x, y, order, batch_size, sums):
    fused.train_epoch(model, x, y, order, batch_size=batch_size, sums=sums)


@pytest.mark.parametrize("metrics", [["accuracy"], ["accuracy", "sparse_categorical_accuracy"]])
@pytest.mark.parametrize("pieces", [[70], [32, 38], [8, 16, 46], [8] * 8 + [6]])
def test_an_epoch_in_several_calls_has_the_same_bits(pieces, metrics, loop, dtype):
    x, y = data()
    x = x.astype(dtype)
    order = np.random.default_rng(1).permutation(70)
    found = []
    for lengths in ([70], pieces):
        model = compiled(Dense(20, "relu"), dtype=dtype)
        model.compile("adam", "sparse_categorical_crossentropy", metrics=metrics)
        sums, start = model.new_sums(y), 0
        for length in lengths:
            train_epoch(model, x, y, order[start : start + length], 8, sums)
            start += length
        assert start == 70
        found.append((*state(model), sums.results()))
    assert_same_bits(*found)


def test_dropout_goes_on_where_the_last_call_ended():
    x, y = data()
    whole, cut = (compiled(Dropout(0.5, seed=1), Dense(20, "relu")) for _ in range(2))
    order, x = np.arange(70), x.astype(np.float32)
    train_epoch(whole, x, y, order, 7, whole.new_sums(y))
    for start in range(0, 70, 14):
        train_epoch(cut, x, y, order[start : start + 14], 7, cut.new_sums(y))
    assert_same_bits(state(cut), state(whole))
    assert whole.layers[0].calls == 10


def test_the_same_training_has_the_same_bits_every_time(loop, dtype):
    runs = []
    for _ in range(2):
        model = compiled(Dense(20, "relu"), dtype=dtype)
        history = model.fit(*data(), epochs=3, verbose=0).history
        runs.append((*state(model), history))
    assert_same_bits(*runs)


@pytest.mark.parametrize("stack", STACKS)
def test_nothing_of_one_training_is_left_in_the_next(stack):
    """Working space is kept: neither a NaN nor other rows in it may come through."""
    x, y = data()
    fresh, used = compiled(*STACKS[stack]()), compiled(*STACKS[stack]())
    start = used.get_weights()
    bad = x.astype(np.float32)
    bad[:, 0] = np.nan
    train_epoch(used, bad, y, np.arange(70), 32, used.new_sums(y))
    assert np.isnan(used.parameters).any()
    used.set_weights(start)
    used.optimizer.restart()
    for layer in used.layers:
        if hasattr(layer, "calls"):
            layer.calls = 0
    histories = [model.fit(x, y, epochs=2, verbose=0).history for model in (fresh, used)]
    assert histories[0] == histories[1]
    assert_same_bits(state(used), state(fresh))


def test_a_model_may_change_its_batch_size():
    x, y = data()
    ours, theirs = compiled(Dense(20, "relu")), compiled(Dense(20, "relu"), run_eagerly=True)
    for model in (ours, theirs):
        model.become("float64")
        for batch_size in (32, 3, 70, 1, 32):
            model.fit(x, y, batch_size=batch_size, verbose=0)
    np.testing.assert_allclose(ours.parameters, theirs.parameters, rtol=0, atol=1e-12)


def test_a_model_may_become_another_number_format():
    x, y = data()
    model = compiled(Dense(20, "relu"), Dropout(0.3, seed=1))
    for dtype in ("float32", "float64", "float32"):
        model.become(dtype)
        assert model.engine == "fused"
        model.fit(x, y, verbose=0)
        assert {array.dtype for array in state(model)[0]} == {np.dtype(dtype)}
        assert fused.predict(model, x.astype(dtype), batch_size=9).dtype == dtype


def test_a_rescaling_may_be_changed_between_two_trainings():
    x, y = data()
    ours, theirs = (
        compiled(
            Rescaling(0.5), Dense(9, "tanh"), Rescaling(2.0), dtype="float64", run_eagerly=e
        )
        for e in (False, True)
    )
    for model in (ours, theirs):
        model.fit(x, y, verbose=0)
        model.layers[0].scale, model.layers[2].offset = 2.0, -0.5
        model.fit(x, y, verbose=0)
    np.testing.assert_allclose(ours.parameters, theirs.parameters, rtol=0, atol=1e-12)


@pytest.mark.parametrize("engines", ["ef", "fe", "efef", "feef"])
@pytest.mark.parametrize("optimizer", THREADED)
@pytest.mark.parametrize("rate", [None, 0.4])
def test_switching_the_engine_goes_on_with_the_same_training(engines, optimizer, rate, loop):
    x, y = data()
    histories, left = [], []
    for choice in ("e" * len(engines), engines):
        layers = [Dense(20, "tanh")] if rate is None else [Dense(20), Dropout(rate, seed=1)]
        model = compiled(*layers, dtype="float64", optimizer=THREADED[optimizer]())
        history = []
        for letter in choice:
            model.run_eagerly = letter == "e"
            history += model.fit(x, y, epochs=2, verbose=0).history["loss"]
        histories.append(history)
        left.append(state(model))
    np.testing.assert_allclose(histories[1], histories[0], rtol=1e-12)
    for ours, theirs in zip(left[1][0], left[0][0], strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-12)
    assert left[1][1] == left[0][1]


# ---- inputs ----------------------------------------------------------------------------------


def strided(array):
    return np.repeat(array, 2, axis=0)[::2]


def misaligned(array):
    """The same numbers, beginning one byte behind where their format would have them."""
    raw = np.zeros(array.nbytes + 1, np.uint8)
    raw[1:] = np.ascontiguousarray(array).view(np.uint8).ravel()
    return raw[1:].view(array.dtype).reshape(array.shape)


def read_only(array):
    array = array.copy()
    array.flags.writeable = False
    return array


FORMS = {
    "read-only": read_only,
    "another order of axes": np.asfortranarray,
    "strided": strided,
    "backwards": lambda array: array[::-1].copy()[::-1],
    "misaligned": misaligned,
    "int64": lambda array: array.astype(np.int64),
    "uint8": lambda array: array.astype(np.uint8),
    "int8, strided": lambda array: strided(array.astype(np.int8)),
    "uint8, strided": lambda array: strided(array.astype(np.uint8)),
    "uint8, read-only": lambda array: read_only(array.astype(np.uint8)),
    "float16": lambda array: array.astype(np.float16),
    "big-endian": lambda array: array.astype(array.dtype.newbyteorder(">")),
    "big-endian float64": lambda array: array.astype(">f8"),
    "a list": lambda array: array.tolist(),
}


@pytest.mark.parametrize("form", [*FORMS, "memmap"])
def test_every_form_of_array_gives_the_bits_of_its_plain_copy(form, loop, dtype, tmp_path):
    random = np.random.default_rng(0)
    x = random.integers(0, 5, (40, 6)).astype(dtype)
    y = random.integers(0, 2, (40, 2)).astype(dtype)
    weight = random.integers(0, 4, 40).astype(dtype)
    given = []
    for number, array in enumerate((x, y, weight)):
        if form == "memmap":
            mapped = np.memmap(tmp_path / str(number), dtype, "w+", shape=array.shape)
            mapped[...] = array
            mapped.flush()
            given.append(np.memmap(tmp_path / str(number), dtype, "r", shape=array.shape))
        else:
            given.append(FORMS[form](array))
    before = [np.array(array) for array in given]
    results = []
    for features, labels, weights in ((x, y, weight), given):
        model = nn.Sequential([Input((6,)), Dense(9, "relu"), Dense(2, "sigmoid")], seed=1,
                              dtype=dtype)  # fmt: skip
        model.compile("adam", "binary_crossentropy", metrics=["accuracy", "mae"])
        options = {"sample_weight": weights, "verbose": 0}
        history = model.fit(features, labels, batch_size=16, epochs=2, **options).history
        scores = model.evaluate(features, labels, **options)
        assert model.engine == "fused"
        results.append((*state(model), history, scores))
    assert_same_bits(*results)
    for array, copy in zip(given, before, strict=True):
        np.testing.assert_array_equal(np.array(array), copy)
        assert type(array) is list or array.flags.writeable == (form not in (
            "read-only", "uint8, read-only", "memmap"))  # fmt: skip


@pytest.mark.parametrize("width", [6, 300])
def test_training_writes_to_none_of_its_arrays(width):
    x, y = (read_only(array) for array in data())
    weight = read_only(np.arange(70.0))
    model = compiled(Dense(width, "relu"), dtype="float64")
    order = read_only(np.arange(70))
    sums = model.new_sums(y)
    options = {"batch_size": 16, "sample_weight": weight, "sums": sums}
    fused.train_epoch(model, x, y, order, **options)
    fused.evaluate(model, x, y, **options)
    fused.predict(model, x, batch_size=16)


def test_rows_of_images_are_read_in_place_whatever_their_axes():
    images = np.random.default_rng(0).integers(0, 256, (50, 3, 4), dtype=np.uint8)
    y = np.arange(50) % 4
    found = []
    for x, first in ((images, [Flatten()]), (images.reshape(50, 12), [])):
        stack = [Rescaling(1 / 255), *first, Dense(8, "relu"), Dense(4, "softmax")]
        model = nn.Sequential(stack, seed=2)
        model.compile("adam", "sparse_categorical_crossentropy")
        history = model.fit(x, y, epochs=2, verbose=0).history
        found.append((*state(model), history))
    assert_same_bits(*found)


# ---- memory ----------------------------------------------------------------------------------


@pytest.mark.parametrize("width", [8, 400])
def test_memory_does_not_grow_with_the_epochs(width):
    x, y = data(rows=2000)
    model = compiled(Dense(width, "relu"), Dropout(0.1) if width == 400 else Dense(3))
    options = {"verbose": 0, "validation_split": 0.2}
    model.fit(x, y, epochs=5, **options)
    tracemalloc.start()
    try:
        model.fit(x, y, epochs=50, **options)  # until Python's and NumPy's own stores are full
        gc.collect()
        before = tracemalloc.get_traced_memory()[0]
        tracemalloc.reset_peak()
        model.fit(x, y, epochs=5, **options)
        few = tracemalloc.get_traced_memory()[1]
        tracemalloc.reset_peak()
        model.fit(x, y, epochs=50, **options)
        gc.collect()
        after, many = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    # 50 epochs of History are some kB. A copy of the rows each time would be 2.9 MB, and one of
    # their order 600 kB.
    assert after - before < 200_000
    assert many - few < 200_000


def test_the_process_does_not_grow_with_the_epochs():
    psutil = pytest.importorskip("psutil")
    x, y = data(rows=2000)
    model = compiled(Dense(300, "relu"), Dense(300, "relu"))  # 1.2 MB with Adam's vectors
    model.fit(x, y, epochs=3, verbose=0)
    before = psutil.Process().memory_info().rss
    model.fit(x, y, epochs=30, verbose=0)
    assert psutil.Process().memory_info().rss - before < 15e6


# ---- imports ---------------------------------------------------------------------------------


def test_numba_is_imported_by_the_first_training_and_by_nothing_before():
    code = """
import sys, numpy as np, nnscratch as nn
loaded = lambda: "numba" in sys.modules
seen = [loaded()]
x = np.random.default_rng(0).normal(size=(100, 3))
model = nn.Sequential([nn.layers.Dense(8, "relu"), nn.layers.Dense(1)], seed=1)
model.compile("adam", "mse")
model.predict(x, verbose=0)
model.train_on_batch(x, x[:, :1])
assert model.engine == "fused"
nn.config.show()
seen.append(loaded())
model.fit(x, x[:, :1], verbose=0)
seen.append(loaded())
print(seen)
"""
    assert in_a_process(code)[0].splitlines()[-1] == "[False, False, True]"


# ---- pure Python -----------------------------------------------------------------------------


IN_PYTHON = """
import sys
sys.path.insert(0, sys.argv[1])
import numba
assert numba.config.DISABLE_JIT
import numpy as np
import test_engines_agree as agree
from nnscratch.engines import plan
from nnscratch.layers import Activation, Dense, Dropout, Flatten, Rescaling

count = 0
for dtype in ("float32", "float64"):
    for limit in (0, 10**9):
        plan.NARROW_PARAMETERS = limit
        for loss in agree.LOSSES:
            for last in ("linear", "sigmoid", "softmax"):
                given = agree.problem(loss, rows=5, row=(2,))
                optimizer = list(agree.OPTIMIZERS)[count % len(agree.OPTIMIZERS)]
                hidden = agree.ACTIVATIONS[count % len(agree.ACTIVATIONS)]
                count += 1
                stack, made = [Dense(33, hidden), Dense(3, last)], agree.LOSSES[loss]()
                agree.lockstep(stack, made, optimizer, given, dtype=dtype, steps=2)
    stack = [Rescaling(0.5), Flatten(), Dropout(0.3, seed=4), Dense(33, "relu"), Rescaling(2.0),
             Dropout(0.5, seed=-1), Activation("tanh"), Dense(3, "softmax")]
    given = agree.problem("scce", row=(1, 2), rows=5)
    agree.lockstep(stack, agree.LOSSES["scce"](), "adam", given, dtype=dtype, steps=2)
print(count)
"""


@pytest.mark.slow
def test_without_the_compiler_the_same_code_runs_in_python():
    tests = Path(__file__).parent
    out, err = in_a_process(IN_PYTHON, tests, NUMBA_DISABLE_JIT=1)
    assert out.split() == [str(2 * 2 * 12 * 3)]
    assert err == ""


# ---- the cache of kernels --------------------------------------------------------------------


@pytest.fixture
def compiling(monkeypatch, tmp_path):
    from nnscratch.engines.fused import compiling

    monkeypatch.delenv("NUMBA_CACHE_DIR", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "home"))
    return compiling


def test_the_cache_is_named_by_its_sources(compiling, monkeypatch, tmp_path):
    sources = tmp_path / "sources"
    sources.mkdir()
    (sources / "a.py").write_text("1")
    (sources / "b.py").write_text("2")
    monkeypatch.setattr(compiling, "SOURCES", sources)
    first = compiling.cache_folder()
    assert first == compiling.cache_folder()
    assert first.parent == sources / "__pycache__"
    (sources / "b.py").write_text("3")
    changed = compiling.cache_folder()
    assert changed != first
    (sources / "b.py").write_text("2")
    assert compiling.cache_folder() == first


def test_a_package_that_cannot_be_written_to_has_its_cache_elsewhere(
    compiling, monkeypatch, tmp_path
):
    may = compiling._is_writable
    monkeypatch.setattr(
        compiling, "_is_writable", lambda f: compiling.SOURCES not in f.parents and may(f)
    )
    assert compiling.cache_folder().parent == tmp_path / "home" / "nnscratch"
    monkeypatch.setattr(compiling, "_is_writable", lambda folder: False)
    folder = compiling.cache_folder()
    assert folder.is_dir()
    folder.rmdir()


def test_a_folder_under_a_file_is_not_writable(compiling, tmp_path):
    (tmp_path / "file").write_text("")
    assert not compiling._is_writable(tmp_path / "file" / "folder")
    assert compiling._is_writable(tmp_path / "folder" / "below")


def test_numbas_own_variable_is_heeded(compiling, monkeypatch, tmp_path):
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path / "chosen"))
    assert compiling.cache_folder().parent == tmp_path / "chosen"


FIRST_FIT = """
import numpy as np, nnscratch as nn
model = nn.Sequential([nn.layers.Dense(2), nn.layers.Dense(1)], seed=1)
model.compile("sgd", "mse")
x = np.arange(12.0).reshape(6, 2)
for _ in range(2):
    model.fit(x, x[:, 0], verbose=0)
print(model.get_weights()[0].tolist())
"""


@pytest.mark.slow
def test_a_cold_compile_says_so_in_one_line_and_a_warm_start_says_nothing(tmp_path):
    cold, said = in_a_process(FIRST_FIT, NUMBA_CACHE_DIR=tmp_path)
    assert len(said.splitlines()) == 1
    assert said.startswith("nnscratch: compiling kernels, once on this machine")
    warm, silence = in_a_process(FIRST_FIT, NUMBA_CACHE_DIR=tmp_path)
    assert silence == ""
    assert warm == cold
    (folder,) = tmp_path.iterdir()
    assert folder.name.startswith("nnscratch-kernels-")


# ---- Ctrl-C ----------------------------------------------------------------------------------


LONG_TRAINING = """
import json, math, signal, sys
import numpy as np
import nnscratch as nn
from nnscratch.engines import fused, plan
from nnscratch.engines.fused import threads

signal.signal(signal.SIGINT, signal.default_int_handler)
threads.WORTH_THREADS = 0
count, narrow = int(sys.argv[1]), sys.argv[2] == "narrow"
plan.NARROW_PARAMETERS = 10**9 if narrow else 0
nn.config.set_num_threads(count)
ROWS, BATCH = 1_000_000, 4

def make():
    layers = [nn.layers.Dense(24, "tanh"), nn.layers.Dense(1)]
    if not narrow:
        layers.insert(1, nn.layers.Dropout(0.2, seed=1))
    model = nn.Sequential([nn.layers.Input((5,)), *layers], seed=1)
    model.compile("adam", "mse")
    return model

x = np.random.default_rng(0).normal(size=(ROWS, 5)).astype(np.float32)
y = x[:, :1] - x[:, 1:2]
make().fit(x[:100], y[:100], batch_size=BATCH, verbose=0)  # compiles, if it must
model = make()
begun = nn.callbacks.LambdaCallback(on_epoch_begin=lambda e, logs: print("begun", flush=True))
try:
    model.fit(x, y, batch_size=BATCH, epochs=1000, verbose=0, callbacks=begun)
    answer = "never interrupted"
except KeyboardInterrupt:
    answer = "interrupted"

twin, steps = make(), model.optimizer.iterations
for epoch in range(model.epochs_trained + 1):
    rows = min(ROWS, BATCH * (steps - twin.optimizer.iterations))
    order = twin.row_order(ROWS, True)[:rows]
    fused.train_epoch(twin, x, y, order, batch_size=BATCH, sums=twin.new_sums(y))
    twin.epochs_trained += 1
kept = [(model.parameters, twin.parameters)]
kept += [(a, twin.optimizer.state[n]) for n, a in model.optimizer.state.items()]
print(json.dumps({
    "answer": answer,
    "steps": steps,
    "epochs": model.epochs_trained,
    "calls": [each.calls for each in model.layers if hasattr(each, "calls")],
    "finite": bool(np.isfinite(model.parameters).all()),
    "same": all(np.array_equal(a, b) for a, b in kept),
    "twin": twin.optimizer.iterations,
}))
"""


@pytest.mark.parametrize("threads, loop", [(1, "narrow"), (1, "wide"), (2, "wide")])
def test_ctrl_c_in_a_long_epoch_leaves_the_model_at_a_whole_step(threads, loop):
    arguments = [sys.executable, "-c", LONG_TRAINING, str(threads), loop]
    pipe = subprocess.PIPE
    with subprocess.Popen(arguments, stdout=pipe, text=True, env=ENVIRONMENT) as process:
        try:
            assert process.stdout.readline() == "begun\n"
            time.sleep(0.3)
            process.send_signal(signal.SIGINT)
            out, _ = process.communicate(timeout=60)
        finally:
            process.kill()
    assert process.returncode == 0
    found = json.loads(out.splitlines()[-1])
    assert found["answer"] == "interrupted"
    assert found["same"]
    assert found["finite"]
    assert found["twin"] == found["steps"] > 0
    assert found["calls"] == ([] if loop == "narrow" else [found["steps"]])
