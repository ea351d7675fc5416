"""Exercise 12: a layer of one's own that keeps the contract of layers."""

import numpy as np

from nnscratch import gradient_check
from nnscratch.layers import Layer, contract
from nnscratch.learn.diagnosis import examine
from nnscratch.learn.formula import Formula, Mistake, usual
from nnscratch.learn.problem import Problem, three_and_another
from nnscratch.learn.verdict import wrong

NAME, START = "LearnedSlope", 0.25


@three_and_another({"B": 5, "I": 3}, {"B": 4, "I": 6})
def draws(rng, B, I):
    """Rows z, slopes a, the gradient from above, and rows of a second batch."""
    return {
        "z": rng.normal(size=(B, I)),
        "a": rng.normal(size=I),
        "dy": rng.normal(size=(B, I)),
        "other": rng.normal(size=(B, I)),
    }


def _built(learner, width):
    """A layer of the learner's, built in float64, with everything refused that must be."""
    layer = learner.guard(learner.get(NAME), what=NAME)
    if not isinstance(layer, Layer):
        raise wrong(
            "not a layer",
            f"{NAME} must be a subclass of nn.layers.Layer.",
            hints=("What stands in brackets behind class?", f"class {NAME}(nn.layers.Layer):"),
        )
    shape = (None, width)
    learner.guard(lambda: _build(layer, shape), what="build")
    _check_parameters(layer, width)
    return layer


def _build(layer, shape):
    layer.dtype = np.dtype(np.float64)
    layer.build(shape)
    layer.input_shape = layer.output_shape = shape


def _check_parameters(layer, width):
    shapes = {name: array.shape for name, array in layer.params.items()}
    if shapes != {"a": (width,)}:
        raise wrong(
            "parameter missing" if "a" not in shapes else "parameter shape",
            f"After build for {width} inputs the layer must have one parameter, 'a' of the"
            f" shape ({width},); it has {shapes or 'none'}.",
            hints=(
                "Only what add_weight made is known to the model and its optimizer.",
                'self.add_weight("a", input_shape[1:], ...) in build',
            ),
        )
    if not np.all(layer.params["a"] == START):
        raise wrong(
            "initial value",
            f"The slopes must begin at {START}, they begin at {layer.params['a'].flat[0]:g}.",
            hints=(
                "add_weight takes an initializer as its third argument.",
                f"nn.initializers.Constant({START})",
            ),
        )


def observe(learner, inputs):
    """Forward for one batch, forward for another one, then back through the first."""
    layer = _built(learner, inputs["z"].shape[1])
    layer.params["a"] = inputs["a"]
    y, cache = learner.call("forward", {"z": inputs["z"]}, function=layer.forward)
    y = np.array(y)  # as it was before anything else happens
    learner.call("forward", {"z": inputs["other"]}, function=layer.forward)
    given = {"dy": inputs["dy"], "cache": cache}
    dx, grads = learner.call("backward", given, keep=("cache",), function=layer.backward)
    return y, dx, grads["a"]


def _check_contract(learner, layer):
    """What any model asks of a layer, in the contract's own words."""
    try:
        contract.check(layer)
    except (TypeError, ValueError) as error:
        if learner.is_in(error):
            raise learner.stopped(error, "it was run on three rows of zeros") from error
        raise wrong(
            "contract",
            " ".join(str(error).splitlines()),
            hints=(
                "The explanation says what forward and backward take and return.",
                "forward: return y, cache.  backward: return dx, {'a': da}.",
            ),
        ) from error


