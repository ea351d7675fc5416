"""Exercise 11: name what ails a training, from its vital signs."""

from collections import Counter

from nnscratch.learn import clinic
from nnscratch.learn.verdict import wrong

SEEDS = (1, 2, 3, 4)

LOOK = {
    "healthy": (
        "A healthy loss falls, if only slowly; nothing else needs to be large or small.",
        "Ask for the three illnesses first; what shows none of them is healthy.",
    ),
    "learning rate too high": (
        "What does the loss do if each step jumps over the valley? Compare it with 0.69.",
        "The loss rises far above where it began: run['loss'].max() > 2 * run['loss'][0]",
    ),
    "dead relus": (
        "A unit that is 0 for every row learns nothing; which sign counts such units?",
        "A layer that is dead as a whole: run['dead'].max() > 0.9",
    ),
    "vanishing gradients": (
        "Compare the gradient of the first layer with that of the last one.",
        "run['gradient_norm'][:, 0] is less than a hundredth of run['gradient_norm'][:, -1];"
        " but rule out the other two illnesses first, which may show this too.",
    ),
}


def check(learner):
    """Raises Wrong unless every run is named rightly."""
    answers = [
        (name, _answer(learner, clinic.run(name, seed)))
        for seed in SEEDS
        for name in clinic.NAMES
    ]
    mistaken = [(truth, said) for truth, said in answers if truth != said]
    if mistaken:
        raise _diagnosis(answers, mistaken)


def _answer(learner, run):
    said = learner.call("diagnose", {"run": run})
    if said not in clinic.NAMES:
        raise wrong(
            "not a name",
            f"diagnose must return one of {', '.join(map(repr, clinic.NAMES))};"
            f" got {said!r:.60}.",
            hints=(
                "Does every path through your function end in a return?",
                "Copy the names from the explanation; they are in small letters.",
            ),
        )
    return said


def _diagnosis(answers, mistaken):
    kind, says, about = _in_words(answers, Counter(mistaken))
    return wrong(
        kind,
        says,
        f"{len(answers) - len(mistaken)} of {len(answers)} runs were named rightly.",
        hints=LOOK[about],
        table=[
            (truth, "all right" if not wrong_ones else "wrong", wrong_ones)
            for truth, wrong_ones in _by_truth(answers)
        ],
    )


def _in_words(answers, confusions):
    """Kind, sentence, and the illness to be explained."""
    said = {answer for _, answer in answers}
    if len(said) == 1:
        (only,) = said
        others = [name for name in clinic.NAMES[1:] if name != only]
        return (
            "always the same",
            f"Every run is called {only!r}, whatever its signs.",
            others[0],
        )
    for (truth, answer), count in confusions.items():
        if count == len(SEEDS) == confusions.get((answer, truth)):
            says = f"{truth!r} and {answer!r} have changed places."
            return "swapped", says, answer if truth == "healthy" else truth
    (truth, answer), count = confusions.most_common(1)[0]
    about = answer if truth == "healthy" else truth
    if count < len(SEEDS):
        says = f"Some runs with {truth!r} are called {answer!r}, and others not: a threshold is"
        return f"{truth} sometimes missed", says + " too strict, or too generous.", about
    return f"{truth} taken for {answer}", f"{truth!r} is always called {answer!r}.", about


def _by_truth(answers):
    for name in clinic.NAMES:
        others = Counter(said for truth, said in answers if truth == name and said != name)
        yield name, ", ".join(f"{count} x {said}" for said, count in others.items())
