"""The optimizers: formulas worked by hand, state, learning rates, clipping."""

import copy
import inspect
import json
import warnings

import numpy as np
import pytest

import nnscratch as nn
from nnscratch import optimizers, schedules
from nnscratch.optimizers import SGD, Adam, RMSprop

KINDS = {
    "sgd": SGD,
    "momentum": lambda rate=0.01: SGD(rate, momentum=0.9),
    "nesterov": lambda rate=0.01: SGD(rate, momentum=0.9, nesterov=True),
    "adam": Adam,
    "rmsprop": RMSprop,
    "rmsprop in full": lambda rate=0.001: RMSprop(rate, momentum=0.5, centered=True),
}


class Halving(schedules.Schedule):
    """A schedule of one's own."""

    def __call__(self, step):
        return 2.0**-step


def path(optimizer, gradients, start=0.0):
    """The value of a single parameter after each of these gradients."""
    p = np.array([float(start)])
    values = []
    for gradient in gradients:
        optimizer.apply(p, np.array([float(gradient)]))
        values.append(p[0])
    return values


# ---- Formulas worked by hand -----------------------------------------------------------------


def test_sgd_goes_down_the_gradient():
    assert path(SGD(0.25), [2, -4, 1], start=1) == [0.5, 1.5, 1.25]


def test_momentum_keeps_half_of_the_last_move():
    # v: -1, -1/2 + 1 = 1/2, 1/4
    assert path(SGD(0.5, momentum=0.5), [2, -2, 0]) == [-1, -0.5, -0.25]


def test_nesterov_takes_the_gradient_of_a_step_ahead():
    # v as above; each move is v/2 - g/2: -1/2 - 1, 1/4 + 1, 1/8
    assert path(SGD(0.5, momentum=0.5, nesterov=True), [2, -2, 0]) == [-1.5, -0.25, -0.125]


def test_the_momentum_of_an_old_step_keeps_the_learning_rate_it_was_made_with():
    optimizer, p = SGD(1.0, momentum=0.5), np.zeros(1)
    optimizer.apply(p, np.ones(1))
    optimizer.learning_rate = 0.125
    optimizer.apply(p, np.zeros(1))
    assert p.tolist() == [-1.5]


def test_adams_first_step_is_the_learning_rate_whatever_the_gradients_size():
    for gradient in (0.1, 1.0, -50.0):
        assert path(Adam(0.25), [gradient])[0] == pytest.approx(
            -0.25 * np.sign(gradient), rel=1e-3
        )


def test_adam_worked_by_hand_with_an_epsilon_that_shows_where_it_stands():
    # With both betas 1/2 and gradients 2, 0:
    #   m: 1, 1/2    v: 2, 1    correction: sqrt(1/2) / (1/2), sqrt(3/4) / (3/4)
    first = np.sqrt(0.5) / 0.5 * 1 / (np.sqrt(2) + 1)
    second = np.sqrt(0.75) / 0.75 * 0.5 / (np.sqrt(1) + 1)
    got = path(Adam(1.0, 0.5, 0.5, 1.0), [2, 0])
    np.testing.assert_allclose(got, [-first, -first - second], rtol=1e-15)


def test_adams_betas_pass_through_float32_in_the_bias_correction_alone():
    # One step: m is g (1 - beta_1) in doubles, and the power is that of float32(0.9).
    correction = np.sqrt(1 - float(np.float32(0.999))) / (1 - float(np.float32(0.9)))
    m, v = 3 * (1 - 0.9), 9 * (1 - 0.999)
    expected = -0.001 * correction * m / (np.sqrt(v) + 1e-7)
    assert path(Adam(), [3])[0] == pytest.approx(expected, rel=1e-14)


def test_rmsprop_worked_by_hand_with_an_epsilon_that_shows_where_it_stands():
    # rho 1/2, epsilon 2: v is 2, then 1; under the root 4, then 3
    got = path(RMSprop(1.0, rho=0.5, epsilon=2.0), [2, 0])
    assert got == [-1, -1]
    got = path(RMSprop(1.0, rho=0.5, epsilon=2.0, momentum=0.5), [2, 0, 0])
    assert got == [-1, -1.5, -1.75]


