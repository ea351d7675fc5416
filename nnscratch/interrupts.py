"""Ctrl-C at a moment that leaves the model whole."""

import contextlib
import signal
import threading


@contextlib.contextmanager
def held_back():
    """A context in which Ctrl-C waits: KeyboardInterrupt is raised when it is left.

    An update that is cut in two leaves some weights moved and others not. So ``fit`` hands an
    engine its work in pieces of a fraction of a second, each in this context. Other handlers of
    SIGINT than Python's own are called late too; in other threads than the main one Python
    never raises KeyboardInterrupt, and nothing is done.
    """
    handler = signal.getsignal(signal.SIGINT)
    if threading.current_thread() is not threading.main_thread() or not callable(handler):
        yield
        return
    arrived = []
    signal.signal(signal.SIGINT, lambda *signal_and_frame: arrived.append(signal_and_frame))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, handler)
    if arrived:
        handler(*arrived[0])
