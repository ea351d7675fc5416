"""Each formula against SciPy or numbers worked by hand, each derivative against its formula."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import special

from nnscratch import ops

FLOAT_TYPES = [np.float32, np.float64]
GRID = np.concatenate([np.linspace(-30, 30, 241), [-1e4, -700, -100, 100, 700, 1e4]])


def slope(function, z, h=1e-5):
    """Central differences, number by number."""
    return (function(z + h) - function(z - h)) / (2 * h)


# name: (function of z, (dy, z) -> dz)
PAIRS = {
    "relu": (ops.relu, lambda dy, z: ops.relu_backward(dy, ops.relu(z))),
    "leaky_relu": (
        lambda z: ops.leaky_relu(z, 0.3),
        lambda dy, z: ops.leaky_relu_backward(dy, ops.leaky_relu(z, 0.3), 0.3),
    ),
    "sigmoid": (ops.sigmoid, lambda dy, z: ops.sigmoid_backward(dy, ops.sigmoid(z))),
    "tanh": (ops.tanh, lambda dy, z: ops.tanh_backward(dy, ops.tanh(z))),
}


# ---- affine ----------------------------------------------------------------------------------


def test_affine_worked_by_hand():
    x = np.array([[1.0, 2.0], [3.0, -1.0]])
    W = np.array([[1.0, 0.0, 2.0], [-1.0, 4.0, 0.5]])
    b = np.array([10.0, 20.0, 30.0])
    assert ops.affine(x, W, b).tolist() == [[9.0, 28.0, 33.0], [14.0, 16.0, 35.5]]
    assert ops.affine(x, W).tolist() == [[-1.0, 8.0, 3.0], [4.0, -4.0, 5.5]]


def test_affine_backward_worked_by_hand():
    x = np.array([[1.0, 2.0], [3.0, -1.0]])
    W = np.array([[1.0, 0.0, 2.0], [-1.0, 4.0, 0.5]])
    dz = np.array([[1.0, 0.0, -2.0], [0.5, 3.0, 1.0]])
    dx, dW, db = ops.affine_backward(dz, x, W)
    assert dx.tolist() == [[-3.0, -2.0], [2.5, 12.0]]
    assert dW.tolist() == [[2.5, 9.0, 1.0], [1.5, -3.0, -5.0]]
    assert db.tolist() == [1.5, 3.0, -1.0]


def test_affine_leaves_its_arguments_alone():
    x, W, b = np.ones((2, 3)), np.ones((3, 2)), np.ones(2)
    ops.affine(x, W, b)
    assert (x == 1).all() and (W == 1).all() and (b == 1).all()


# ---- one number in, one number out -----------------------------------------------------------


def test_relu_keeps_what_is_positive_and_a_nan():
    z = np.array([-np.inf, -2.0, -0.0, 0.0, 3.0, np.inf, np.nan])
    np.testing.assert_array_equal(ops.relu(z), [0, 0, 0, 0, 3, np.inf, np.nan])


def test_relu_lets_no_gradient_through_at_zero():
    y = ops.relu(np.array([-1.0, 0.0, 1e-300, 2.0]))
    assert ops.relu_backward(np.array([5.0, 6.0, 7.0, 8.0]), y).tolist() == [0, 0, 7, 8]


def test_leaky_relu_worked_by_hand():
    y = ops.leaky_relu(np.array([-2.0, 0.0, 3.0, np.nan]), 0.25)
    np.testing.assert_array_equal(y, [-0.5, 0, 3, np.nan])
    dz = ops.leaky_relu_backward(np.array([8.0, 8.0, 8.0]), y[:3], 0.25)
    assert dz.tolist() == [2, 2, 8]


@pytest.mark.parametrize("dtype", FLOAT_TYPES)
def test_sigmoid_is_scipys_to_a_few_units_in_the_last_place(dtype):
    z = GRID.astype(dtype)
    np.testing.assert_allclose(
        ops.sigmoid(z), special.expit(z.astype(float)), rtol=4 * np.finfo(dtype).eps, atol=1e-38
    )


def test_sigmoid_in_float32_is_exactly_one_from_17_on():
    z = np.array([16, 17, 30, 1e4], np.float32)
    assert (ops.sigmoid(z) == 1).tolist() == [False, True, True, True]


@pytest.mark.parametrize("dtype", FLOAT_TYPES)
def test_softplus_is_scipys_also_where_exp_is_tiny_or_overflows(dtype):
    z = GRID.astype(dtype)
    expected = -special.log_expit(-z.astype(float))
    np.testing.assert_allclose(
        ops.softplus(z), expected, rtol=4 * np.finfo(dtype).eps, atol=1e-38
    )


def test_tanh_worked_by_hand():
    z = np.log([0.5, 1.0, 3.0])  # then exp(z) is 1/2, 1, 3
    np.testing.assert_allclose(ops.tanh(z), [-0.6, 0.0, 0.8], rtol=1e-15)


@pytest.mark.parametrize("name", PAIRS)
@settings(deadline=None, max_examples=50)
@given(z=st.floats(-4, 4).filter(lambda z: abs(z) > 1e-3), dy=st.floats(-3, 3))
def test_the_backward_formula_is_the_derivative_of_the_forward_formula(name, z, dy):
    function, backward = PAIRS[name]
    z, dy = np.array([z]), np.array([dy])
    np.testing.assert_allclose(backward(dy, z), dy * slope(function, z), rtol=1e-7, atol=1e-10)


# ---- a row in, a row or a number out ---------------------------------------------------------


@pytest.mark.parametrize("shape", [(4,), (3, 1), (1, 5), (2, 3, 4)])
@pytest.mark.parametrize("dtype", FLOAT_TYPES)
def test_softmax_and_its_logarithm_are_scipys_over_the_last_axis(shape, dtype):
    z = np.random.default_rng(0).normal(scale=5, size=shape).astype(dtype)
    exact = z.astype(float)
    few_ulp = 8 * np.finfo(dtype).eps
    np.testing.assert_allclose(ops.softmax(z), special.softmax(exact, axis=-1), rtol=few_ulp)
    expected = special.log_softmax(exact, axis=-1)
    np.testing.assert_allclose(ops.log_softmax(z), expected, rtol=few_ulp, atol=few_ulp)


def test_softmax_worked_by_hand():
    np.testing.assert_allclose(
        ops.softmax(np.log([[1.0, 2.0, 5.0], [3.0, 3.0, 3.0]])),
        [[1 / 8, 2 / 8, 5 / 8], [1 / 3, 1 / 3, 1 / 3]],
        rtol=1e-15,
    )


def test_softmax_and_its_logarithm_do_not_overflow_at_ten_thousand():
    z = np.array([[1e4, 0, -1e4], [-1e4, -1e4, -1e4]], np.float32)
    np.testing.assert_allclose(ops.softmax(z), [[1, 0, 0], [1 / 3] * 3], rtol=1e-6)
    expected = [[0, -1e4, -2e4], [-np.log(3)] * 3]
    np.testing.assert_allclose(ops.log_softmax(z), expected, rtol=1e-7)


def test_softmax_hands_a_nan_on_in_its_own_row_only():
    y = ops.softmax(np.array([[0.0, np.nan], [1.0, 1.0]]))
    assert np.isnan(y).tolist() == [[True, True], [False, False]]


def test_softmax_backward_worked_by_hand_with_the_whole_jacobian():
    y = np.array([[0.5, 0.25, 0.25]])
    jacobian = np.array(
        [[1 / 4, -1 / 8, -1 / 8], [-1 / 8, 3 / 16, -1 / 16], [-1 / 8, -1 / 16, 3 / 16]]
    )
    for row in range(3):  # one output at a time picks one row of the (symmetric) Jacobian
        dz = ops.softmax_backward(np.eye(3)[[row]], y)
        assert dz.tolist() == [jacobian[row].tolist()]


@settings(deadline=None, max_examples=50)
@given(st.integers(1, 5), st.integers(1, 4), st.integers(0, 2**32 - 1))
def test_softmax_backward_is_the_derivative_of_softmax(classes, rows, seed):
    rng = np.random.default_rng(seed)
    z, dy = rng.normal(size=(2, rows, classes))
    h, expected = 1e-5, np.empty_like(z)
    for index in np.ndindex(*z.shape):
        step = np.zeros_like(z)
        step[index] = h
        expected[index] = ((ops.softmax(z + step) - ops.softmax(z - step)) * dy).sum() / (2 * h)
    np.testing.assert_allclose(
        ops.softmax_backward(dy, ops.softmax(z)), expected, rtol=1e-7, atol=1e-9
    )


# ---- dropout ---------------------------------------------------------------------------------


def test_dropout_zeroes_and_scales_and_its_backward_does_the_same():
    x, keep = np.array([1.0, 2.0, np.inf, -4.0]), np.array([True, False, False, True])
    assert ops.dropout(x, keep, 0.75).tolist() == [4, 0, 0, -16]
    assert ops.dropout_backward(np.ones(4), keep, 0.75).tolist() == [4, 0, 0, 4]


# ---- number formats --------------------------------------------------------------------------


def results_of_all(dtype):
    z = np.array([[-1.5, 0.25], [2.0, 0.0], [0.5, -0.5]], dtype)
    W, b = np.ones((2, 4), dtype), np.ones(4, dtype)
    return {
        "affine": ops.affine(z, W, b),
        "relu": ops.relu(z),
        "leaky_relu": ops.leaky_relu(z, 0.2),
        "sigmoid": ops.sigmoid(z),
        "tanh": ops.tanh(z),
        "softmax": ops.softmax(z),
        "log_softmax": ops.log_softmax(z),
        "softplus": ops.softplus(z),
        "dropout": ops.dropout(z, z > 0, 0.3),
        "dropout_backward": ops.dropout_backward(z, z > 0, 0.3),
        "relu_backward": ops.relu_backward(z, z),
        "leaky_relu_backward": ops.leaky_relu_backward(z, z, 0.2),
        "sigmoid_backward": ops.sigmoid_backward(z, z),
        "tanh_backward": ops.tanh_backward(z, z),
        "softmax_backward": ops.softmax_backward(z, z),
        "affine_backward": ops.affine_backward(z @ W, z, W),
    }


@pytest.mark.parametrize("dtype", FLOAT_TYPES)
def test_every_function_returns_the_number_format_that_it_was_given(dtype):
    results = results_of_all(dtype)
    for array in results.pop("affine_backward"):
        assert array.dtype == dtype
    formats = {name: array.dtype for name, array in results.items()}
    assert formats == dict.fromkeys(results, np.dtype(dtype))


def test_no_function_was_left_out_of_the_number_formats():
    functions = {name for name, function in vars(ops).items() if callable(function)}
    assert functions == results_of_all(np.float64).keys()
