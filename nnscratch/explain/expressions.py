"""Arithmetic that can be printed: what stands before the ``=`` gives what stands after it.

An ``Expression`` knows its text and its value, both from operands rounded to so many digits.
``settle`` finds the fewest digits with which a reader who types the printed line into a
calculator gets the printed result, to the last digit.
"""

import math

SHOWN = 4  # significant digits of a result, where they can be had
LEAST_SHOWN = 2
OPERAND_DIGITS = range(6, 18)  # 17 tell any two float64 numbers apart
LARGEST_EXPONENT = 709  # exp of more overflows float64
MOST_TERMS = 8  # of a sum; of a longer one the largest are shown, and the rest as one number


def number(value, digits=SHOWN):
    """``value`` to so many significant digits; what is short anyway is not filled with zeros.

    >>> number(1 / 3), number(-0.5), number(2e-05 / 3)
    ('0.3333', '-0.5', '6.667e-06')
    """
    value = float(value) + 0.0  # -0.0 becomes 0.0
    short = f"{value:.{digits}g}"
    return short if float(short) == value else f"{value:#.{digits}g}".rstrip(".")


class Expression:
    """A term of arithmetic.

    write(digits) -> text, compute(digits) -> value; both round the operands to ``digits``
    binds  how tightly: 0 a sum, 1 a product or quotient, 2 a power, 3 a number or a function
    """

    def __init__(self, write, compute, binds):
        self.write = write
        self.compute = compute
        self.binds = binds

    def __add__(self, other):
        def write(digits):
            right = other._inside(digits, 1)
            if right.startswith("-"):
                return f"{self.write(digits)} - {right[1:]}"
            return f"{self.write(digits)} + {right}"

        return Expression(write, lambda d: self.compute(d) + other.compute(d), 0)

    def __sub__(self, other):
        return Expression(
            lambda d: f"{self.write(d)} - {other._on_the_right(d, 1)}",
            lambda d: self.compute(d) - other.compute(d),
            0,
        )

    def __mul__(self, other):
        return Expression(
            lambda d: f"{self._inside(d, 1)} * {other._on_the_right(d, 1)}",
            lambda d: self.compute(d) * other.compute(d),
            1,
        )

    def __truediv__(self, other):
        return Expression(
            lambda d: f"{self._inside(d, 1)} / {other._on_the_right(d, 2)}",
            lambda d: self.compute(d) / other.compute(d),
            1,
        )

    def __pow__(self, other):
        return Expression(
            lambda d: f"{self._on_the_right(d, 3)}^{other._inside(d, 3)}",
            lambda d: self.compute(d) ** other.compute(d),
            2,
        )

    def __neg__(self):
        return Expression(
            lambda d: f"-{self._on_the_right(d, 2)}", lambda d: -self.compute(d), 1
        )

    def _inside(self, digits, binds):
        """The text, in parentheses if it binds less tightly than its surroundings."""
        text = self.write(digits)
        return text if self.binds >= binds else f"({text})"

    def _on_the_right(self, digits, binds):
        """The same to the right of a sign, where a minus needs parentheses too."""
        text = self._inside(digits, binds)
        return f"({text})" if text.startswith("-") else text


def given(value):
    """A number that enters the arithmetic."""
    return Expression(
        lambda digits: number(value, digits), lambda digits: float(number(value, digits)), 3
    )


def exactly(text):
    """A number that is written in one way only: ``"0.999"``."""
    return Expression(lambda digits: text, lambda digits: float(text), 3)


def setting(value):
    """A number that a user wrote: 0.999, also where float32 has made 0.99900001 of it."""

    def write(digits):
        return f"{float(value):.{digits}g}"

    return Expression(write, lambda digits: float(write(digits)), 3)


def call(name, function, *arguments):
    """``name(arguments)``."""
    return Expression(
        lambda d: f"{name}({', '.join(each.write(d) for each in arguments)})",
        lambda d: function(*(each.compute(d) for each in arguments)),
        3,
    )


def exp(expression):
    """``exp(expression)``; infinite where that overflows, as in NumPy."""
    return call("exp", lambda x: math.exp(x) if x < LARGEST_EXPONENT else math.inf, expression)


def log(expression):
    """``log(expression)``; -infinity for 0, as in NumPy."""
    return call("log", lambda x: math.log(x) if x else -math.inf, expression)


def sqrt(expression):
    """``sqrt(expression)``."""
    return call("sqrt", math.sqrt, expression)


def total(terms, sizes):
    """The sum of expressions, whose values are ``sizes``; a long one is shortened.

    Zeros are left out first; of what is still too much the largest terms stay, and the others
    become one number.
    """
    shown, rest = _shortened(sizes)
    terms = list(terms)
    chosen = [terms[k] for k in shown]
    if rest:
        chosen.append(given(sum(float(sizes[k]) for k in rest)))
    result, *others = chosen or [exactly("0")]
    for term in others:
        result = result + term
    return result


def _shortened(sizes):
    """The places of the terms to show, and of those to be added up beforehand."""
    if len(sizes) <= MOST_TERMS:
        return range(len(sizes)), []
    some = [k for k, size in enumerate(sizes) if size != 0]
    if len(some) <= MOST_TERMS:
        return some, []
    order = sorted(some, key=lambda k: -abs(sizes[k]))
    return sorted(order[: MOST_TERMS - 1]), order[MOST_TERMS - 1 :]


def products(left, right):
    """``a[0] b[0] + a[1] b[1] + ...`` of two vectors of numbers."""
    pairs = list(zip(left, right, strict=True))
    sizes = [float(a) * float(b) for a, b in pairs]
    return total([given(a) * given(b) for a, b in pairs], sizes)


def left_out(sizes, what="products"):
    """In words, how ``total`` shortens a sum of terms with these values, or ""."""
    shown, rest = _shortened(sizes)
    if rest:
        return f"{len(rest)} small {what} are one number"
    return f"{what} that are 0 are left out" if len(shown) < len(sizes) else ""


def settle(expression, value, digits=SHOWN):
    """(text, result, exact): an expression and its value, as they are to be printed.

    digits  of the result, if the text can give so many; else fewer
    exact   whether the text gives the result to its last digit. In float32 a sum that nearly
            cancels may not: then the result is the one that training had
    """
    for shown in range(digits, LEAST_SHOWN - 1, -1):
        result = number(value, shown)
        for precision in OPERAND_DIGITS:
            if _computed(expression, precision, shown) == float(result):
                return expression.write(precision), result, True
    return expression.write(OPERAND_DIGITS[0]), number(value, digits), False


def _computed(expression, digits, shown):
    try:
        return float(number(expression.compute(digits), shown))
    except (ArithmeticError, ValueError):  # as log(0), where a number was rounded away
        return math.nan
