"""What the numbers were measured on: its names and versions, and how fast it can be at all."""

import os
import platform
import subprocess
import sys
import threading
import time
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from benchmarks import peers
from nnscratch import config

FLOATS = 4096  # 16 kB, which stay in the L1 cache
CHAIN = 16  # multiply-adds for each float that is read: reading costs next to nothing


def describe(*, data):
    """{what: value} of the machine, the versions and the commit; ``data``: where it is from."""
    from threadpoolctl import threadpool_info

    blas = next((p for p in threadpool_info() if p["user_api"] == "blas"), {})
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else None
    return {
        "when": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "commit": commit(),
        "cpu": cpu_name(),
        "cores": config.available_cores(),
        "system": f"{platform.system()} {platform.release()} {platform.machine()}",
        "python": sys.version.split()[0],
        "blas": f"{blas.get('internal_api')} {blas.get('version')}",
        "blas core type": blas.get("architecture"),
        "load at the start": load,
        "data": data,
        "versions": peers.versions(),
    }


def commit():
    """The short hash of the commit that is checked out; "+" for files changed since."""
    try:
        return _git("rev-parse", "--short", "HEAD") + "+" * bool(_git("status", "--porcelain"))
    except (OSError, subprocess.CalledProcessError):
        return "unknown"


def _git(*arguments):
    folder = Path(__file__).parent
    return subprocess.check_output(
        ["git", *arguments], cwd=folder, text=True, stderr=subprocess.DEVNULL
    ).strip()


def cpu_name():
    """The processor's name, family, model and widest vectors, where the system tells."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    fields = dict(map(str.strip, line.split(":", 1)) for line in lines if ":" in line)
    flags = fields.get("flags", "").split()
    vectors = next((f for f in ("avx512f", "avx2", "sse2") if f in flags), "no known vectors")
    family = f"family {fields.get('cpu family')}, model {fields.get('model')}"
    return f"{fields.get('model name', 'unknown')} ({family}, {vectors})"


def limits():
    """{threads: GFLOPS} of float32, for one thread and for each number up to two and all.

    The faster of a loop of nothing but multiply-adds on what lies in the L1 cache, and of a
    large product of BLAS; the best of several tries, since it stands for what is possible.
    """
    multiply_adds = _compiled()
    counts = sorted({1, peers.THREADS, peers.CORES})
    return {str(n): max(_best_loop(multiply_adds, n), _best_product(n)) for n in counts}


def _compiled():
    import numba

    @numba.njit(nogil=True, fastmath={"contract"})
    def multiply_adds(values, scale, shift, rounds):
        for _ in range(rounds):
            for i in range(values.size):
                v = values[i]
                for _ in range(CHAIN):
                    v = v * scale + shift
                values[i] = v

    return multiply_adds


def _best_loop(multiply_adds, threads, *, rounds=4000, tries=5):
    arrays = [np.zeros(FLOATS, "float32") for _ in range(threads)]
    scale, shift = np.float32(0.5), np.float32(1)
    multiply_adds(arrays[0], scale, shift, 1)  # compiles

    def once():
        jobs = [
            threading.Thread(target=multiply_adds, args=(array, scale, shift, rounds))
            for array in arrays
        ]
        for job in jobs:
            job.start()
        for job in jobs:
            job.join()

    return 2 * CHAIN * FLOATS * rounds * threads / _fastest(once, tries) / 1e9


def _best_product(threads, *, size=1536, tries=5):
    from threadpoolctl import threadpool_limits

    a = np.ones((size, size), "float32")
    with threadpool_limits(threads, user_api="blas"):
        return 2 * size**3 / _fastest(lambda: a @ a, tries) / 1e9


def _fastest(function, tries):
    seconds = []
    for _ in range(tries):
        began = time.perf_counter()
        function()
        seconds.append(time.perf_counter() - began)
    return min(seconds)
