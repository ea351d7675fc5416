"""What has to be measured in a process that did nothing before: starting, compiling, memory.

``python -m benchmarks.fresh '{"peer": ..., "workload": ...}'`` is such a process; the functions
start it and read what it prints.
"""

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks import peers, workloads
from benchmarks.worker import PeerError

ROOT = Path(__file__).parent.parent
SMALL_FIT = workloads.W1._replace(rows=640, source="noise")  # no time to read or make data
HEAVY = ("numba", "scipy", "sklearn", "matplotlib", "tensorflow", "torch", "jax")
W1_KERNELS = "W1's: relu, softmax, Adam, float32"
COMBINATIONS = {
    W1_KERNELS: {},
    "from uint8 pixels": {"pixels": "uint8"},
    "float64": {"dtype": "float64"},
    "tanh, Dropout, RMSprop": {"hidden": "tanh", "dropout": 0.2, "optimizer": "rmsprop"},
    "sigmoid, one unit, SGD with momentum": {"outputs": 1, "optimizer": "momentum"},
}


# ---- in the parent ----


def peak_memory(name, workload):
    """MB that a fresh process takes at its peak to load the data and do the workload once."""
    return _measure({"peer": name, "workload": workload})["peak"]


def seconds_to_first_fit(name, *, repeats):
    """Seconds from starting the process to the end of a first small fit: one for each repeat.

    One start before them, which does not count, fills the caches of disk and compilers.
    """
    request = {"peer": name, "workload": SMALL_FIT}
    return [_measure(request)["since_start"] for _ in range(repeats + 1)][1:]


def seconds_to_compile(combination):
    """Seconds that a first small fit takes where nothing was compiled before."""
    with tempfile.TemporaryDirectory(prefix="empty-cache-") as empty:
        return _measure({"combination": combination}, NUMBA_CACHE_DIR=empty)["seconds"]


def import_time(*, repeats):
    """{seconds: median, heavy: the heavy packages that came along} of ``import nnscratch``."""
    found = [_measure({"import": "nnscratch"}) for _ in range(repeats)]
    return {
        "seconds": statistics.median(each["seconds"] for each in found),
        "heavy": found[0]["heavy"],
    }


def _measure(request, **environment):
    """The answer of a fresh process to the request."""
    command = [sys.executable, "-m", "benchmarks.fresh", json.dumps(request)]
    if "import" in request:
        command[1:3] = ["-c", IMPORT]
    began = time.time()
    done = subprocess.run(
        command, cwd=ROOT, env=os.environ | environment, capture_output=True, text=True
    )
    if done.returncode:
        raise PeerError(f"{request} failed:\n{done.stderr.strip()[-1000:]}")
    answer = json.loads(done.stdout.splitlines()[-1])
    return answer | {"since_start": answer.get("ended", began) - began}


# ---- in the fresh process ----

IMPORT = f"""
import json, sys, time
began = time.perf_counter()
import nnscratch
seconds = time.perf_counter() - began
heavy = [name for name in {HEAVY!r} if name in sys.modules]
print(json.dumps(dict(seconds=seconds, heavy=heavy)))
"""


def main(request):
    """Do what the request says, once, and print what it took as JSON."""
    if "combination" in request:
        model, x, y = combined(**COMBINATIONS[request["combination"]])
        began = time.perf_counter()
        model.fit(x, y, verbose=0)
    else:
        workload = workloads.Workload(*request["workload"])
        workload = workload._replace(units=tuple(workload.units))  # JSON knows lists only
        x, y = workloads.data(workload)
        entry = peers.find(request["peer"])
        peer = entry.make(workload, x, y, workloads.start_weights(workload))
        peer.reset()
        began = time.perf_counter()
        peer.run()
    ended = time.perf_counter()
    print(json.dumps({"seconds": ended - began, "ended": time.time(), "peak": _peak_so_far()}))


def combined(
    *, pixels="float32", dtype=None, hidden="relu", dropout=0, optimizer="adam", outputs=10
):
    """(model, x, y): a small network of these parts and rows to fit it on."""
    import nnscratch as nn

    if optimizer == "momentum":
        optimizer = nn.optimizers.SGD(0.01, momentum=0.9)
    last, loss = "softmax", "sparse_categorical_crossentropy"
    if outputs == 1:
        last, loss = "sigmoid", "binary_crossentropy"
    parts = [
        nn.layers.Rescaling(1 / 255) if pixels == "uint8" else None,
        nn.layers.Dense(100, hidden),
        nn.layers.Dropout(dropout) if dropout else None,
        nn.layers.Dense(50, hidden),
        nn.layers.Dense(outputs, last),
    ]
    model = nn.Sequential([part for part in parts if part], seed=0, dtype=dtype)
    model.compile(optimizer, loss)
    rows = SMALL_FIT._replace(units=(outputs + (outputs == 1),), pixels=pixels)
    x, y = workloads.data(rows)
    return model, x if dtype is None else x.astype(dtype), y


def _peak_so_far():
    """The most memory this process had at a time, in MB.

    Linux's VmHWM counts from the program's start; ru_maxrss would not be below what the process
    that started this one had.
    """
    try:
        status = Path("/proc/self/status").read_text()
        return int(status.split("VmHWM:")[1].split()[0]) * 1024 / 1e6
    except (OSError, IndexError):
        import resource

        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return peak / 1e6 if sys.platform == "darwin" else peak * 1024 / 1e6


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
