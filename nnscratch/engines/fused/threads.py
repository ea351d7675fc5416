"""Several threads in one training: who does what, and how they wait for one another.

Each thread owns some units of every layer: it alone computes their outputs, their gradients
and their updates. Rows are shared out only where each row is worked on by itself. So no sum is
ever split between threads, and any number of them gives the same bits.
"""

import threading
import time

from numba.core import config as numba_config

from nnscratch import config
from nnscratch.engines.fused.compiling import part
from nnscratch.engines.fused.machine import CAN_YIELD, give_way, increment, load, pause

# Multiplications in a step, or numbers that it fetches from far memory: with fewer of both,
# waiting for one another costs more than it saves.
WORTH_THREADS = 1.5e6
FETCHED_WORTH_THREADS = 2e4
PATIENCE = 30  # looks at the barrier before the core is offered to somebody else
STEPS_TRIED = 32
STEPS_WORTH_TRYING = 16 * STEPS_TRIED


@part
def share(count, unit, thread, threads):
    """(first, after the last) of a thread's part of ``count`` things, in whole ``unit``s."""
    units = (count + unit - 1) // unit
    return units * thread // threads * unit, units * (thread + 1) // threads * unit


@part
def meet(arrivals, threads, meeting):
    """Wait until all threads have come to this meeting (1, 2, 3, ...); returns the next one.

    Waiting long with a busy core takes it from the thread that is waited for, wherever there
    are more threads than cores; going to sleep at once costs more than most waits here last.
    """
    if threads == 1:
        return meeting
    increment(arrivals)
    looks = 0
    while load(arrivals) < threads * meeting:
        looks += 1
        if looks < PATIENCE:
            pause()
        else:
            give_way()
    return meeting + 1


def worth(multiplications, fetched, most):
    """How many threads a step of so much work should have: at most ``most``."""
    if config.available_cores() == 1 or not CAN_YIELD or numba_config.DISABLE_JIT:
        return 1
    much = multiplications > WORTH_THREADS or fetched > FETCHED_WORTH_THREADS
    return min(config.num_threads(), most) if much else 1


def run(work, count):
    """Call ``work(thread, threads)`` in ``count`` threads at once, and wait for all of them.

    ``work`` must not raise: a thread that is missing at a meeting is waited for without end.
    So nobody begins before it is known how many threads the system has given.
    """
    if count == 1:
        work(0, 1)
        return
    begin, given, others = threading.Event(), [0], []

    def wait_and_work(thread):
        begin.wait()
        if given[0]:
            work(thread, given[0])

    try:
        for thread in range(1, count):
            other = threading.Thread(target=wait_and_work, args=(thread,), daemon=True)
            other.start()
            others.append(other)
    except RuntimeError:  # the system has no more threads to give; those that there are will do
        given[0] = 1 + len(others)
    else:
        given[0] = count
    finally:
        begin.set()  # without a number, after any other error, all go home
    work(0, given[0])
    for other in others:
        other.join()


def run_steps(work, steps, count, arrivals):
    """Call ``work(thread, threads, first step, last step)`` for all steps, by up to ``count``.

    A core that another program uses at the same time makes all wait for its thread at every
    layer, and then several threads are slower than one. So a long call begins with some steps
    by all and some by one, and goes on with the faster; the bits are the same.
    """

    def run_from(first, last, threads):
        arrivals[:] = 0
        began = time.perf_counter()
        run(lambda thread, threads: work(thread, threads, first, last), threads)
        return time.perf_counter() - began

    done = 0
    if count > 1 and steps >= STEPS_WORTH_TRYING:
        done = 2 * STEPS_TRIED
        together = run_from(0, STEPS_TRIED, count)
        alone = run_from(STEPS_TRIED, done, 1)
        count = count if together < alone else 1
    run_from(done, steps, count)
