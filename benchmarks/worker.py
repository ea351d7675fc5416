"""A peer in a process of its own, which stays alive and does one workload at a time on request.

So no peer's threads, caches or imports are in another one's way, and the parent can time them
in turns: A B C A B C ..., each under the same state of the machine.
"""

import gc
import multiprocessing
import os
import sys
import tempfile
import time
import traceback
from pathlib import Path

import numpy as np

from benchmarks import peers, workloads

PATIENCE = 900  # seconds that a request may take
REST = 0.1  # seconds between two requests, in which the threads of the last peer go to sleep


class PeerError(RuntimeError):
    """A peer could not do what it was asked to; the message names it and says why."""


class Worker:
    """The parent's end: starts the process, asks it, stops it; a context manager."""

    def __init__(self, entry):
        self.entry = entry
        # Not forked: several of the peers do not work in a forked process.
        context = multiprocessing.get_context("spawn")
        self.pipe, other = context.Pipe()
        self.log = Path(tempfile.mkdtemp(prefix="benchmarks-")) / f"{entry.name}.log"
        self.process = context.Process(
            target=serve, args=(entry.name, other, self.log), daemon=True
        )
        self.process.start()
        other.close()  # else a dead process would never be seen as the end of the pipe

    def load(self, workload):
        """Let the peer read the data and build the network."""
        self._ask("load", workload)

    def run(self, *, shuffle=True):
        """Run the workload once from the start: {seconds, losses, threads, engine}."""
        time.sleep(REST)
        return self._ask("run", shuffle)

    def call(self, function):
        """What ``function()``, of a module, returns in the process."""
        return self._ask("call", function)

    def _ask(self, command, argument):
        try:
            self.pipe.send((command, argument))
            if not self.pipe.poll(PATIENCE):
                raise PeerError(f"{self.entry.name} did not answer within {PATIENCE} s")
            result, trouble = self.pipe.recv()
        except (EOFError, OSError):
            self.process.join(5)
            raise PeerError(
                f"the process of {self.entry.name} ended by itself (exit code "
                f"{self.process.exitcode}). Its last words:\n{self._last_words()}"
            ) from None
        if trouble:
            raise PeerError(f"{self.entry.name} failed:\n{trouble}")
        return result

    def _last_words(self):
        lines = self.log.read_text(errors="replace").splitlines() if self.log.exists() else []
        return "\n".join(lines[-5:]) or "(none)"

    def stop(self):
        """End the process, whatever it is doing."""
        self.process.terminate()
        self.process.join()
        self.pipe.close()
        self.log.unlink(missing_ok=True)
        self.log.parent.rmdir()

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.stop()


def serve(name, pipe, log):
    """The process's end: answer each request with (result, trouble), until the pipe closes."""
    _write_into(log)
    answers = Answers(peers.find(name))
    while True:
        try:
            command, argument = pipe.recv()
        except EOFError:
            return
        try:
            pipe.send((getattr(answers, command)(argument), None))
        except Exception as error:
            traceback.print_exc()
            where = traceback.extract_tb(error.__traceback__)[-1]
            pipe.send((None, f"{type(error).__name__}: {error} ({where.name}, {where.line})"))


def _write_into(log):
    """Send what the libraries print, C++ ones too, to a file instead of the table."""
    stream = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    for standard in (1, 2):
        os.dup2(stream, standard)
    sys.stdout = sys.stderr = os.fdopen(stream, "w", buffering=1)


class Answers:
    """What the process can be asked for."""

    def __init__(self, entry):
        self.entry = entry
        self.peer = None

    def load(self, workload):
        """Read the data and build the peer, once the last one is gone."""
        self.peer = None
        gc.collect()
        self.workload = workload
        x, self.y = workloads.data(workload)
        self.peer = self.entry.make(workload, x, self.y, workloads.start_weights(workload))

    def run(self, shuffle):
        """Time one run from the start."""
        peer = self.peer
        peer.reset()
        gc.collect()  # what others left behind is not this run's to clear away
        began = time.perf_counter()
        result = peer.run(shuffle=shuffle)
        seconds = time.perf_counter() - began
        return {
            "seconds": seconds,
            "losses": self._losses(result),
            "threads": peer.threads,
            "engine": getattr(peer, "engine", None),
        }

    def _losses(self, result):
        """Of predictions the mean cross-entropy, so that both tasks can be compared by it."""
        if self.workload.task == "fit":
            return [float(loss) for loss in result]
        chosen = np.asarray(result)[np.arange(len(self.y)), self.y]
        return [float(-np.log(chosen).mean())]

    def call(self, function):
        """Any function of a module."""
        return function()
