"""One thread inside a worker of joblib or Dask: there, the other cores have their own work."""

import sys
import threading
from contextlib import contextmanager

from joblib.parallel import get_active_backend
from threadpoolctl import threadpool_limits

from nnscratch import config

_lock = threading.Lock()
_running: list = []  # how many threads there were before, once for each that runs in a worker


@contextmanager
def one_thread_each():
    """A context in which kernels and BLAS have one thread, if this is a worker of somebody's.

    The number of kernel threads belongs to the whole process, and workers may be threads of
    it. So the last of them to end puts back what the first one found. Which thread may set the
    number for BLAS, threadpoolctl settles by itself.
    """
    if not in_a_worker():
        yield
        return
    with _lock:
        _running.append(_running[0] if _running else config.num_threads())
        config.set_num_threads(1)
    try:
        with threadpool_limits(1, user_api="blas"):
            yield
    finally:
        with _lock:
            before = _running.pop()
            if not _running:
                config.set_num_threads(None if before == config.available_cores() else before)


def in_a_worker():
    """Whether joblib, or Dask on behalf of joblib, has started what is running here."""
    backend, _ = get_active_backend()
    return bool(backend.nesting_level) or _in_a_dask_task()


def _in_a_dask_task():
    # joblib does not count a Dask worker as a level of its own.
    distributed = sys.modules.get("distributed")
    if distributed is None:
        return False
    try:
        distributed.get_worker()
    except ValueError:
        return False
    return True
