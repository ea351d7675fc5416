"""The fused engine's products by themselves, at the sizes of W1's and W4's first layers.

Each result is checked against NumPy; GFLOPS stand in the column ``extra_info`` of
``--benchmark-json``, to be held against the machine's limit.
"""

import numpy as np
import pytest

from nnscratch.engines.fused import memory, products
from nnscratch.engines.fused.compiling import kernel


# The products are parts of kernels, and have no way in from Python but through one.
@kernel
def rows_times_rows(A, W, bias, C, length):
    products.rows_times_rows(A, W, bias, C, length)


@kernel
def product(A, B, C, columns):
    products.product(A, B, C, columns)


SIZES = {"W1": (32, 784, 100), "W4": (128, 784, 512)}  # rows, inputs, units


def filled(*shape):
    """Aligned float32 noise, as the engine keeps its numbers."""
    array = memory.aligned(shape, "float32")
    array[:] = np.random.default_rng(0).standard_normal(shape)
    return array


@pytest.mark.parametrize("size", SIZES.values(), ids=SIZES)
class TestProducts:
    """Forward and gradient: 2 x rows x inputs x units operations each."""

    def timed(self, benchmark, group, size, function, arguments):
        benchmark.group = f"{group}, {' x '.join(map(str, size))}, float32"
        benchmark(function, *arguments)
        if benchmark.stats:  # there are none with --benchmark-disable
            operations = 2 * np.prod(size)
            benchmark.extra_info["GFLOPS"] = operations / benchmark.stats["min"] / 1e9

    def test_forward(self, benchmark, size):
        rows, inputs, units = size
        x, W, bias = filled(rows, inputs), filled(units, inputs), filled(units)
        z = memory.aligned((rows, units), "float32")
        arguments = (x, W, bias, z, inputs)
        self.timed(benchmark, "forward", size, rows_times_rows, arguments)
        np.testing.assert_allclose(z, x @ W.T + bias, rtol=1e-4, atol=1e-3)

    def test_gradient_of_the_weights(self, benchmark, size):
        rows, inputs, units = size
        x, dz = filled(rows, inputs), filled(units, rows)
        dW = memory.aligned((units, inputs), "float32")
        arguments = (dz, x, dW, inputs)
        self.timed(benchmark, "gradient", size, product, arguments)
        np.testing.assert_allclose(dW, dz @ x, rtol=1e-4, atol=1e-3)
