"""Trainings killed at random moments: there always is a whole file, and no bit is lost."""

import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from killable import CHECKPOINT, KEPT, train
from killable import __file__ as script

import nnscratch as nn

pytestmark = pytest.mark.skipif(
    not hasattr(signal, "SIGKILL"), reason="SIGKILL is a signal of POSIX"
)

LONGEST = 0.3  # seconds that a training lives after its first epoch: for some more


def killed(folder, engine, seconds):
    """Start the training, and kill it so many seconds after its first epoch."""
    process = subprocess.Popen(
        [sys.executable, script, str(folder), engine],
        stdout=subprocess.PIPE,
        cwd=Path(nn.__file__).parents[1],
    )
    with process:
        assert process.stdout.readline(), "the training did not begin"
        time.sleep(seconds)
        process.kill()
    assert process.returncode == -signal.SIGKILL


def survive(folder, engine, kills):
    """Kill a training again and again, then end it; returns how many kills fell into a write.

    After each kill all files can be loaded, and no epoch that was kept is lost.
    """
    moments, inside, epochs = random.Random(kills), 0, 0
    for _ in range(kills):
        killed(folder, engine, moments.uniform(0, LONGEST))
        inside += any(folder.glob(".*.part"))
        files = sorted(folder.glob("*.safetensors"))
        models = {path.name: nn.models.load_model(path) for path in files}
        kept = models[KEPT].epochs_trained if KEPT in models else 0
        assert kept >= epochs
        assert CHECKPOINT not in models or models[CHECKPOINT].epochs_trained >= kept
        epochs = kept
    again, whole = train(engine, epochs + 2, folder), train(engine, epochs + 2)
    assert np.array_equal(bits(again), bits(whole))
    assert again.history.history == whole.history.history
    assert sorted(path.name for path in folder.iterdir()) == [CHECKPOINT, KEPT]
    return inside


def bits(model):
    """All that was learned, as the bytes that it is."""
    arrays = [model.parameters, *model.optimizer.state.values()]
    return np.frombuffer(b"".join(array.tobytes() for array in arrays), np.uint8)


def test_a_training_killed_three_times_ends_with_the_same_bits(tmp_path):
    survive(tmp_path, "eager", kills=3)


@pytest.mark.thorough
@pytest.mark.parametrize(("engine", "kills"), [("eager", 50), ("fused", 10)])
def test_a_training_killed_again_and_again_ends_with_the_same_bits(tmp_path, engine, kills):
    assert survive(tmp_path, engine, kills) > kills / 10  # so the moments are worth something
