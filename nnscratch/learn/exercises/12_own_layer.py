"""Exercise 12: a layer of your own.

A ReLU whose lower side is not flat, but has a slope that is learned, one for each of I inputs
(He and others, 2015, call it PReLU):

    y = z where z > 0, else a * z                     z (B, I), a (I,) -> y (B, I)

    dx = dy where z > 0, else dy * a                  (B, I)
    da = sum over rows of dy * z, where z <= 0        (I,)    a is used by those rows alone

A layer of nnscratch is a class with three methods. build learns the shape of the input, (None,
I), and makes the parameters; forward returns y and a cache, whatever backward will need;
backward returns dx, and a dictionary with the gradient of each parameter:

    self.add_weight("a", shape, nn.initializers.Constant(0.25))    makes self.params["a"]

Keep nothing on self but parameters. Then any model can use your layer, and
print(nn.gradcheck(LearnedSlope(), x)) tells whether backward is the derivative of forward.
"""

import numpy as np

import nnscratch as nn


class LearnedSlope(nn.layers.Layer):
    """``y = z`` above 0 and ``a * z`` below; a is learned."""

    def build(self, input_shape):
        """Make a (I,), all 0.25; input_shape is (None, I)."""
        raise NotImplementedError("your lines go here")

    def forward(self, z, *, training=False):
        """z (B, I) -> y (B, I), cache."""
        raise NotImplementedError("your lines go here")

    def backward(self, dy, cache):
        """dy (B, I), cache -> dx (B, I), {"a": da (I,)}."""
        raise NotImplementedError("your lines go here")
