# kind: parameter missing
import numpy as np

import nnscratch as nn


class LearnedSlope(nn.layers.Layer):
    def build(self, input_shape):
        self.a = np.full(input_shape[1:], 0.25)

    def forward(self, z, *, training=False):
        return np.where(z > 0, z, self.a * z), z

    def backward(self, dy, z):
        return np.where(z > 0, dy, dy * self.a), {"a": (dy * z * (z <= 0)).sum(axis=0)}