def test_centered_rmsprop_divides_by_the_root_of_the_variance():
    # mean: 1, -1/2; v: 2, 3; under the root, with epsilon 3: 2 - 1 + 3 = 4, 3 - 1/4 + 3
    got = path(RMSprop(1.0, rho=0.5, epsilon=3.0, centered=True), [2, -2])
    np.testing.assert_allclose(got, [-1, -1 + 2 / np.sqrt(5.75)], rtol=1e-15)


def test_the_defaults_are_those_of_keras():
    assert SGD().get_config() | {"name": ""} == {
        "learning_rate": 0.01,
        "momentum": 0.0,
        "nesterov": False,
        "clipnorm": None,
        "clipvalue": None,
        "name": "",
    }
    adam, rmsprop = Adam().get_config(), RMSprop().get_config()
    assert [adam[k] for k in ("learning_rate", "beta_1", "beta_2", "epsilon")] == [
        0.001,
        0.9,
        0.999,
        1e-7,
    ]
    assert [
        rmsprop[k] for k in ("learning_rate", "rho", "momentum", "epsilon", "centered")
    ] == [
        0.001,
        0.9,
        0.0,
        1e-7,
        False,
    ]


def test_without_momentum_nothing_is_kept():
    assert path(SGD(0.5), [1]) == [-0.5] and SGD(0.5).state_names == ()
    assert RMSprop().state_names == ("v",)


# ---- State -----------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
def test_restart_forgets_everything_and_going_on_forgets_nothing(kind):
    gradients = np.random.default_rng(0).normal(size=6)
    optimizer = KINDS[kind]()
    first = path(optimizer, gradients)
    assert optimizer.iterations == 6
    optimizer.restart()
    assert optimizer.iterations == 0 and optimizer.state == {}
    assert path(optimizer, gradients) == first
    split = KINDS[kind]()
    begun = path(split, gradients[:3])
    assert path(split, gradients[3:], start=begun[-1]) == first[3:]


def test_state_persists_over_two_fits_and_compile_begins_anew():
    x = np.random.default_rng(1).normal(size=(20, 2))

    def model():
        model = nn.Sequential([nn.layers.Dense(1)], seed=1, dtype="float64")
        model.compile(Adam(0.1), "mse")
        return model

    one, two = model(), model()
    one.fit(x, x[:, 0], epochs=6, verbose=0, shuffle=False)
    two.fit(x, x[:, 0], epochs=2, verbose=0, shuffle=False)
    assert two.optimizer.iterations == 2
    two.fit(x, x[:, 0], epochs=4, verbose=0, shuffle=False)
    np.testing.assert_array_equal(one.parameters, two.parameters)
    optimizer = two.optimizer
    two.compile(optimizer, "mse")
    assert optimizer.iterations == 0 and not optimizer.state


@pytest.mark.parametrize("kind", KINDS)
def test_a_vector_of_all_tensors_moves_like_each_tensor_alone(kind):
    rng = np.random.default_rng(2)
    gradients = rng.normal(size=(5, 7))
    whole, parts = np.zeros(7), [np.zeros(3), np.zeros(4)]
    optimizer, others = KINDS[kind](), [KINDS[kind](), KINDS[kind]()]
    for gradient in gradients:
        optimizer.apply(whole, gradient)
        for part, other, g in zip(parts, others, (gradient[:3], gradient[3:]), strict=True):
            other.apply(part, g.copy())
    np.testing.assert_array_equal(whole, np.concatenate(parts))


# ---- Learning rates --------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [SGD, Adam, RMSprop])
def test_keras_2s_lr_works_and_warns_at_the_users_own_line(kind):
    with pytest.warns(
        DeprecationWarning, match=rf"{kind.__name__}\(learning_rate=0.25\)"
    ) as said:
        line = inspect.currentframe().f_lineno + 1
        optimizer = kind(lr=0.25)
    assert optimizer.learning_rate == 0.25
    assert (said[0].filename, said[0].lineno) == (__file__, line)


def test_the_learning_rate_itself_warns_of_nothing():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert Adam(learning_rate=0.5).learning_rate == Adam(0.5).learning_rate == 0.5


@pytest.mark.parametrize("rate", [0, -0.1, np.nan, np.inf, "0.1", None, True])
def test_a_learning_rate_that_is_no_positive_number_is_refused(rate):
    with pytest.raises(ValueError, match="learning_rate must be a finite number > 0"):
        Adam(rate)
    optimizer = Adam(0.5)
    with pytest.raises(ValueError, match="learning_rate must be a finite number > 0"):
        optimizer.learning_rate = rate
    assert optimizer.learning_rate == 0.5


