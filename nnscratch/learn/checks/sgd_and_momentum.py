"""Exercise 7: gradient descent, and gradient descent with momentum."""

from nnscratch.learn.diagnosis import examine
from nnscratch.learn.formula import Formula, Mistake
from nnscratch.learn.problem import Problem, three_and_another

SIZES = {"N": 6}, {"N": 9}


@three_and_another(*SIZES)
def sgd_draws(rng, N):
    """Parameters p, gradient g (N,), and a learning rate."""
    return {"p": rng.normal(size=N), "g": rng.normal(size=N), "lr": rng.uniform(0.05, 0.5)}


@three_and_another(*SIZES)
def momentum_draws(rng, N):
    """What ``sgd_draws`` makes, a velocity on its way, and mu."""
    return {
        "p": rng.normal(size=N),
        "g": rng.normal(size=N),
        "velocity": rng.normal(size=N),
        "lr": rng.uniform(0.05, 0.4),
        "mu": rng.uniform(0.6, 0.95),
    }


SGD = Problem(
    "sgd_step",
    ("p", "g", "lr"),
    {"p_new": "(N,)"},
    Formula(p_new=lambda p, g, lr: p - lr * g),
    (
        Mistake(
            "sign",
            "The step goes up: the gradient points to where the loss grows.",
            ("Which way is downhill?", "p - lr * g"),
            {"p_new": lambda p, g, lr: p + lr * g},
        ),
        Mistake(
            "learning rate missing",
            "The whole gradient is taken off: the learning rate is missing.",
            ("What keeps the step small?", "p - lr * g"),
            {"p_new": lambda p, g: p - g},
        ),
        Mistake(
            "divided by the learning rate",
            "The gradient is divided by the learning rate.",
            ("Should a smaller lr give a smaller or a larger step?", "p - lr * g"),
            {"p_new": lambda p, g, lr: p - g / lr},
        ),
        Mistake(
            "step for parameters",
            "This is the step alone, -lr g; the new parameters are asked for.",
            ("From where does the step start?", "p - lr * g"),
            {"p_new": lambda g, lr: -lr * g},
        ),
        Mistake(
            "step for parameters",
            "This is lr g alone; the new parameters are asked for.",
            ("From where does the step start?", "p - lr * g"),
            {"p_new": lambda g, lr: lr * g},
        ),
        Mistake(
            "not moved",
            "p comes back as it went in.",
            ("Is the result of your formula the one that you return?", "return p - lr * g"),
            {"p_new": lambda p: p},
        ),
        Mistake(
            "learning rate on p",
            "p is multiplied by lr as well.",
            ("What is scaled by lr: the place, or the step?", "p - lr * g, without brackets"),
            {"p_new": lambda p, g, lr: lr * (p - g)},
        ),
        Mistake(
            "mean of the gradient",
            "All parameters move alike, by the mean of g; each has its own gradient.",
            ("How many numbers has g?", "p - lr * g, number by number"),
            {"p_new": lambda p, g, lr: p - lr * g.mean()},
        ),
        Mistake(
            "sign of the gradient",
            "Only the sign of g is used, not its size.",
            ("Should a steep slope give a longer step?", "p - lr * g"),
            {"p_new": lambda p, g, lr: p - lr * ((g > 0) * 2.0 - 1)},
        ),
    ),
    sgd_draws,
)


def _own_velocity(earlier, g):
    """A velocity that lives outside the function, and began at 0."""
    fits = earlier and earlier[-1]["velocity_new"].shape == g.shape
    return earlier[-1]["velocity_new"] if fits else 0 * g


