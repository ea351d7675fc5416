"""What a check has found, as a value that can be sent from one process to another."""

from dataclasses import asdict, dataclass, field


@dataclass
class Verdict:
    """The result of checking one exercise.

    solved  whether everything is right
    kind    a short name for what is wrong: "transposed", "raises", ...; "" where solved
    says    sentences for the learner
    shown   lines to be printed as they are: the first difference, a traceback
    hints   the first, and the second for those who ask
    table   rows (what, shape or value expected, the learner's, verdict), may be empty
    about   the function that is not right yet; done: those that are
    printed what the learner's own code printed
    """

    solved: bool
    kind: str = ""
    says: list = field(default_factory=list)
    shown: list = field(default_factory=list)
    hints: list = field(default_factory=list)
    table: list = field(default_factory=list)
    about: str = ""
    done: list = field(default_factory=list)
    printed: str = ""

    def as_json(self):
        """All fields, as JSON values."""
        return asdict(self)


class Wrong(Exception):
    """Ends a check: carries the verdict."""

    def __init__(self, verdict):
        super().__init__(verdict.kind)
        self.verdict = verdict


def wrong(kind, *says, shown=(), hints=(), table=()):
    """A Wrong to raise."""
    return Wrong(
        Verdict(False, kind, list(says), list(shown), list(hints), [list(r) for r in table])
    )
