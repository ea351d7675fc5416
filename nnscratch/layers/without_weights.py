"""The layers that learn nothing: they reshape, rescale, bend or drop what passes through."""

from typing import Any

import numpy as np

from nnscratch import activations, checks, ops, random
from nnscratch.layers.base import Layer, computes_otherwise


class Flatten(Layer):
    """Each row's numbers in one line, in C order: (B, 28, 28) -> (B, 784).

    Raises TypeError for an argument that no layer takes.

    >>> Flatten()(np.zeros((5, 28, 28))).shape
    (5, 784)
    """

    def compute_output_shape(self, input_shape):
        """(None, a, b, ...) -> (None, a b ...)."""
        return (None, int(np.prod(input_shape[1:])))

    def forward(self, x, *, training=False):
        """x (B, ...) -> y (B, I)."""
        return x.reshape(len(x), -1), x.shape

    def backward(self, dy, shape):
        """The gradient of each number goes back to where the number came from."""
        return dy.reshape(shape), {}


class Activation(Layer):
    """An activation function as a layer of its own: ``y = f(x)``, ``dx = dy * f'(x)``.

    Raises ValueError for an unknown name, and when built on one unit with softmax.

    >>> Activation("relu")([[-1.0, 2.0]])
    array([[0., 2.]], dtype=float32)
    """

    def __init__(self, activation: str | activations.ActivationFunction | None, **options: Any):
        super().__init__(**options)
        self.activation = activations.get(activation)

    @property
    def steps(self):
        """The function itself, so that a loss can join with it as with a Dense layer's."""
        return [self] if computes_otherwise(self, Activation) else [self.activation]

    def compute_output_shape(self, input_shape):
        """The input's shape; ValueError for a softmax over one unit."""
        if input_shape[-1] == 1 and self.activation is activations.softmax:
            checks.lone_softmax(f"layer {self.label!r} (Activation)")
        return input_shape

    def forward(self, x, *, training=False):
        """x (B, ...) -> y, same shape."""
        return self.activation.forward(x)

    def backward(self, dy, cache):
        """dy (B, ...) -> dx, same shape."""
        return self.activation.backward(dy, cache)

    def get_config(self):
        """The arguments that make this layer again."""
        return {"activation": activations.serialize(self.activation), "name": self.name}

    def _more(self):
        return f", {self.activation.name}"


class Dropout(Layer):
    """In training, each number is zeroed with probability ``rate`` and the rest scaled up.

    Forward    y = keep * x / (1 - rate), with a fresh random mask keep in {0, 1} at each call
    Backward   dx = keep * dy / (1 - rate): what was not passed on gets no gradient

    Outside training y = x; the scaling keeps the mean the same in both. The mask depends on the
    layer's seed and on how many training calls came before (``calls``), and is Keras's own.
    Source: Srivastava et al. (2014), section 10 for the scaling in training.

    rate  in [0, 1), else ValueError; seed  of the masks, None: drawn

    >>> Dropout(0.5, seed=1)([[1.0, 1.0, 1.0, 1.0]], training=True)
    array([[2., 0., 2., 0.]], dtype=float32)
    """

    def __init__(self, rate: float, *, seed: int | None = None, **options: Any):
        super().__init__(**options)
        self.rate = checks.real_number("the dropout rate", rate, least=0, below=1)
        self._seed_was_given = seed is not None
        if self._seed_was_given:
            self.seed = random.whole_seed(seed)
        else:
            self.seed = random.draw_seed() if self.rate else None
        self.calls = 0

    def compute_output_shape(self, input_shape):
        """The input's shape."""
        return input_shape

    def forward(self, x, *, training=False):
        """x (B, ...) -> y, same shape, and the mask (None where nothing is dropped)."""
        if not training or not self.rate:
            return x, None
        keep = random.dropout_mask(x.shape, self.rate, self.seed, self.calls, x.dtype)
        self.calls += 1
        return ops.dropout(x, keep, self.rate), keep

    def backward(self, dy, keep):
        """dy (B, ...) -> dx, same shape, through the same mask."""
        return (dy if keep is None else ops.dropout_backward(dy, keep, self.rate)), {}

    def reseed(self, seeds):
        """Draw the mask's seed anew, unless the user gave it."""
        if self.rate and not self._seed_was_given:
            self.seed = seeds.draw()

    def get_config(self):
        """The arguments that make this layer again; a drawn seed is not one of them."""
        seed = self.seed if self._seed_was_given else None
        return {"rate": self.rate, "seed": seed, "name": self.name}

    def _more(self):
        return f", rate {self.rate:g}"


class Rescaling(Layer):
    """``y = x * scale + offset``: 1/255 brings pixels into 0..1, also from uint8.

    Both numbers are rounded to float32, also in a float64 model, as in Keras; ValueError
    unless they are finite.

    >>> Rescaling(0.5, offset=-1)(np.array([[0, 2, 255]], np.uint8))
    array([[ -1. ,   0. , 126.5]], dtype=float32)
    """

    def __init__(self, scale: float, offset: float = 0.0, **options: Any):
        super().__init__(**options)
        self.scale = checks.real_number("scale", scale)
        self.offset = checks.real_number("offset", offset)

    def compute_output_shape(self, input_shape):
        """The input's shape."""
        return input_shape

    def forward(self, x, *, training=False):
        """x (B, ...) -> y, same shape."""
        return x * self._cast(self.scale, x) + self._cast(self.offset, x), None

    def backward(self, dy, cache):
        """dx = dy * scale."""
        return dy * self._cast(self.scale, dy), {}

    @staticmethod
    def _cast(number, like):
        return like.dtype.type(np.float32(number))

    def get_config(self):
        """The arguments that make this layer again."""
        return {"scale": self.scale, "offset": self.offset, "name": self.name}