def test_a_schedule_sets_the_rate_of_each_step_until_a_number_replaces_it():
    optimizer = SGD(schedules.ExponentialDecay(1.0, 1, 0.5))
    assert path(optimizer, [1, 1, 1]) == [-1, -1.5, -1.75]
    assert optimizer.learning_rate == 0.125 and optimizer.schedule is not None
    optimizer.learning_rate = 4
    assert path(optimizer, [1]) == [-4] and optimizer.schedule is None
    assert (
        optimizer.rate(9, np.float32) == 4 and type(optimizer.rate(9, np.float32)) is np.float32
    )


def test_a_schedule_of_ones_own():
    assert path(SGD(Halving()), [1, 1, 1]) == [-1, -1.5, -1.75]
    assert repr(Halving()) == "Halving()"


def test_a_schedule_that_grows_beyond_all_numbers_is_refused_by_name():
    with pytest.raises(ValueError, match="what ExponentialDecay returns for step 2 must be"):
        path(SGD(schedules.ExponentialDecay(1.0, 1, 1e30)), [0, 0, 0])


# ---- Clipping --------------------------------------------------------------------------------


def test_clipnorm_shortens_each_tensor_that_is_too_long():
    gradient = np.array([3.0, 4.0, 0.3, 0.4, 0.0])
    p = np.zeros(5)
    SGD(1.0, clipnorm=1.0).apply(p, gradient, [gradient[:2], gradient[2:4], gradient[4:]])
    np.testing.assert_allclose(p, [-0.6, -0.8, -0.3, -0.4, 0], rtol=1e-15)


def test_clipvalue_cuts_each_number():
    p = np.zeros(3)
    SGD(1.0, clipvalue=0.5).apply(p, np.array([3.0, -4.0, 0.25]))
    assert p.tolist() == [-0.5, 0.5, -0.25]


def test_both_clips_at_once_or_one_that_is_not_positive_are_refused():
    with pytest.raises(ValueError, match="clipnorm or clipvalue, not both"):
        SGD(clipnorm=1.0, clipvalue=1.0)
    for name in ("clipnorm", "clipvalue"):
        with pytest.raises(ValueError, match=f"{name} must be a finite number > 0"):
            Adam(**{name: 0})


# ---- Arguments, names, copies ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: SGD(momentum=1.5), "momentum"),
        (lambda: SGD(momentum=-0.1), "momentum"),
        (lambda: Adam(beta_1=1), "beta_1 must be a finite number >= 0.*< 1"),
        (lambda: Adam(beta_2=-0.1), "beta_2"),
        (lambda: Adam(epsilon=-1), "epsilon"),
        (lambda: RMSprop(rho=1), "rho"),
        (lambda: RMSprop(epsilon="1"), "epsilon"),
    ],
)
def test_arguments_outside_their_range_are_refused_by_name(make, said):
    with pytest.raises(ValueError, match=said):
        make()


def test_names_classes_and_objects_find_the_optimizer():
    assert type(optimizers.get("adam")) is type(optimizers.get("Adam")) is Adam
    assert type(optimizers.get(RMSprop)) is RMSprop
    own = SGD()
    assert optimizers.get(own) is own
    with pytest.raises(ValueError, match=r"unknown optimizer 'adamm'.*Did you mean 'adam'"):
        optimizers.get("adamm")


@pytest.mark.parametrize("kind", KINDS)
def test_a_copy_goes_on_where_the_original_was_and_leaves_it_alone(kind):
    gradients = np.random.default_rng(3).normal(size=4)
    optimizer = KINDS[kind]()
    begun = path(optimizer, gradients[:2])
    twin = copy.deepcopy(optimizer)
    later = path(twin, gradients[2:], start=begun[-1])
    assert optimizer.iterations == 2
    assert path(optimizer, gradients[2:], start=begun[-1]) == later


def test_reprs_say_what_differs_from_nothing():
    assert repr(SGD(0.5, clipvalue=2.0)) == (
        "SGD(learning_rate=0.5, clipvalue=2.0, name='sgd', momentum=0.0, nesterov=False)"
    )


