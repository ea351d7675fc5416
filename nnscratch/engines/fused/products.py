"""Matrix products in blocks that stay in registers: what almost all of the time goes into.

A row is a unit's weights or an example's numbers. Rows are 64-byte aligned and padded with
zeros, their number is a multiple of 4 (``memory.py`` sees to it), so that no block is ragged.
"""

from nnscratch.engines.fused.compiling import part

# So many rows of examples are kept near while all units pass over them: few, unless the units
# have so many weights that they come from far each time.
ROWS_IN_L1, ROWS_IN_L2 = 8, 32
NUMBERS_IN_L2 = 100_000
FACTORS = 64  # rows of B that are kept near while all rows of A pass over them
LONGEST = 1024  # numbers of a row that are worked on together: eight rows of it fit into L1


@part
def rows_times_rows(A, W, bias, C, length):
    """C[i, u] = A[i] . W[u] + bias[u], over the first ``length`` numbers of each row."""
    for i in range(A.shape[0]):
        for u in range(W.shape[0]):
            C[i, u] = bias[u]
    for left in range(0, length, LONGEST):
        _add_products(A, W, C, left, min(left + LONGEST, length))


@part
def _add_products(A, W, C, left, right):
    """C[i, u] += A[i] . W[u], over the numbers left..right-1.

    Sixteen sums at a time, of 4 rows with 4 units: each number that is loaded is used four
    times, and nothing is stored inside the loop, so that the compiler, without having to fear
    that a store changes what it loads next, turns all of it into vector arithmetic.
    """
    zero = A.dtype.type(0)
    length = right - left
    large = W.shape[0] * length > NUMBERS_IN_L2
    group = ROWS_IN_L2 if large else ROWS_IN_L1
    for near in range(0, A.shape[0], group):
        for u in range(0, W.shape[0], 4):
            w0, w1 = W[u][left:right], W[u + 1][left:right]
            w2, w3 = W[u + 2][left:right], W[u + 3][left:right]
            for i in range(near, min(A.shape[0], near + group), 4):
                a0, a1 = A[i][left:right], A[i + 1][left:right]
                a2, a3 = A[i + 2][left:right], A[i + 3][left:right]
                s00 = s01 = s02 = s03 = zero
                s10 = s11 = s12 = s13 = zero
                s20 = s21 = s22 = s23 = zero
                s30 = s31 = s32 = s33 = zero
                for k in range(length):
                    x0, x1, x2, x3 = a0[k], a1[k], a2[k], a3[k]
                    y0, y1, y2, y3 = w0[k], w1[k], w2[k], w3[k]
                    s00 += x0 * y0
                    s01 += x0 * y1
                    s02 += x0 * y2
                    s03 += x0 * y3
                    s10 += x1 * y0
                    s11 += x1 * y1
                    s12 += x1 * y2
                    s13 += x1 * y3
                    s20 += x2 * y0
                    s21 += x2 * y1
                    s22 += x2 * y2
                    s23 += x2 * y3
                    s30 += x3 * y0
                    s31 += x3 * y1
                    s32 += x3 * y2
                    s33 += x3 * y3
                c0, c1, c2, c3 = C[i], C[i + 1], C[i + 2], C[i + 3]
                c0[u] += s00
                c0[u + 1] += s01
                c0[u + 2] += s02
                c0[u + 3] += s03
                c1[u] += s10
                c1[u + 1] += s11
                c1[u + 2] += s12
                c1[u + 3] += s13
                c2[u] += s20
                c2[u + 1] += s21
                c2[u + 2] += s22
                c2[u + 3] += s23
                c3[u] += s30
                c3[u + 1] += s31
                c3[u + 2] += s32
                c3[u + 3] += s33


@part
def product(A, B, C, columns):
    """The first ``columns`` of C = A @ B: four rows of C gather multiples of four rows of B.

    Used for dx = dz @ W, where B holds the units' weights, and for dW = dz.T @ x, where B holds
    the examples. A (m, k): m and k are multiples of 4.
    """
    for near in range(0, A.shape[1], FACTORS):
        for i in range(0, A.shape[0], 4):
            a0, a1, a2, a3 = A[i], A[i + 1], A[i + 2], A[i + 3]
            c0, c1, c2, c3 = C[i], C[i + 1], C[i + 2], C[i + 3]
            for k in range(near, min(near + FACTORS, A.shape[1]), 4):
                b0, b1, b2, b3 = B[k], B[k + 1], B[k + 2], B[k + 3]
                a00, a01, a02, a03 = a0[k], a0[k + 1], a0[k + 2], a0[k + 3]
                a10, a11, a12, a13 = a1[k], a1[k + 1], a1[k + 2], a1[k + 3]
                a20, a21, a22, a23 = a2[k], a2[k + 1], a2[k + 2], a2[k + 3]
                a30, a31, a32, a33 = a3[k], a3[k + 1], a3[k + 2], a3[k + 3]
                if k == 0:  # the first four begin the sums, so that nothing has to be zeroed
                    for j in range(columns):
                        x0, x1, x2, x3 = b0[j], b1[j], b2[j], b3[j]
                        c0[j] = a00 * x0 + a01 * x1 + a02 * x2 + a03 * x3
                        c1[j] = a10 * x0 + a11 * x1 + a12 * x2 + a13 * x3
                        c2[j] = a20 * x0 + a21 * x1 + a22 * x2 + a23 * x3
                        c3[j] = a30 * x0 + a31 * x1 + a32 * x2 + a33 * x3
                else:
                    for j in range(columns):
                        x0, x1, x2, x3 = b0[j], b1[j], b2[j], b3[j]
                        c0[j] += a00 * x0 + a01 * x1 + a02 * x2 + a03 * x3
                        c1[j] += a10 * x0 + a11 * x1 + a12 * x2 + a13 * x3
                        c2[j] += a20 * x0 + a21 * x1 + a22 * x2 + a23 * x3
                        c3[j] += a30 * x0 + a31 * x1 + a32 * x2 + a33 * x3
