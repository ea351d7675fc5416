import copy
import hashlib
import math
import os
import random as python_random
import subprocess
import sys
import warnings
from pathlib import Path

import numpy as np
import pytest

from nnscratch import random

ROOT = Path(__file__).parents[1]
FLOAT_TYPES = ["float32", "float64"]
SHAPES = [(1,), (2, 1), (1, 7), (5, 3), (784, 4), (3, 2, 5)]
SEEDS = [0, 1, 42, -1, 686579304, 2**31 - 2, 2**31 - 1, 2**31, 2**40 + 5]


@pytest.fixture(autouse=True)
def put_the_package_source_back(monkeypatch):
    monkeypatch.setattr(random, "_source", random._source)


@pytest.fixture(scope="module")
def keras():
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        pytest.importorskip("tensorflow")
        return pytest.importorskip("keras")


# ---- Philox ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("counter", "key", "words"),
    [
        ("00000000 00000000 00000000 00000000", "00000000 00000000",
         "6627e8d5 e169c58d bc57ac4c 9b00dbd8"),
        ("ffffffff ffffffff ffffffff ffffffff", "ffffffff ffffffff",
         "408f276d 41c83b0e a20bc7c6 6d5451fd"),
        ("243f6a88 85a308d3 13198a2e 03707344", "a4093822 299f31d0",
         "d16cfe09 94fdcceb 5001e420 24126ea1"),
    ],
)  # fmt: skip
def test_philox_gives_the_known_answers_of_its_authors(counter, key, words):
    counter, key, words = (
        [int(word, 16) for word in row.split()] for row in (counter, key, words)
    )
    given = [np.full(2, word, np.uint64) for word in counter]
    assert np.array(random.philox(given, key)).T.tolist() == [words, words]


def test_a_block_is_philox_of_its_number_also_beyond_32_bits():
    number = 5 + (7 << 32)
    block = random.Stream((11, 12), (13, 14)).blocks(np.array([0, number]))[1]
    counter = [np.array([word], np.uint64) for word in (5, 7, 13, 14)]
    assert block.tolist() == np.ravel(random.philox(counter, (11, 12))).tolist()


def test_the_words_of_a_stream_are_its_blocks_in_a_row():
    stream = random.Stream((11, 12), (13, 14))
    assert stream.words(0).shape == (0,)
    assert stream.words(6).dtype == np.uint32
    assert stream.words(6).tolist() == stream.blocks(np.arange(2)).ravel()[:6].tolist()


# ---- Seeds -----------------------------------------------------------------------------------


def test_seed_42_hands_out_the_seeds_that_keras_draws():
    source = random.SeedSource(42)
    assert [source.draw() for _ in range(4)] == [686579304, 119540832, 26855093, 796233791]
    assert source.seed == 42


def test_set_seed_starts_the_draws_anew():
    random.set_seed(42)
    first = [random.draw_seed() for _ in range(2)]
    random.set_seed(np.int64(42))
    assert [random.draw_seed() for _ in range(2)] == first == [686579304, 119540832]
    assert type(random.global_seed()) is int
    assert random.global_seed() == 42


def test_two_sources_do_not_disturb_each_other():
    random.set_seed(42)
    other = random.SeedSource(42)
    other.draw()
    random.draw_seed()
    assert random.draw_seed() == other.draw() == 119540832


def test_without_a_seed_every_source_draws_otherwise():
    sources = [random.SeedSource(), random.SeedSource()]
    draws = [[source.draw() for _ in range(4)] for source in sources]
    assert draws[0] != draws[1]
    assert all(1 <= seed <= 10**9 for row in draws for seed in row)
    assert sources[0].seed is None


@pytest.mark.parametrize("seed", [True, np.True_, 1.0, "42", None, [42]])
def test_a_seed_that_is_no_whole_number_is_refused_and_nothing_is_changed(seed):
    random.set_seed(42)
    with pytest.raises(TypeError, match="seed must be a whole number"):
        random.set_seed(seed)
    assert random.global_seed() == 42
    assert random.draw_seed() == 686579304


def run_python(script):
    # One thread, so that Python 3.12 has no reason to warn of a fork.
    environment = {**os.environ, "OPENBLAS_NUM_THREADS": "1"}
    command = [sys.executable, "-c", script]
    done = subprocess.run(
        command, cwd=ROOT, env=environment, check=True, capture_output=True, text=True
    )
    return done.stdout.split("\n")[:-1]


