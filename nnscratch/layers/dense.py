"""Dense, the layer that most networks are made of."""

from typing import Any

import numpy as np

from nnscratch import activations, checks, initializers, ops
from nnscratch.layers.base import Layer, computes_otherwise, row_text


class Affine:
    """``z = x @ W + b`` for every row: the first of a Dense layer's two steps.

    Forward    x (B, I)   W (I, O)   b (O,)   ->   z (B, O)
    Backward   dz (B, O)  ->  dx and a gradient for each parameter

        dW = x.T @ dz           (I, O)   a weight is used once by every row
        db = sum of dz's rows   (O,)     b is added to every row
        dx = dz @ W.T           (B, I)   what the layer below receives as its dy

    Source: Rumelhart, Hinton and Williams (1986), equations 1 and 4 to 7.
    """

    def __init__(self, params: dict[str, Any]):
        self.params = params

    def forward(self, x: np.ndarray, *, training: bool = False) -> tuple[np.ndarray, Any]:
        """x (B, I) -> z (B, O), and x for the way back."""
        return ops.affine(x, self.params["W"], self.params.get("b")), x

    def backward(self, dz: np.ndarray, x: np.ndarray) -> tuple[np.ndarray, dict[str, Any]]:
        """dz (B, O), x (B, I) -> dx (B, I), {"W": (I, O), "b": (O,)}."""
        dx, dW, db = ops.affine_backward(dz, x, self.params["W"])
        return dx, ({"W": dW, "b": db} if "b" in self.params else {"W": dW})


class Dense(Layer):
    """``y = f(x @ W + b)``: every output sees every input.

    Forward    x (B, I)  -> z = x @ W + b (B, O)  -> y = f(z) (B, O)
    Backward   dy (B, O) -> dz = dy * f'(z)       -> dx, dW, db (see ``Affine``)

    units               O, the number of outputs
    activation          f: a name or one of ``nn.activations``; None leaves z as it is
    use_bias            without it there is no b
    kernel_initializer  how W starts: a name or one of ``nn.initializers``
    bias_initializer    how b starts
    options             name and input_shape, as of every ``Layer``

    Raises ValueError for units below 1 or not whole, for an unknown name, and for a softmax
    over one unit, which could not learn. Keras names the parameters kernel and bias;
    PyTorch's Linear stores W as (O, I).

    >>> layer = Dense(2, "relu", kernel_initializer="ones")
    >>> layer([[1.0, 2.0, 3.0], [-1.0, -2.0, -3.0]])
    array([[6., 6.],
           [0., 0.]], dtype=float32)
    >>> layer
    <Dense 'dense', (n, 3) -> (n, 2), relu>
    """

    def __init__(
        self,
        units: int,
        activation: str | activations.ActivationFunction | None = None,
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        **options: Any,
    ):
        super().__init__(**options)
        self.units = checks.whole_number("units", units, least=1)
        self.activation = activations.get(activation)
        if self.units == 1 and self.activation is activations.softmax:
            checks.lone_softmax(f"layer {self.label!r} (Dense)")
        self.use_bias = bool(use_bias)
        self.kernel_initializer = initializers.get(kernel_initializer)
        self.bias_initializer = initializers.get(bias_initializer)

    @property
    def steps(self):
        """Affine, then the activation; a subclass that computes otherwise is one step."""
        if computes_otherwise(self, Dense):
            return [self]
        return [Affine(self.params), self.activation]

    def build(self, input_shape):
        """Make W (I, O) and b (O,); ValueError for rows of more than one axis."""
        if len(input_shape) != 2:
            raise ValueError(
                f"layer {self.label!r} (Dense) expects rows of one axis, shape (n, features),"
                f" but its input has shape {row_text(input_shape)}.\n"
                "Put nn.layers.Flatten() before it."
            )
        self.add_weight("W", (input_shape[1], self.units), self.kernel_initializer)
        if self.use_bias:
            self.add_weight("b", (self.units,), self.bias_initializer)

    def compute_output_shape(self, input_shape):
        """(None, I) -> (None, O)."""
        return (None, self.units)

    def forward(self, x, *, training=False):
        """x (B, I) -> y (B, O)."""
        z, x = Affine(self.params).forward(x)
        y, y_cache = self.activation.forward(z)
        return y, (x, y_cache)

    def backward(self, dy, cache):
        """dy (B, O) -> dx (B, I), {"W": (I, O), "b": (O,)}."""
        x, y_cache = cache
        dz, _ = self.activation.backward(dy, y_cache)
        return Affine(self.params).backward(dz, x)

    def reseed(self, seeds):
        """Draw the seeds of the initial weights anew, unless the user gave them."""
        self.kernel_initializer.reseed(seeds)
        self.bias_initializer.reseed(seeds)

    def get_config(self):
        """The arguments that make this layer again."""
        return {
            "units": self.units,
            "activation": activations.serialize(self.activation),
            "use_bias": self.use_bias,
            "kernel_initializer": initializers.serialize(self.kernel_initializer),
            "bias_initializer": initializers.serialize(self.bias_initializer),
            "name": self.name,
        }

    def _more(self):
        return f", {self.activation.name}"