MISTAKES = (
    Mistake(
        "slope missing in dx",
        "dx is 0 where z <= 0; there y moves with the slope a.",
        ("What is the slope of a * z?", "dx = dy where z > 0, else dy * a"),
        {"dx": lambda dy, z: dy * (z > 0)},
    ),
    Mistake(
        "mask missing in dx",
        "dx is dy unchanged: the slope a is missing where z <= 0.",
        ("What is the slope of a * z?", "dx = dy where z > 0, else dy * a"),
        {"dx": lambda dy: dy},
    ),
    Mistake(
        "mask missing in dx",
        "dx is dy * a everywhere, also where z > 0 and the slope is 1.",
        ("What is the slope of y where z > 0?", "dx = dy where z > 0, else dy * a"),
        {"dx": lambda dy, a: dy * a},
    ),
    Mistake(
        "upside down in dx",
        "The two cases of dx have changed places.",
        ("On which side of 0 is the slope 1?", "dx = dy where z > 0, else dy * a"),
        {"dx": lambda dy, z, a: np.where(z > 0, dy * a, dy)},
    ),
    Mistake(
        "mask missing in da",
        "da counts the rows where z > 0 too; there y does not depend on a.",
        ("Which rows have used a?", "da = sum over rows of dy * z, where z <= 0"),
        {"da_rows": lambda dy, z: dy * z},
    ),
    Mistake(
        "upside down in da",
        "da is made of the rows where z > 0; there y does not depend on a.",
        ("Which rows have used a?", "da = sum over rows of dy * z, where z <= 0"),
        {"da_rows": lambda dy, z: dy * z * (z > 0)},
    ),
    Mistake(
        "z missing in da",
        "da lacks the factor z: by how much y moves when a moves.",
        ("What is the derivative of a * z by a?", "da = sum over rows of dy * z, where z <= 0"),
        {"da_rows": lambda dy, z: dy * (z <= 0)},
    ),
    Mistake(
        "a for z in da",
        "da holds a where z belongs.",
        ("What is the derivative of a * z by a?", "da = sum over rows of dy * z, where z <= 0"),
        {"da_rows": lambda dy, z, a: dy * a * (z <= 0)},
    ),
    Mistake(
        "slope ignored in forward",
        "forward is a plain ReLU: the slope a is not used.",
        ("What is y where z <= 0?", "y = z where z > 0, else a * z"),
        {"y": lambda z: np.maximum(z, 0)},
    ),
    Mistake(
        "fixed slope in forward",
        f"forward uses the slope {START}, whatever the parameter says.",
        ("Where do learned values live?", 'self.params["a"]'),
        {"y": lambda z: np.where(z > 0, z, START * z)},
    ),
    Mistake(
        "stale cache",
        "dx and da belong to another batch: between this forward and this backward, forward ran"
        " once more, and backward used what that later call had left on the layer.",
        (
            "Two batches are on their way at once; where does each keep its numbers?",
            "Return z as the cache, and keep nothing in self.",
        ),
        {"kept": lambda other: other},
    ),
    *usual("dx", counts=("B",), without=("transposed", "accumulated", "stale")),
    *usual("da", counts=("B", "I"), without=("transposed", "accumulated", "stale")),
)

FORMULA = Formula(
    y=lambda z, a: np.where(z > 0, z, a * z),
    kept=lambda z: z,
    dx=lambda dy, kept, a: np.where(kept > 0, dy, dy * a),
    da_rows=lambda dy, kept: dy * kept * (kept <= 0),
    da=lambda da_rows: da_rows.sum(axis=0),
)

PROBLEM = Problem(
    NAME,
    (),
    {"y": "(B, I)", "dx": "(B, I)", "da": "(I,)"},
    FORMULA,
    MISTAKES,
    draws,
    observe,
)
PROBLEMS = (PROBLEM,)


def check(learner):
    """Raises Wrong unless the layer is right and keeps the contract."""
    layer = _built(learner, 3)
    learner.guard(_check_contract, learner, layer, what=NAME)
    examine(PROBLEMS, learner)
    report = gradient_check.gradcheck(layer, np.random.default_rng(0).normal(size=(6, 3)))
    if not report.ok:
        raise wrong("gradcheck", "nn.gradcheck finds an error.", shown=str(report).splitlines())
