"""The random numbers that Keras draws from the same seed, bit for bit.

Everything rests on Philox4x32-10, a *counter-based* generator: it scrambles a counter with a
key and has no state that moves on, so block number 1000 costs no more than block number 0. Each
draw here is a plain function of its arguments, and may be made again at any time.

    seeds       what a layer without a seed takes      SeedSource, set_seed, draw_seed
    weights     uniform and truncated normal numbers   uniform, truncated_normal
    dropout     what the k-th training call keeps      dropout_mask
    row order   which row comes when in an epoch       keras_order, fresh_order

Python's and NumPy's own global generators are neither read nor touched.

Source: Salmon, Moraes, Dror and Shaw 2011, "Parallel random numbers: as easy as 1, 2, 3"; the
use made of it is TensorFlow's and Keras 3's.
"""

import math
from functools import lru_cache
from random import Random, SystemRandom

import numpy as np

LOW_32_BITS = 0xFFFFFFFF
MULTIPLIERS = 0xD2511F53, 0xCD9E8D57
KEY_STEPS = 0x9E3779B9, 0xBB67AE85

# TensorFlow's own key for turning a pair of seeds into a key and a starting counter.
SCRAMBLING_KEY = 0x3EC8F720, 0x02461E29


# ---- Philox ----------------------------------------------------------------------------------


def philox(counter, key):
    """Philox4x32-10: four words in, four well-mixed words out, for many counters at once.

    counter: four uint64 arrays that hold 32-bit words, lowest first; key: two ints below 2**32.
    Returns four such arrays. (uint64, as a product of two 32-bit words needs 64 bits.)
    """
    c0, c1, c2, c3 = counter
    k0, k1 = key
    for _ in range(10):
        left, right = c0 * MULTIPLIERS[0], c2 * MULTIPLIERS[1]
        c0, c1 = (right >> 32) ^ c1 ^ k0, right & LOW_32_BITS
        c2, c3 = (left >> 32) ^ c3 ^ k1, left & LOW_32_BITS
        k0, k1 = (k0 + KEY_STEPS[0]) & LOW_32_BITS, (k1 + KEY_STEPS[1]) & LOW_32_BITS
    return c0, c1, c2, c3


class Stream:
    """An endless row of 32-bit words, four in each block: ``philox((i, c2, c3), key)``.

    The block number i takes the two low words of the counter; c2 and c3 stay, and tell apart
    the streams of one key.
    """

    def __init__(self, key, high_counter):
        self.key = key
        self.high_counter = high_counter

    @classmethod
    def of_seeds(cls, seed, call):
        """TensorFlow's stream for a pair of seeds, each of them any integer.

        Keras takes both modulo 2**31 - 2. One Philox block then scrambles the pair, so that
        the neighbours 1 and 2 give streams that have nothing to do with each other.
        """
        seed, call = (whole_seed(number) % (2**31 - 2) for number in (seed, call))
        words = cls(SCRAMBLING_KEY, (call, 0)).blocks(np.array([seed]))
        k0, k1, c2, c3 = words[0].tolist()
        return cls((k0, k1), (c2, c3))

    def blocks(self, numbers):
        """The blocks with these numbers: numbers (n,) -> uint32 words (n, 4)."""
        low = numbers.astype(np.uint64)
        high = (np.full_like(low, word) for word in self.high_counter)
        words = philox((low & LOW_32_BITS, low >> 32, *high), self.key)
        return np.stack(words, axis=1).astype(np.uint32)

    def words(self, count):
        """The first ``count`` words: uint32 (count,)."""
        return self.blocks(np.arange(math.ceil(count / 4))).ravel()[:count]


# ---- Seeds -----------------------------------------------------------------------------------


class SeedSource:
    """Hands out the seeds that Keras would draw after ``keras.utils.set_random_seed(seed)``.

    With ``seed=None`` they come from the operating system: no two processes, nor a process and
    its fork, then draw the same. Python's generator does not look at the sign of a seed, so 1
    and -1 hand out the same seeds, there as here.
    """

    def __init__(self, seed=None):
        self.seed = None if seed is None else whole_seed(seed)
        # None stands for the system's entropy, which has no state that could be copied.
        self._generator = None if seed is None else Random(self.seed)

    def draw(self):
        """The next seed, in 1 .. 10**9."""
        return (self._generator or SystemRandom()).randint(1, 10**9)


def whole_seed(seed):
    """``seed`` as a Python int; NumPy's integers will do, True and 1.0 will not."""
    if isinstance(seed, (int, np.integer)) and not isinstance(seed, bool):
        return int(seed)
    raise TypeError(
        f"seed must be a whole number such as 42, got {seed!r} ({type(seed).__name__})"
    )


_source = SeedSource()


def set_seed(seed):
    """Start nnscratch's own draws anew from ``seed``, a whole number."""
    global _source
    _source = SeedSource(whole_seed(seed))


def draw_seed():
    """The next seed of the package's own source: for a layer that was not given one."""
    return _source.draw()


def global_seed():
    """The seed given to ``set_seed``, or None."""
    return _source.seed


# ---- Weights and dropout ---------------------------------------------------------------------