@pytest.mark.parametrize("kind", [SGD, Adam, RMSprop])
def test_a_name_and_the_clips_are_kept_and_unknown_arguments_refused(kind):
    assert kind().name == kind.__name__.lower() and kind(name="mine").name == "mine"
    assert kind(clipnorm=2).clipnorm == 2 and kind(clipvalue=3).clipvalue == 3
    assert kind().clipnorm is None and kind().clipvalue is None
    assert optimizers.Optimizer().learning_rate == 0.001
    with pytest.raises(TypeError, match="decay_steps"):
        kind(decay_steps=3)


@pytest.mark.parametrize(
    "optimizer",
    [
        SGD(0.5, 0.25, True, clipnorm=2.0, name="mine"),
        Adam(0.5, 0.25, 0.75, 1e-3, clipvalue=3.0),
        RMSprop(0.5, 0.25, 0.75, 1e-3, True),
        Adam(schedules.ExponentialDecay(1.0, 2, 0.5)),
    ],
)
def test_an_optimizer_comes_back_from_its_description_with_all_arguments(optimizer):
    described = optimizers.serialize(optimizer)
    assert described["class_name"] == type(optimizer).__name__
    back = optimizers.deserialize(json.loads(json.dumps(described)))
    assert type(back) is type(optimizer) and repr(back) == repr(optimizer)
    gradients = [3.0, -1.0, 2.0]
    assert path(back, gradients) == path(copy.deepcopy(optimizer), gradients)
    with pytest.raises(ValueError, match="unknown optimizer 'Sgdd'"):
        optimizers.deserialize(described | {"class_name": "Sgdd"})


def test_an_optimizer_without_its_formula_says_what_to_define():
    said = r"^Optimizer has to define update\(p, g, learning_rate\)$"
    with pytest.raises(NotImplementedError, match=said):
        optimizers.Optimizer().apply(np.zeros(1), np.zeros(1))


def test_the_ends_of_each_range_are_allowed_where_keras_allows_them():
    assert SGD(momentum=1).momentum == 1
    adam = Adam(beta_1=0, beta_2=0, epsilon=0)
    assert (adam.beta_1, adam.beta_2, adam.epsilon) == (0, 0, 0)
    rmsprop = RMSprop(rho=0, momentum=0, epsilon=0)
    assert (rmsprop.rho, rmsprop.momentum, rmsprop.epsilon) == (0, 0, 0)
    for make in (
        lambda: Adam(beta_2=1),
        lambda: RMSprop(rho=1),
        lambda: RMSprop(rho=-0.1),
        lambda: RMSprop(momentum=-0.1),
        lambda: RMSprop(epsilon=-0.1),
    ):
        with pytest.raises(ValueError, match=r"^(beta_2|rho|momentum|epsilon) must be"):
            make()


def test_a_schedule_may_return_0_or_a_whole_number_and_nothing_below():
    class Returns(schedules.Schedule):
        def __init__(self, rate):
            self.rate = rate

        def __call__(self, step):
            return self.rate

    assert path(SGD(Returns(0.0)), [5]) == path(SGD(Returns(0)), [5]) == [0]
    assert path(SGD(Returns(2)), [5]) == [-10]
    for rate in (-0.5, np.inf, np.nan, "1"):
        with pytest.raises(ValueError, match=r"^what Returns returns for step 0 must be"):
            path(SGD(Returns(rate)), [5])


def test_rmsprops_step_grows_with_the_learning_rate():
    # v is 2, with epsilon 2 the root is 2
    assert path(RMSprop(0.5, rho=0.5, epsilon=2.0), [2]) == [-0.5]


def test_clipnorm_gives_a_long_tensor_exactly_that_length():
    p = np.zeros(2)
    SGD(1.0, clipnorm=2.0).apply(p, np.array([6.0, 8.0]))
    np.testing.assert_allclose(p, [-1.2, -1.6], rtol=1e-15)


def test_messages_begin_with_the_argument_as_it_is_written():
    for make in (lambda: SGD(momentum=-1), lambda: Adam(epsilon=-1)):
        with pytest.raises(ValueError, match=r"^(momentum|epsilon) must be"):
            make()
    with pytest.raises(TypeError, match=r"(?s)(?=.*Adam)(?=.*beta_3)"):
        Adam(beta_3=0.5)
