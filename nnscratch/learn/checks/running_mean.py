"""The mistakes that a running mean of Adam's can have: m of the gradient, v of its square."""

from nnscratch.learn.formula import Mistake

HINT = "A running mean keeps the share beta and takes in the share 1 - beta."


def of_a_mean(name, mean, formula, beta, other, old, new):
    """Mistakes in the step ``mean``, which computes ``beta old + (1 - beta) new``.

    name   what the learner calls it; formula: how it is written, for the second hint
    other  the other mean's beta; old: an input's name; new: an input's name and a power
    """

    def mistake(kind, says, step):
        return Mistake(kind, says, (HINT, formula), {mean: step})

    def part(scope, share):
        return share * scope[new[0]] ** new[1]

    return (
        mistake(
            f"{name} without the old one",
            f"{name} is the new part alone: nothing of the old {name} is kept.",
            lambda scope: part(scope, 1 - scope[beta]),
        ),
        mistake(
            f"{name} without the gradient",
            f"{name} only fades: the gradient's part is missing.",
            lambda scope: scope[beta] * scope[old],
        ),
        mistake(
            f"{name} does not fade",
            f"The old {name} is kept whole: the factor {beta} is missing.",
            lambda scope: scope[old] + part(scope, 1 - scope[beta]),
        ),
        mistake(
            f"{name} takes the gradient off",
            f"{name} takes the gradient's part off; it must be added.",
            lambda scope: scope[beta] * scope[old] - part(scope, 1 - scope[beta]),
        ),
        mistake(
            f"{name} with {other}",
            f"{name} is computed with {other}; its own is {beta}.",
            lambda scope: scope[other] * scope[old] + part(scope, 1 - scope[other]),
        ),
        mistake(
            f"{name} with two betas",
            f"{name} keeps the share {beta}, but takes in 1 - {other}.",
            lambda scope: scope[beta] * scope[old] + part(scope, 1 - scope[other]),
        ),
    )