MOMENTUM = Problem(
    "momentum_step",
    ("p", "g", "velocity", "lr", "mu"),
    {"p_new": "(N,)", "velocity_new": "(N,)"},
    Formula(
        velocity_new=lambda velocity, mu, lr, g: mu * velocity - lr * g,
        p_new=lambda p, velocity_new: p + velocity_new,
    ),
    (
        Mistake(
            "gradient sign",
            "The gradient pushes the velocity uphill.",
            ("The velocity points where p will go.", "mu * velocity - lr * g"),
            {"velocity_new": lambda velocity, mu, lr, g: mu * velocity + lr * g},
        ),
        Mistake(
            "velocity sign",
            "The velocity is right, but p moves against it.",
            ("The minus is in the velocity already.", "p + velocity_new"),
            {"p_new": lambda p, velocity_new: p - velocity_new},
        ),
        Mistake(
            "velocity points uphill",
            "The velocity gathers + lr g and is taken off p. That is another convention: the"
            " velocity that you are handed here points downhill.",
            (
                "Both conventions exist, but not both at once: which way points the velocity?",
                "mu * velocity - lr * g, then p + velocity_new",
            ),
            {
                "velocity_new": lambda velocity, mu, lr, g: mu * velocity + lr * g,
                "p_new": lambda p, velocity_new: p - velocity_new,
            },
        ),
        Mistake(
            "learning rate outside the velocity",
            "The velocity gathers g without lr, and lr multiplies it later. PyTorch does so;"
            " here lr is inside the velocity.",
            ("Where in the explanation does lr stand?", "mu * velocity - lr * g"),
            {
                "velocity_new": lambda velocity, mu, g: mu * velocity + g,
                "p_new": lambda p, velocity_new, lr: p - lr * velocity_new,
            },
        ),
        Mistake(
            "learning rate missing",
            "The gradient enters the velocity without the learning rate.",
            ("What keeps the step small?", "mu * velocity - lr * g"),
            {"velocity_new": lambda velocity, mu, g: mu * velocity - g},
        ),
        Mistake(
            "learning rate twice",
            "The velocity is right and holds lr already, but p moves by lr times it.",
            ("How often should lr be multiplied in?", "p + velocity_new"),
            {"p_new": lambda p, velocity_new, lr: p + lr * velocity_new},
        ),
        Mistake(
            "nesterov",
            "This is Nesterov's step, p + mu v - lr g, which looks one step ahead; plain"
            " momentum is asked for.",
            ("By what does p move in plain momentum?", "p + velocity_new"),
            {"p_new": lambda p, g, velocity_new, mu, lr: p + mu * velocity_new - lr * g},
        ),
        Mistake(
            "old velocity",
            "p moves by the velocity from before this step.",
            ("Which comes first: the new velocity, or the move?", "p + velocity_new"),
            {"p_new": lambda p, velocity: p + velocity},
        ),
        Mistake(
            "momentum missing",
            "The velocity is - lr g alone: nothing of the old one is kept.",
            ("What is left of the old velocity?", "mu * velocity - lr * g"),
            {"velocity_new": lambda lr, g: -lr * g},
        ),
        Mistake(
            "no friction",
            "The old velocity is kept whole: mu is missing.",
            ("What slows a ball down?", "mu * velocity - lr * g"),
            {"velocity_new": lambda velocity, lr, g: velocity - lr * g},
        ),
        Mistake(
            "1 - mu on the gradient",
            "The gradient is multiplied by 1 - mu too: that is a running mean, as in Adam.",
            ("Does 1 - mu stand in the explanation?", "mu * velocity - lr * g"),
            {"velocity_new": lambda velocity, mu, lr, g: mu * velocity - (1 - mu) * lr * g},
        ),
        Mistake(
            "mu and lr swapped",
            "mu and lr have changed places.",
            ("In which order are the arguments handed over?", "mu * velocity - lr * g"),
            {"velocity_new": lambda velocity, mu, lr, g: lr * velocity - mu * g},
        ),
        Mistake(
            "gradient twice",
            "- lr g is in the velocity, and is added to p once more.",
            ("What does the velocity hold already?", "p + velocity_new"),
            {"p_new": lambda p, g, velocity_new, lr: p + velocity_new - lr * g},
        ),
        Mistake(
            "velocity of its own",
            "The argument velocity is not used: your function keeps one outside, from the last"
            " call.",
            (
                "Two parameters may share one function: whose velocity is it?",
                "Use the argument, and return the new one.",
            ),
            {
                "velocity_new": lambda earlier, mu, lr, g: (
                    mu * _own_velocity(earlier, g) - lr * g
                )
            },
        ),
        Mistake(
            "velocity not moved",
            "The velocity comes back as it went in.",
            ("What will the next step be handed?", "return p_new, velocity_new"),
            {"velocity_new": lambda velocity: velocity},
        ),
        Mistake(
            "gradient missing",
            "The velocity only slows down: the slope does not push it.",
            ("What makes the ball roll?", "mu * velocity - lr * g"),
            {"velocity_new": lambda velocity, mu: mu * velocity},
        ),
        Mistake(
            "step for parameters",
            "p_new is the velocity alone; the new parameters are asked for.",
            ("From where does the step start?", "p + velocity_new"),
            {"p_new": lambda velocity_new: velocity_new},
        ),
        Mistake(
            "not moved",
            "p comes back as it went in.",
            ("What is the velocity for?", "p + velocity_new"),
            {"p_new": lambda p: p},
        ),
        Mistake(
            "old velocity returned",
            "p is right, but the velocity comes back as it went in.",
            ("What will the next step be handed?", "return the new velocity"),
            {
                "p_new": lambda p, velocity, mu, lr, g: p + mu * velocity - lr * g,
                "velocity_new": lambda velocity: velocity,
            },
        ),
    ),
    momentum_draws,
)

PROBLEMS = (SGD, MOMENTUM)


def check(learner):
    """Raises Wrong unless the exercise is solved."""
    examine(PROBLEMS, learner)
