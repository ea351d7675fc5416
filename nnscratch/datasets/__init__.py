"""Data to learn on: two circles, and the clothes of Fashion-MNIST.

Both return NumPy arrays ready for ``model.fit``; nothing is read or made before you ask.
"""

import numpy as np

from nnscratch.datasets import fashion_mnist

__all__ = ["circles", "fashion_mnist"]


def circles(
    *, n_samples: int = 1000, noise: float = 0.03, seed: int = 42
) -> tuple[np.ndarray, np.ndarray]:
    """Return (x, y): points on two circles, one inside the other, and which circle each is on.

    x (n_samples, 2) float64 in the plane, y (n_samples,) int64: 0 the outer circle, 1 the
    inner one. ``noise`` is the standard deviation of what is added to each coordinate.
    Source: ``sklearn.datasets.make_circles`` with ``random_state=seed``, which raises
    ValueError for numbers that it cannot use.

    >>> x, y = circles(n_samples=6, noise=0.0)
    >>> (x**2).sum(axis=1).round(2)[y == 0], (x**2).sum(axis=1).round(2)[y == 1]
    (array([1., 1., 1.]), array([0.64, 0.64, 0.64]))
    """
    from sklearn.datasets import make_circles

    return make_circles(n_samples, noise=noise, random_state=seed)