def uniform(shape, seed, call=0, *, low=0.0, high=1.0, dtype):
    """Uniform numbers in [low, high), row by row: a function of (seed, call) alone.

    float32 and float64 read the stream differently, so the one is not the other rounded. The
    bounds pass through float32 in both: TensorFlow makes a Python float a float32 tensor first,
    and float64 weights agree with Keras's only if the bounds do.
    """
    dtype = np.dtype(dtype)
    low, high = (dtype.type(np.float32(bound)) for bound in (low, high))
    count = math.prod(shape)
    words = Stream.of_seeds(seed, call).words(count * words_per_number(dtype))
    return (unit_interval(words, dtype) * (high - low) + low).reshape(shape)


def truncated_normal(shape, seed, call=0, *, stddev=1.0, dtype):
    """Normal numbers of mean 0, drawn again when beyond 2 stddev: a function of (seed, call).

    The numbers that one block can make (4 in float32, 2 in float64) are one group, drawn until
    all are inside. TensorFlow sets 256 words aside for each number, so that a group has its own
    part of the stream, however many words it uses. NumPy's log, sin and cos may round the last
    bit or two otherwise than the C library's: these are the only draws not equal bit for bit.
    """
    dtype = np.dtype(dtype)
    count, size = math.prod(shape), 4 // words_per_number(dtype)
    first_blocks = np.arange(math.ceil(count / size)) * (256 * size // 4)
    # One normal number in 22 is beyond 2. Eight blocks always are enough: the chance that a
    # group would need a ninth is below 1e-18.
    blocks = first_blocks[:, np.newaxis] + np.arange(8)
    words = Stream.of_seeds(seed, call).blocks(blocks.ravel()).reshape(len(blocks), 32)
    normal = box_muller(unit_interval(words, dtype))
    inside_first = np.argsort(np.abs(normal) >= 2, axis=1, kind="stable")[:, :size]
    numbers = np.take_along_axis(normal, inside_first, axis=1).ravel()[:count]
    return (numbers * dtype.type(stddev)).reshape(shape)


def dropout_mask(shape, rate, seed, call, dtype):
    """True where the ``call``-th training call (0, 1, ...) keeps a value: bool, of ``shape``.

    A value is kept when its uniform number is at least ``rate``.
    """
    dtype = np.dtype(dtype)
    return uniform(shape, seed, call, dtype=dtype) >= dtype.type(rate)


def words_per_number(dtype):
    """How many random words one number takes: 1 for float32, 2 for float64."""
    if dtype not in (np.float32, np.float64):
        raise ValueError(f"random numbers are drawn in float32 or float64, got dtype {dtype}")
    return dtype.itemsize // 4


def unit_interval(words, dtype):
    """Random words as numbers in [0, 1): uint32 (..., n) -> dtype (..., n / words_per_number).

    The random bits become the fraction bits of a float between 1 and 2, where all floats are
    equally far apart; then 1 is taken off.
    """
    if dtype == np.float32:
        bits = words & 0x7FFFFF | 0x3F800000
    else:
        high, low = words[..., 0::2].astype(np.uint64), words[..., 1::2]
        bits = (high & 0xFFFFF) << 32 | low | 0x3FF << 52
    return bits.view(dtype) - dtype.type(1)


def box_muller(u):
    """Two uniform numbers make two independent normal ones (Box and Muller 1958).

        radius = sqrt(-2 log u_1)     angle = 2 pi u_2
        z_1 = radius * sin(angle)     z_2 = radius * cos(angle)

    u (..., 2 n) -> z (..., 2 n), pairs side by side. log(0) is not finite, so u_1 is at least
    1e-7. TensorFlow multiplies by 2 pi in float64 also for float32 numbers; near sin's zeros
    the rounding of the angle is all that is left, so that step must be the same here.
    """
    u_1, u_2 = np.maximum(u[..., 0::2], u.dtype.type(1e-7)), u[..., 1::2]
    radius = np.sqrt(-2 * np.log(u_1))
    angle = (2 * math.pi * u_2.astype(np.float64)).astype(u.dtype)
    pairs = np.stack([radius * np.sin(angle), radius * np.cos(angle)], axis=-1)
    return pairs.reshape(u.shape)


# ---- The order of the rows -------------------------------------------------------------------


@lru_cache(maxsize=4)
def keras_order(n, seed):
    """The order of n rows that Keras's ``fit`` uses, the same in every epoch and every fit.

    int64 (n,), read-only. The shuffle of Fisher and Yates, from the front: row i changes places
    with one of the rows i .. n-1. Keras makes its shuffling anew for every epoch, so its random
    stream starts over each time.
    """
    key = whole_seed(seed) % (2**31 - 1)
    # To TensorFlow's kernels the pair (0, 0) means "not seeded", so 0 has this partner instead.
    partner = 0 if key else 2**31 - 1
    words = Stream((key, 0), (partner, 0)).words(max(n - 1, 0))
    rows = np.arange(len(words))
    order = list(range(n))
    for i, j in enumerate((rows + words % (n - rows)).tolist()):
        order[i], order[j] = order[j], order[i]
    return _shared(np.array(order, dtype=np.int64))


@lru_cache(maxsize=2)
def fresh_order(n, seed, epoch):
    """A new order of n rows for each epoch (0, 1, ...): a function of (seed, epoch) alone.

    int64 (n,), read-only, by NumPy's Philox4x64 with the key (seed modulo 2**64, epoch).
    """
    key = whole_seed(seed) % 2**64 | int(epoch) << 64
    return _shared(np.random.Generator(np.random.Philox(key=key)).permutation(n))


def _shared(order):
    order.setflags(write=False)  # a cache gives all callers this one array
    return order