def test_a_fresh_process_has_no_seed_and_two_of_them_draw_otherwise():
    script = (
        "from nnscratch import random\n"
        "print(random.global_seed())\n"
        "print([random.draw_seed() for _ in range(4)])\n"
    )
    first, second = run_python(script), run_python(script)
    assert first[0] == second[0] == "None"
    assert first[1] != second[1]


FORK = """
import os
from nnscratch import random
{seeding}
random.draw_seed()
reading, writing = os.pipe()
child = os.fork()
draws = str([random.draw_seed() for _ in range(4)])
if child == 0:
    os.write(writing, draws.encode())
    os._exit(0)
os.waitpid(child, 0)
print(draws)
print(os.read(reading, 1000).decode())
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system cannot fork")
def test_an_unseeded_process_and_its_fork_draw_otherwise():
    parent, child = run_python(FORK.format(seeding=""))
    assert parent != child
    assert parent.count(",") == child.count(",") == 3


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system cannot fork")
def test_a_seeded_process_and_its_fork_draw_the_same():
    parent, child = run_python(FORK.format(seeding="random.set_seed(42)"))
    assert parent == child
    assert parent.startswith("[119540832, 26855093, 796233791, ")


def test_no_draw_reads_or_touches_the_global_generators():
    def draw_everything():
        return [
            random.SeedSource(3).draw(),
            random.uniform((5,), 3, dtype="float32").tolist(),
            random.truncated_normal((5,), 3, dtype="float64").tolist(),
            random.dropout_mask((5,), 0.5, 3, 1, "float32").tolist(),
            random.keras_order.__wrapped__(20, 3).tolist(),
            random.fresh_order(20, 3, 1).tolist(),
        ]

    random.set_seed(3)
    random.draw_seed()
    random.SeedSource().draw()
    drawn = draw_everything()
    python_random.seed(1)
    np.random.seed(1)  # noqa: NPY002
    state_of_python, state_of_numpy = python_random.getstate(), np.random.get_state()  # noqa: NPY002
    assert draw_everything() == drawn
    random.draw_seed()
    random.SeedSource().draw()
    assert python_random.getstate() == state_of_python
    for now, before in zip(np.random.get_state(), state_of_numpy, strict=True):  # noqa: NPY002
        assert np.array_equal(now, before)


# ---- Numbers ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("dtype", "expected"),
    [
        ("float32", ["0x1.fab3cp-5", "0x1.a9d088p-1"]),
        ("float64", ["0x1.fab3d6fa9d088p-2", "0x1.93c5a50584196p-1"]),
    ],
)
def test_the_seed_pair_5_0_gives_tensorflows_numbers(dtype, expected):
    numbers = random.uniform((2,), 5, dtype=dtype)
    assert numbers.dtype == dtype
    assert numbers.tolist() == [float.fromhex(number) for number in expected]


@pytest.mark.parametrize("dtype", FLOAT_TYPES)
@pytest.mark.parametrize("draw", [random.uniform, random.truncated_normal])
def test_numbers_fill_a_shape_row_by_row_and_a_shorter_draw_is_the_beginning(draw, dtype):
    grid = draw((5, 3), 42, 2, dtype=dtype)
    assert grid.shape == (5, 3)
    assert grid.dtype == dtype
    assert np.array_equal(draw((7,), 42, 2, dtype=dtype), grid.ravel()[:7])
    assert draw((), 42, 2, dtype=dtype).shape == ()
    assert draw((), 42, 2, dtype=dtype) == grid[0, 0]
    assert draw((0, 3), 42, dtype=dtype).shape == (0, 3)


def test_the_bounds_of_float64_numbers_pass_through_float32():
    assert random.uniform((), 5, low=0.1, high=0.1, dtype="float64") == 0.10000000149011612


def test_seeds_are_taken_modulo_2_to_the_31_minus_2():
    expected = random.uniform((3,), 5, 1, dtype="float32")
    wrapped = random.uniform((3,), 5 - (2**31 - 2), 2**31 - 1, dtype="float32")
    assert np.array_equal(wrapped, expected)


@pytest.mark.parametrize("dtype", FLOAT_TYPES)
def test_uniform_numbers_are_uniform(dtype):
    from scipy import stats

    numbers = random.uniform((20_000,), 42, low=-1.0, high=3.0, dtype=dtype)
    assert stats.kstest(numbers, stats.uniform(-1, 4).cdf).pvalue > 0.001


@pytest.mark.parametrize("dtype", FLOAT_TYPES)
def test_truncated_normal_numbers_follow_the_cut_normal_distribution(dtype):
    from scipy import stats

    numbers = random.truncated_normal((20_000,), 42, stddev=0.5, dtype=dtype)
    assert np.abs(numbers).max() < 1.0
    assert stats.kstest(numbers, stats.truncnorm(-2, 2, scale=0.5).cdf).pvalue > 0.001


@pytest.mark.parametrize(
    ("dtype", "tolerance", "expected"),
    [
        ("float32", 1e-6, [0.015817075967788696, -1.5900869369506836, 0.10359445959329605,
                           0.8117459416389465, -0.021407850086688995, 0.11807695776224136,
                           -0.00559799000620842]),
        ("float64", 1e-14, [-1.620209350905405, -0.2705275550817895, -0.9642233625569603,
                            1.8030180944301082, -0.1723176159984812, 0.297524659874411,
                            -1.097371337623871]),
    ],
)  # fmt: skip
def test_truncated_normal_numbers_of_seed_42_are_those_of_keras(dtype, tolerance, expected):
    numbers = random.truncated_normal((7,), 42, dtype=dtype)
    np.testing.assert_allclose(numbers, expected, rtol=tolerance)


@pytest.mark.parametrize("dtype", FLOAT_TYPES)
def test_two_uniform_numbers_make_two_normal_ones(dtype):
    u = np.array([math.exp(-2), 0.25, math.exp(-4), 0.125, 0.0, 0.25], dtype)
    by_hand = [2, 0, 2, 2, math.sqrt(14 * math.log(10)), 0]  # 0 counts as 1e-7
    normal = random.box_muller(u)
    assert normal.dtype == dtype
    np.testing.assert_allclose(normal, by_hand, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("dtype", ["float16", "int64", "complex128"])
@pytest.mark.parametrize("draw", [random.uniform, random.truncated_normal])
def test_other_number_formats_are_refused(draw, dtype):
    with pytest.raises(ValueError, match=f"float32 or float64, got dtype {dtype}"):
        draw((2,), 42, dtype=dtype)


@pytest.mark.parametrize(
    ("dtype", "call", "expected"),
    [
        ("float32", 0, ["0110", "0110", "0010"]),
        ("float32", 1, ["1000", "1111", "1101"]),
        ("float32", 2, ["1010"]),
        ("float64", 0, ["0110", "0111", "0001"]),
        ("float64", 1, ["0001", "1011", "1111"]),
        ("float64", 2, ["1011"]),
    ],
)
def test_dropout_masks_of_seed_42_and_rate_0_4_are_those_of_keras(dtype, call, expected):
    mask = random.dropout_mask((len(expected), 4), 0.4, 42, call, dtype)
    assert mask.dtype == bool
    assert ["".join(str(int(kept)) for kept in row) for row in mask] == expected


@pytest.mark.parametrize("dtype", FLOAT_TYPES)
def test_dropout_keeps_a_number_that_equals_the_rate(dtype):
    rate = random.uniform((), 7, 0, dtype=dtype).item()
    assert random.dropout_mask((), rate, 7, 0, dtype)
    assert not random.dropout_mask((), np.nextafter(np.dtype(dtype).type(rate), 1), 7, 0, dtype)


@pytest.mark.parametrize("dtype", FLOAT_TYPES)
def test_dropout_keeps_the_share_that_it_should(dtype):
    mask = random.dropout_mask((100, 200), 0.3, 1, 0, dtype)
    # 0.7 with a standard deviation of sqrt(0.3 * 0.7 / 20000) = 0.0032
    assert abs(mask.mean() - 0.7) < 0.013


# ---- The order of the rows -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("n", "beginning", "digest"),
    [
        (10, [3, 8, 7, 5, 2, 0], None),
        (150, [143, 61, 95, 40, 91, 25], "3fa172a10bd8d8df"),
        (800, [243, 225, 209, 632, 191, 485], "85adb595d9e1ff50"),
        (1000, [643, 350, 235, 392, 331, 455], "7735c2ebac80b3b1"),
        (60000, [22643, 17315, 18403, 2413, 22139, 3600], "40fdae87ee281b40"),
    ],
)
def test_the_order_of_seed_42_is_the_one_of_keras(n, beginning, digest):
    order = random.keras_order(n, 42)
    assert order.dtype == np.int64
    assert order[:6].tolist() == beginning
    assert sorted(order.tolist()) == list(range(n))
    little_endian = order.astype("<i8").tobytes()
    assert digest in (None, hashlib.sha256(little_endian).hexdigest()[:16])


@pytest.mark.parametrize(
    ("seed", "order"),
    [
        (0, [2, 0, 5, 8, 7, 1, 9, 6, 3, 4]),
        (1, [2, 4, 0, 8, 9, 1, 5, 6, 3, 7]),
        (-1, [3, 8, 9, 0, 6, 5, 7, 1, 4, 2]),
    ],
)
def test_the_orders_of_ten_rows_are_those_of_keras(seed, order):
    assert random.keras_order(10, seed).tolist() == order


@pytest.mark.parametrize("n", [0, 1])
@pytest.mark.parametrize("seed", [0, 42])
def test_no_row_and_one_row_have_one_order(n, seed):
    order = random.keras_order(n, seed)
    assert order.dtype == np.int64
    assert order.tolist() == list(range(n))


def test_keras_takes_the_seed_of_the_order_modulo_2_to_the_31_minus_1():
    for seed in (-1, 0, 1):
        shifted = random.keras_order(50, seed + 2**31 - 1).tolist()
        assert shifted == random.keras_order(50, seed).tolist()


def test_the_order_is_kept_and_cannot_be_changed_by_mistake():
    order = random.keras_order(20, 42)
    assert random.keras_order(np.int64(20), np.int32(42)) is order
    with pytest.raises(ValueError, match="read-only"):
        order[0] = 1


@pytest.mark.parametrize("n", [0, 1, 2, 1000])
def test_a_fresh_order_holds_every_row_once(n):
    order = random.fresh_order(n, 42, 3)
    assert order.dtype == np.int64
    assert sorted(order.tolist()) == list(range(n))


def test_a_fresh_order_is_numpys_with_seed_and_epoch_as_the_two_halves_of_the_key():
    philox = np.random.Philox(key=np.array([42, 3], np.uint64))
    expected = np.random.Generator(philox).permutation(100)
    assert random.fresh_order(100, 42, 3).tolist() == expected.tolist()


def test_a_copy_of_a_source_without_a_seed_goes_its_own_way():
    source = random.SeedSource()
    twin = copy.deepcopy(source)
    assert [source.draw() for _ in range(4)] != [twin.draw() for _ in range(4)]


@pytest.mark.parametrize("seed", [0, 42, -1, 2**31 - 1, 2**63, 2**100, np.int64(-5)])
def test_a_fresh_order_depends_on_seed_and_epoch_alone(seed):
    epochs = [random.fresh_order(100, seed, epoch).tolist() for epoch in range(4)]
    assert len({tuple(order) for order in epochs}) == 4
    assert random.fresh_order(100, seed, 2).tolist() == epochs[2]
    for other in (int(seed) + 1, int(seed) + 2**32):
        assert random.fresh_order(100, other, 2).tolist() != epochs[2]


def test_seed_and_epoch_do_not_stand_in_for_each_other():
    pairs = [(seed, epoch) for seed in range(-3, 4) for epoch in range(7)]
    orders = {tuple(random.fresh_order(100, *pair).tolist()) for pair in pairs}
    assert len(orders) == len(pairs)


@pytest.mark.parametrize(
    "order",
    [lambda k: random.fresh_order(5, 42, k), lambda k: random.keras_order(5, k)],
    ids=["fresh", "keras"],
)
def test_every_row_comes_equally_often_at_every_place(order):
    counts = np.zeros((5, 5))
    for k in range(2000):
        counts[np.arange(5), order(k)] += 1
    # 16 degrees of freedom: above 39.25 once in a thousand
    assert ((counts - 400) ** 2 / 400).sum() < 39.25


# ---- Beside Keras, live ----------------------------------------------------------------------


@pytest.mark.tensorflow
@pytest.mark.parametrize("dtype", FLOAT_TYPES)
def test_uniform_numbers_equal_keras_bit_for_bit(keras, dtype):
    for shape in SHAPES:
        for seed in SEEDS:
            expected = keras.random.uniform(shape, -0.123, 0.456, dtype=dtype, seed=seed)
            ours = random.uniform(shape, seed, low=-0.123, high=0.456, dtype=dtype)
            assert ours.tobytes() == np.asarray(expected).tobytes(), (shape, seed)


@pytest.mark.tensorflow
@pytest.mark.parametrize(("dtype", "tolerance"), [("float32", 1e-6), ("float64", 1e-14)])
def test_truncated_normal_numbers_follow_keras(keras, dtype, tolerance):
    for shape in SHAPES:
        for seed in SEEDS:
            expected = keras.random.truncated_normal(shape, 0.0, 0.7, dtype=dtype, seed=seed)
            ours = random.truncated_normal(shape, seed, stddev=0.7, dtype=dtype)
            np.testing.assert_allclose(ours, np.asarray(expected), rtol=tolerance)


@pytest.mark.tensorflow
@pytest.mark.parametrize("seed", [0, 1, 42, 2**32 - 1])
def test_seeds_are_those_keras_draws_for_dense_and_dropout(keras, seed):
    keras.utils.set_random_seed(seed)
    source = random.SeedSource(seed)
    for _ in range(3):
        assert keras.layers.Dense(2).kernel_initializer.seed == source.draw()
        state = keras.layers.Dropout(0.5).seed_generator.state
        assert np.asarray(state).tolist() == [source.draw(), 0]


@pytest.mark.tensorflow
@pytest.mark.parametrize("dtype", FLOAT_TYPES)
@pytest.mark.parametrize("rate", [0.1, 0.5, 0.75])
def test_dropout_masks_equal_keras_through_several_calls(keras, dtype, rate):
    layer = keras.layers.Dropout(rate, seed=7, dtype=dtype)
    for call, rows in enumerate([32, 32, 5, 1, 32]):
        ones = np.ones((rows, 9), dtype)
        layer(ones, training=False)  # does not count
        kept = np.asarray(layer(ones, training=True)) > 0
        assert np.array_equal(random.dropout_mask((rows, 9), rate, 7, call, dtype), kept)


def record_a_fit(keras, x, **fit_options):
    """The batches that a fit of this model in Keras sees, before and after its Dropout."""
    seen = {"before": [], "after": []}

    class Recorder(keras.layers.Layer):
        def call(self, inputs):
            if hasattr(inputs, "numpy"):  # not so while Keras only works out the shapes
                seen[self.name].append(inputs.numpy())
            return inputs

    keras.utils.set_random_seed(42)
    model = keras.Sequential([keras.Input(x.shape[1:]), Recorder(name="before")])
    model.add(keras.layers.Dropout(0.4))
    model.add(Recorder(name="after"))
    model.add(keras.layers.Dense(1))
    model.compile("sgd", "mae", run_eagerly=True)
    model.fit(x, np.zeros(len(x)), verbose=0, **fit_options)
    return seen


@pytest.mark.tensorflow
def test_order_and_dropout_equal_a_fit_of_keras_with_a_partial_batch(keras):
    x = np.arange(1, 31, dtype="float32").reshape(10, 3)
    seen = record_a_fit(keras, x, batch_size=4, epochs=2)
    order = random.keras_order(10, 42)
    batches = [x[order[start : start + 4]] for _ in range(2) for start in (0, 4, 8)]
    dropout_seed = random.SeedSource(42).draw()
    assert [len(batch) for batch in seen["before"]] == [4, 4, 2, 4, 4, 2]
    for call, batch in enumerate(batches):
        assert np.array_equal(seen["before"][call], batch)
        mask = random.dropout_mask(batch.shape, 0.4, dropout_seed, call, "float32")
        assert np.array_equal(seen["after"][call] > 0, mask)


@pytest.mark.tensorflow
@pytest.mark.parametrize("seed", [0, 1, 42, -1, 2**31 - 1, 2**31])
@pytest.mark.parametrize("n", [1, 2, 10, 150, 1000])
def test_the_order_equals_the_shuffling_inside_keras_fit(keras, n, seed):
    import tensorflow
    from keras.src.trainers.data_adapters.array_data_adapter import ArrayDataAdapter

    tensorflow.random.set_seed(seed)  # Keras's own function refuses a negative seed
    adapter = ArrayDataAdapter(np.arange(n), np.zeros(n), batch_size=32, shuffle=True)
    for _ in range(2):
        rows = np.concatenate([x.numpy() for x, _ in adapter.get_tf_dataset()])
        assert rows.tolist() == random.keras_order(n, seed).tolist()
