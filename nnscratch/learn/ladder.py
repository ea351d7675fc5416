"""The fourteen exercises, in order."""

import importlib
import textwrap
from dataclasses import dataclass
from pathlib import Path

from nnscratch.checks import did_you_mean

HERE = Path(__file__).parent


@dataclass(frozen=True)
class Exercise:
    """A step of the ladder: its file for the learner, its solution and its check.

    number   from 1; name: of its files and of the module that checks it
    title    what it is about, in a few words
    seconds  how long the learner's code may run
    """

    number: int
    name: str
    title: str
    seconds: int = 10

    @property
    def file_name(self):
        """What the learner's file is called: ``03_dense_backward.py``."""
        return f"{self.number:02d}_{self.name}.py"

    @property
    def text(self):
        """The exercise as it is handed out."""
        return (HERE / "exercises" / self.file_name).read_text(encoding="utf-8")

    @property
    def solution(self):
        """A file that solves it."""
        return (HERE / "solutions" / self.file_name).read_text(encoding="utf-8")

    @property
    def checks(self):
        """The module that knows what is right and what may be wrong."""
        return importlib.import_module(f"nnscratch.learn.checks.{self.name}")

    def check(self, learner):
        """Raises Wrong unless the Learner's file solves the exercise."""
        self.checks.check(learner)


LADDER = (
    Exercise(1, "one_neuron", "One neuron by hand"),
    Exercise(2, "relu_backward", "The gradient through a ReLU"),
    Exercise(3, "dense_backward", "The gradients of a Dense layer"),
    Exercise(4, "sigmoid_and_cross_entropy", "Sigmoid, then cross-entropy, then both in one"),
    Exercise(5, "softmax_and_cross_entropy", "Softmax and cross-entropy"),
    Exercise(6, "two_layers", "Two layers in a chain"),
    Exercise(7, "sgd_and_momentum", "Gradient descent and momentum"),
    Exercise(8, "adam", "Adam"),
    Exercise(9, "numeric_gradient", "A gradient to check gradients with"),
    Exercise(10, "train_circles", "Train two circles to 99 %", seconds=60),
    Exercise(11, "sick_runs", "Diagnose three sick runs"),
    Exercise(12, "own_layer", "A layer of your own"),
    Exercise(13, "one_keras_step", "Match one step of Keras to 1e-6"),
    Exercise(14, "speed", "Speed it up", seconds=60),
)


def exercise(which):
    """The exercise of that number, name or file name; refused in words if there is none."""
    asked = Path(str(which)).name.removesuffix(".py")
    for each in LADDER:
        if asked in (str(each.number), each.name, each.file_name.removesuffix(".py")):
            return each
    names = ", ".join(f"{each.number}\xa0{each.name}" for each in LADDER)  # kept in one line
    near = did_you_mean(asked, [each.name for each in LADDER])
    raise ValueError(
        f"there is no exercise {asked}.{near} The exercises are:\n"
        + textwrap.fill(names, 90).replace("\xa0", " ")
    )
