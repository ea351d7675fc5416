"""Exercise 10: train a net to tell two circles apart.

Now nnscratch does the arithmetic that you wrote, and you choose the net. x (800, 2) are points
on two circles, one inside the other; y (800,) says which circle each is on, 0 or 1.

Put layers in a row, say how to train, and train:

    model = nn.Sequential([nn.layers.Dense(units, activation), ...])
    model.compile(nn.optimizers.Adam(learning_rate), loss, metrics=["accuracy"])
    model.fit(x, y, epochs=..., verbose=0)

Questions to decide: How many units, so that straight cuts can surround a circle? Which
activation, so that the layers can bend at all? What must the last layer give, if
"binary_crossentropy" is to take it for a probability? How large a step, and how many epochs?

Your model must know 99 % of the points of new circles that it has never seen.
"""

import nnscratch as nn


def train(x, y):
    """Points x (800, 2), circles y (800,) of 0 and 1 -> a trained nn.Sequential."""
    raise NotImplementedError("your lines go here")
