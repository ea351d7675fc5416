"""Ctrl-C at a moment that leaves the model whole."""

import contextlib
import signal
import threading
from typing import Any


class Gate:
    """Holds Ctrl-C back while it is closed; KeyboardInterrupt is raised when it opens.

    An update that is cut in two leaves some weights moved and others not. So ``fit`` hands an
    engine its work in pieces of a fraction of a second, and closes the gate for each of them:

        with interrupts.gate() as gate:
            ...
            with gate:
                ...
    """

    def __init__(self):
        self._closed = False
        self._arrived: Any = None
        self._handler: Any = None

    def __enter__(self):
        self._closed = True

    def __exit__(self, *error):
        self._closed = False
        if self._arrived:
            arrived, self._arrived = self._arrived, None
            self._handler(*arrived)

    def _handle(self, *signal_and_frame):
        if self._closed:
            self._arrived = signal_and_frame
        else:
            self._handler(*signal_and_frame)


@contextlib.contextmanager
def gate():
    """A ``Gate`` that stands before the handler of SIGINT for as long as the context lasts.

    Whatever handler there is, it is only called later. Outside the main thread Python never
    raises KeyboardInterrupt, and where there is no handler nothing can be held back.
    """
    gate = Gate()
    gate._handler = handler = signal.getsignal(signal.SIGINT)
    if threading.current_thread() is not threading.main_thread() or not callable(handler):
        yield gate
        return
    signal.signal(signal.SIGINT, gate._handle)
    try:
        yield gate
    finally:
        signal.signal(signal.SIGINT, handler)
