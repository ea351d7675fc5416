"""Elementwise arithmetic: exp, the activation functions and their derivatives, row by row.

A function is given rows and changes them in place. Its codes (RELU, ...) are ``plan``'s. Every
derivative is written with the output y, as in ``nnscratch.activations``.

A comparison that is false for NaN decides where a NaN goes: ``max(z, 0)`` keeps it, while
``max(0, z)`` would turn it into 0.
"""

import math

import numpy as np
from numba import types
from numba.extending import overload

from nnscratch.activations import LEAKY_SLOPE
from nnscratch.engines.fused.compiling import BY_ITSELF, elementwise, part
from nnscratch.engines.plan import LEAKY_RELU, LINEAR, RELU, SIGMOID, TANH

f4 = np.float32


def like(x, number):
    """``number`` in the number format of the single number x."""
    return type(x)(number)


@overload(like)
def _like(x, number):
    cast = np.float32 if x == types.float32 else np.float64
    return lambda x, number: cast(number)


def exp_of_negative(x):
    """exp(x) for x <= 0, in x's number format."""
    return like(x, math.exp(x))


def _exp32(x):
    # x = n log 2 + r with |r| <= log(2) / 2; then exp(x) = 2^n exp(r), and a polynomial of
    # degree 6 gives exp(r) to one unit in the last place. log 2 is taken off in two parts, of
    # which the first has so few bits that n times it is exact. All of it vectorises; a call of
    # the C library's exp does not. Below -87 the result stays at exp(-87) = 1e-38.
    # Source: Moshier, Cephes (1989), expf.
    x = max(x, f4(-87))
    n = np.int32(x * f4(1.44269504) - f4(0.5))
    r = x - f4(n) * f4(0.693359375) + f4(n) * f4(2.12194440e-4)
    q = f4(1.9875691500e-4) * r + f4(1.3981999507e-3)
    q = q * r + f4(8.3334519073e-3)
    q = q * r + f4(4.1665795894e-2)
    q = q * r + f4(1.6666665459e-1)
    q = q * r + f4(0.5)
    power_of_two = np.int32((n + np.int32(127)) << np.int32(23)).view(np.float32)
    return (q * r * r + r + f4(1)) * power_of_two


def _exp64(x):
    return math.exp(x)


@overload(exp_of_negative, jit_options=BY_ITSELF)
def _exp_of_negative(x):
    return _exp32 if x == types.float32 else _exp64


def log_of_one_and(e):
    """log(1 + e) for 0 <= e <= 1, in e's number format."""
    return like(e, math.log1p(e))


def _log_of_one_and_32(e):
    # log((1 + s) / (1 - s)) = 2 (s + s^3/3 + s^5/5 + ...), and this s is at most 1/3.
    s = e / (f4(2) + e)
    q = s * s
    series = f4(1 / 15) * q + f4(1 / 13)
    series = series * q + f4(1 / 11)
    series = series * q + f4(1 / 9)
    series = series * q + f4(1 / 7)
    series = series * q + f4(1 / 5)
    series = series * q + f4(1 / 3)
    return f4(2) * (s + s * q * series)


def _log_of_one_and_64(e):
    return math.log1p(e)


@overload(log_of_one_and, jit_options=BY_ITSELF)
def _log_of_one_and(e):
    return _log_of_one_and_32 if e == types.float32 else _log_of_one_and_64


def tanh(x):
    """tanh(x) in x's number format."""
    return like(x, math.tanh(x))


def _tanh32(x):
    # Near 0 a polynomial in x^2; further out, exp loses nothing. Source: Cephes, tanhf.
    s = x * x
    q = f4(-5.70498872745e-3) * s + f4(2.06390887954e-2)
    q = q * s + f4(-5.37397155531e-2)
    q = q * s + f4(1.33314422036e-1)
    q = q * s + f4(-3.33332819422e-1)
    near = q * s * x + x
    e = exp_of_negative(f4(-2) * abs(x))
    far = (f4(1) - e) / (f4(1) + e)
    return near if abs(x) < f4(0.625) else (far if x > f4(0) else -far)


def _tanh64(x):
    return math.tanh(x)


@overload(tanh, jit_options=BY_ITSELF)
def _tanh(x):
    return _tanh32 if x == types.float32 else _tanh64


@elementwise
def activate(code, z_rows, begin, end, first, last):
    """y = f(z), in place in rows begin..end-1 and columns first..last-1; not for softmax."""
    if code == LINEAR:
        return
    zero, one = z_rows.dtype.type(0), z_rows.dtype.type(1)
    slope = z_rows.dtype.type(LEAKY_SLOPE)
    for i in range(begin, end):
        z = z_rows[i, first:last]
        if code == RELU:
            for j in range(z.size):
                z[j] = max(z[j], zero)
        elif code == LEAKY_RELU:
            for j in range(z.size):
                z[j] = z[j] if z[j] > zero else z[j] * slope
        elif code == SIGMOID:
            for j in range(z.size):
                e = exp_of_negative(-abs(z[j]))
                z[j] = (one if z[j] >= zero else e) / (one + e)
        elif code == TANH:
            for j in range(z.size):
                z[j] = tanh(z[j])


@elementwise
def activate_backward(code, dy_rows, y_rows, begin, end, columns):
    """dz = dy f'(z), in place in rows begin..end-1, from the outputs ``y_rows``."""
    if code == LINEAR:
        return
    zero, one = dy_rows.dtype.type(0), dy_rows.dtype.type(1)
    slope = dy_rows.dtype.type(LEAKY_SLOPE)
    for i in range(begin, end):
        d, y = dy_rows[i], y_rows[i]
        if code == RELU:
            for j in range(columns):
                d[j] = d[j] if y[j] > zero else zero
        elif code == LEAKY_RELU:
            for j in range(columns):
                d[j] = d[j] if y[j] > zero else d[j] * slope
        elif code == SIGMOID:
            for j in range(columns):
                d[j] *= y[j] * (one - y[j])
        elif code == TANH:
            for j in range(columns):
                d[j] *= one - y[j] * y[j]


@part
def softmax(z, p, columns):
    """p = softmax of the row z; returns the largest z, and log(sum(exp(z - largest)))."""
    zero = z.dtype.type(0)
    largest = z[0]
    for j in range(1, columns):
        largest = max(largest, z[j])
    for j in range(columns):
        p[j] = exp_of_negative(z[j] - largest)
    total = zero
    for j in range(columns):
        total += p[j]
    for j in range(columns):
        p[j] /= total
    return largest, math.log(total)


@part
def softmax_backward(d, y, columns):
    """dz_j = y_j (d_j - sum_k d_k y_k), in place in the row d."""
    shared = d.dtype.type(0)
    for j in range(columns):
        shared += d[j] * y[j]
    for j in range(columns):
        d[j] = y[j] * (d[j] - shared)
