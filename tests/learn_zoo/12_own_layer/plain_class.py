# kind: not a layer
import numpy as np


class LearnedSlope:
    def forward(self, z, *, training=False):
        return np.where(z > 0, z, 0.25 * z), z
