"""Dropout's masks, the same random bits as ``nnscratch.random.dropout_mask``."""

import numpy as np

from nnscratch.engines.fused.compiling import part
from nnscratch.random import KEY_STEPS, LOW_32_BITS, MULTIPLIERS, SCRAMBLING_KEY

u8 = np.uint64
LOW = u8(LOW_32_BITS)
MULTIPLIER_0, MULTIPLIER_1 = (u8(number) for number in MULTIPLIERS)
KEY_STEP_0, KEY_STEP_1 = (u8(number) for number in KEY_STEPS)
SCRAMBLE_0, SCRAMBLE_1 = (u8(number) for number in SCRAMBLING_KEY)
HALF = u8(32)
FRACTION_32, ONE_32 = u8(0x7FFFFF), u8(0x3F800000)
FRACTION_64, ONE_64 = u8(0xFFFFF), u8(0x3FF << 52)
SEEDS = 2**31 - 2  # Keras takes seeds and calls modulo this


@part
def philox(c0, c1, c2, c3, k0, k1):
    """Philox4x32-10 of one counter: four words in, four out, each in a uint64."""
    for _ in range(10):
        left, right = c0 * MULTIPLIER_0, c2 * MULTIPLIER_1
        c0, c1 = (right >> HALF) ^ c1 ^ k0, right & LOW
        c2, c3 = (left >> HALF) ^ c3 ^ k1, left & LOW
        k0, k1 = (k0 + KEY_STEP_0) & LOW, (k1 + KEY_STEP_1) & LOW
    return c0, c1, c2, c3


@part
def uniform(block, lane, double):
    """The number in [0, 1) that begins at word ``lane`` of a Philox block, two words if double.

    The random bits become the fraction of a number between 1 and 2; then 1 is taken off.
    """
    if double:
        high, low = block[lane], block[lane + 1]
        bits = u8((high & FRACTION_64) << HALF | low | ONE_64)
        return bits.view(np.float64) - 1.0
    short_bits = np.uint32(block[lane] & FRACTION_32 | ONE_32)
    return np.float64(short_bits.view(np.float32)) - 1.0


@part
def drop(op, x, y, kept, first, last, call):
    """y = x / (1 - rate) where kept, else 0, for the rows first..last-1 of a batch.

    kept (B, columns) is filled with the scale 1 / (1 - rate) or 0: ``drop_backward`` takes it.
    """
    zero, least = x.dtype.type(0), x.dtype.type(op["rate"])
    scale = x.dtype.type(1 / (1 - op["rate"]))
    double = x.itemsize == 8
    in_a_block = 2 if double else 4
    columns = op["units"]
    k0, k1, c2, c3 = philox(
        u8(op["seed"]), u8(0), u8((op["calls"] + call) % SEEDS), u8(0), SCRAMBLE_0, SCRAMBLE_1
    )
    for i in range(first, last):
        block = (LOW, LOW, LOW, LOW)
        for j in range(columns):
            number = i * columns + j
            lane = number % in_a_block
            if lane == 0 or j == 0:
                at = number // in_a_block
                block = philox(u8(at) & LOW, u8(at) >> HALF, c2, c3, k0, k1)
            passes = x.dtype.type(uniform(block, lane * 2 if double else lane, double)) >= least
            kept[i, j] = scale if passes else zero
            y[i, j] = x[i, j] * scale if passes else zero


@part
def drop_backward(op, dy, dx, kept, first, last):
    """dx = dy / (1 - rate) through the mask that ``drop`` drew."""
    zero = dy.dtype.type(0)
    for i in range(first, last):
        for j in range(op["units"]):
            dx[i, j] = dy[i, j] * kept[i, j] if kept[i, j] > zero else zero
