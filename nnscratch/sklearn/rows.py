"""The rows of a training: how much each of them weighs, and which are kept to be looked at."""

import numpy as np
from sklearn.model_selection import train_test_split
from sklearn.utils import (
    check_array,
    check_consistent_length,
    column_or_1d,
    compute_sample_weight,
)


def weighted(x, y, sample_weight, class_weight=None):
    """The rows that weigh anything, and their weights: (x, y, weight or None).

    A row of weight 0 is left out, so that it has no part in a batch or a validation either.
    The weights that remain, products of the row's and of its class's, are scaled to a mean
    of 1: then only their ratios count, and the loss and the gradient are weighted means.
    """
    if sample_weight is None and class_weight is None:
        return x, y, None
    weight = np.ones(len(x), x.dtype)
    if sample_weight is not None:
        weight = _checked(sample_weight, x)
    if class_weight is not None:
        weight = weight * compute_sample_weight(class_weight, y).astype(x.dtype)
    kept = weight > 0
    if not kept.any():
        raise ValueError("the weights of all rows are zero, so there is nothing to learn from")
    if not kept.all():
        x, y, weight = x[kept], y[kept], weight[kept]
    return x, y, weight / weight.mean()


def _checked(sample_weight, x):
    weight = check_array(
        sample_weight,
        ensure_2d=False,
        dtype=x.dtype,
        ensure_non_negative=True,
        input_name="sample_weight",
    )
    check_consistent_length(x, weight)
    return column_or_1d(weight)


def split(examples, share, stratify, random_state):
    """(x, y, weight or None) to train on, and the same to validate with.

    share     of the rows that are kept for the validation
    stratify  labels (n,) that both parts shall hold in the same shares, or None
    """
    arrays = [array for array in examples if array is not None]
    parts = train_test_split(
        *arrays, test_size=share, stratify=stratify, random_state=random_state
    )
    return tuple((*part, None)[:3] for part in (parts[::2], parts[1::2]))
