"""Exercise 11: diagnose sick runs.

A training that fails says nothing; its vital signs do. Look at four real trainings first:

    python -m nnscratch.learn.clinic

Then write a function that names what ails any run like these. It is handed a dictionary of
NumPy arrays, with a row for each of 60 steps and a column for each layer, the first one first:

    run["loss"]           (steps,)          the loss; 0.69 is that of guessing
    run["gradient_norm"]  (steps, layers)   how long each layer's gradient is
    run["update_ratio"]   (steps, layers)   the step's length over that of the weights;
                                            around 1e-3 to 1e-2 in a training that goes well
    run["dead"]           (steps, layers)   share of the units that are 0 for every row

and answers with one of

    "healthy"
    "learning rate too high"    each step jumps over the valley
    "dead relus"                a whole layer is shut, and nothing passes it in any direction
    "vanishing gradients"       each layer of a deep net makes the gradient smaller

An illness may show more than one sign: mind in which order you ask.
"""

import numpy as np


def diagnose(run):
    """The vital signs of a run -> one of the four names."""
    raise NotImplementedError("your lines go here")
