"""Ctrl-C waits while the model is being changed, and is then answered."""

import signal
import threading

import pytest

import nnscratch as nn
from nnscratch.interrupts import gate


@pytest.fixture(autouse=True)
def handler_as_before():
    """Whatever a test does to the handler of SIGINT, the next one finds Python's own."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def interrupt():
    signal.raise_signal(signal.SIGINT)


def test_ctrl_c_comes_after_the_work_and_not_in_it():
    done = []
    with pytest.raises(KeyboardInterrupt), gate() as closed, closed:
        interrupt()
        done.append("the rest of the work")
    assert done == ["the rest of the work"]


def test_between_two_pieces_of_work_ctrl_c_comes_at_once():
    done = []
    with pytest.raises(KeyboardInterrupt), gate() as closed:
        with closed:
            done.append("a piece")
        interrupt()
        done.append("never")
    assert done == ["a piece"]
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_without_ctrl_c_nothing_happens():
    with gate() as closed:
        for _ in range(3):
            with closed:
                pass
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_pressing_twice_interrupts_once():
    with pytest.raises(KeyboardInterrupt), gate() as closed, closed:
        interrupt()
        interrupt()
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_a_gate_that_has_opened_forgets_what_it_held():
    with gate() as closed:
        with pytest.raises(KeyboardInterrupt), closed:
            interrupt()
        with closed:
            pass


def test_inside_one_another_the_outermost_answers():
    done = []
    with pytest.raises(KeyboardInterrupt), gate() as outer, outer:
        with gate() as inner, inner:
            interrupt()
            done.append("inner")
        done.append("outer")
    assert done == ["inner", "outer"]
    with pytest.raises(KeyboardInterrupt):
        interrupt()


def test_an_error_in_the_work_comes_through_and_the_handler_is_back():
    with pytest.raises(ZeroDivisionError), gate() as closed, closed:
        raise ZeroDivisionError
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_a_handler_of_ones_own_is_called_late_and_once():
    calls, order = [], []

    def own(number, frame):
        calls.append((number, frame is not None))
        order.append("handler")

    signal.signal(signal.SIGINT, own)
    with gate() as closed:
        with closed:
            interrupt()
            order.append("work")
        order.append("after")
        interrupt()
    assert calls == [(signal.SIGINT, True)] * 2
    assert order == ["work", "handler", "after", "handler"]
    assert signal.getsignal(signal.SIGINT) is own


@pytest.mark.parametrize("setting", [signal.SIG_IGN, signal.SIG_DFL])
def test_where_python_does_not_handle_ctrl_c_nothing_is_changed(setting):
    signal.signal(signal.SIGINT, setting)
    with gate() as closed, closed:
        assert signal.getsignal(signal.SIGINT) == setting
        if setting == signal.SIG_IGN:
            interrupt()
    assert signal.getsignal(signal.SIGINT) == setting


def test_in_other_threads_nothing_is_changed():
    seen = []

    def work():
        with gate() as closed, closed:
            seen.append(signal.getsignal(signal.SIGINT))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert seen == [signal.default_int_handler]


@pytest.mark.parametrize("eagerly", [True, False])
def test_ctrl_c_in_fit_leaves_whole_steps(eagerly):
    """The interrupt comes while a schedule is asked for the rate of step 2 of 4."""

    class Interrupting(nn.optimizers.Schedule):
        def __call__(self, step):
            if step == 2 and self.armed:
                interrupt()
            return 0.1

    schedule = Interrupting()
    schedule.armed = False
    models = []
    for _ in range(2):
        model = nn.Sequential([nn.layers.Input((1,)), nn.layers.Dense(1)], seed=1)
        model.compile(nn.optimizers.SGD(schedule), "mse", run_eagerly=eagerly)
        models.append(model)
    x, y = [[1.0], [2.0], [3.0], [4.0]], [1.0, 3.0, 2.0, 5.0]
    interrupted, whole = models
    whole.fit(x, y, batch_size=1, verbose=0)
    schedule.armed = True
    with pytest.raises(KeyboardInterrupt):
        interrupted.fit(x, y, batch_size=1, epochs=100, verbose=0)
    # So little work is one call of the engine, which is done to its end.
    assert interrupted.optimizer.iterations == 4
    assert (interrupted.parameters == whole.parameters).all()
