"""Keras's side: run a case under tf.keras and write down what it did.

Number format and oneDNN have to be chosen before TensorFlow makes its first tensor, so each
recording is a process of its own:

    python -m parity.keras_reference JOB.json

A job names the cases, the number format, a variant of Keras (plain, "jit", "no-onednn"), seeds,
and how many steps to keep whole; a ``Recorder`` writes it and runs it. Only here is keras
imported.
"""

import json
import os
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np

from nnscratch import config
from nnscratch.exchange.keras_names import state_variables

VARIANTS = ("plain", "jit", "no-onednn")


@dataclass
class Record:
    """What Keras did in one training of one case.

    history  {name: [value of each epoch]}
    states   {"weights", "m", "v" ...: (steps + 1, N)}: before the first step and after each of
             the first ``steps`` steps, all arrays flattened in the order of the layers
    """

    case: str
    dtype: str
    variant: str
    seed: int
    history: dict
    states: dict

    @property
    def steps(self):
        """How many whole steps were kept."""
        return len(self.states["weights"]) - 1 if self.states else 0


class Recording(NamedTuple):
    """What one process wrote: Records case by case, seed by seed, and Gate 0's draws or {}."""

    records: list
    drawn: dict


class Recorder:
    """Keras in processes of its own, as many at a time as there are cores.

        with Recorder() as keras:
            future = keras.record(cases, "float64", steps=400)
            records, _ = future.result()

    The recordings are files (those of a wide net take some hundred MB), gone at the end of the
    context; so is every process that still runs then.

    tell  hears, in words, what each process is at; from threads of its own
    """

    def __init__(self, tell=lambda text: None, at_once=None):
        self.tell, self.running = tell, set()
        # A net this small leaves a second thread idle; of the images each takes some gigabytes.
        self.at_once = at_once or min(config.available_cores(), 4)

    def __enter__(self):
        self.folder = tempfile.TemporaryDirectory(prefix="parity-")
        self.pool = ThreadPoolExecutor(self.at_once)
        return self

    def __exit__(self, *error):
        self.pool.shutdown(wait=False, cancel_futures=True)
        for process in tuple(self.running):
            process.terminate()
        self.pool.shutdown()
        self.folder.cleanup()

    def record(
        self, cases, dtype, *, variant="plain", seeds=(42,), steps=0, epochs=None, exact=False
    ):
        """Begin to train the cases, or queue up; the Future's result is a Recording.

        epochs  {case name: at most so many epochs}
        exact   also make what Gate 0 compares
        """
        job = {
            "folder": tempfile.mkdtemp(prefix=f"{dtype}-{variant}-", dir=self.folder.name),
            "cases": [case.name for case in cases],
            "dtype": dtype,
            "variant": variant,
            "seeds": list(seeds),
            "steps": steps,
            "epochs": epochs or {},
            "exact": exact,
        }
        return self.pool.submit(self._run, job)

    def _run(self, job):
        folder = Path(job["folder"])
        (folder / "job.json").write_text(json.dumps(job))
        onednn = "0" if job["variant"] == "no-onednn" else "1"
        quiet = {"TF_ENABLE_ONEDNN_OPTS": onednn, "TF_CPP_MIN_LOG_LEVEL": "3"}
        command = [sys.executable, "-m", "parity.keras_reference", str(folder / "job.json")]
        with (folder / "stderr").open("w") as errors:
            process = subprocess.Popen(
                command,
                env=os.environ | quiet,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
            )
            self.running.add(process)
            with process:
                for line in process.stdout:
                    self.tell(line.rstrip())
            self.running.discard(process)
        if process.returncode:
            said = (folder / "stderr").read_text()[-3000:]
            raise RuntimeError(f"Keras's side ended with an error:\n{said}")
        return _read(job)


def _read(job):
    folder = Path(job["folder"])
    records = [
        read(folder, name, job["dtype"], job["variant"], seed)
        for name in job["cases"]
        for seed in job["seeds"]
    ]
    if not job["exact"]:
        return Recording(records, {})
    with np.load(folder / "exact.npz") as file:
        return Recording(records, dict(file))


def read(folder, name, dtype, variant, seed):
    """The Record that a job left in its folder."""
    stem = Path(folder) / f"{name}-{seed}"
    history = json.loads(stem.with_suffix(".json").read_text())
    states = {
        path.name.split(".")[1]: np.load(path, mmap_mode="r")
        for path in sorted(stem.parent.glob(f"{stem.name}.*.npy"))
    }
    return Record(name, dtype, variant, seed, history, states)


def run_job(job):
    """In the process of its own: train every case from every seed, and write it down."""
    import keras

    from parity import cases

    keras.config.set_floatx(job["dtype"])
    keras.config.set_dtype_policy(job["dtype"])
    label = f"{job['dtype']}, Keras {'' if job['variant'] == 'plain' else job['variant'] + ' '}"
    if job["exact"]:
        print(f"{label}draws its random numbers and makes 10,000 updates", flush=True)
        np.savez(Path(job["folder"]) / "exact.npz", **exact(keras, job["dtype"]))
    for name in job["cases"]:
        case = cases.by_name(name).shortened(job["epochs"].get(name, 10**9))
        data = cases.load(case)
        from_seeds = f" from {len(job['seeds'])} seeds" if len(job["seeds"]) > 1 else ""
        print(f"{label}trains {name}{from_seeds}", flush=True)
        for seed in job["seeds"]:
            stem = Path(job["folder"]) / f"{name}-{seed}"
            if len(job["seeds"]) > 1 and not case.validate:
                history = _train_swiftly(keras, case, data, seed)
            else:
                history = _train(keras, case, data, seed, job, stem)
            stem.with_suffix(".json").write_text(json.dumps(history))


def _train(keras, case, data, seed, job, stem):
    """The history of the case as anybody trains it, its first steps kept beside ``stem``."""
    from parity import cases

    model = cases.build(case, keras, seed, jit_compile=job["variant"] == "jit")
    model.build((None, *data[0][0].shape[1:]))
    steps = min(job["steps"], case.steps(data[0][0]))
    watchers = [_recorder(keras, model, steps, stem)] if steps else []
    return cases.fit(case, model, keras, data, callbacks=watchers)


def _train_swiftly(keras, case, data, seed):
    """The same history, to the last bit, in a fifth of the time: for many seeds of small nets.

    Keras makes its batches anew for every epoch, always in the same order, and calls TensorFlow
    for each of them; for a few weights that is most of the work. Here the batches are made
    once, by the same code, and an epoch is one call.
    """
    from keras.src.trainers.data_adapters.array_data_adapter import ArrayDataAdapter

    from parity import cases

    (x, y), _ = data
    steps = case.steps(x) // case.epochs
    model = cases.build(case, keras, seed, jit_compile=False, steps_per_execution=steps)
    model.build((None, *x.shape[1:]))
    made = ArrayDataAdapter(x, y, batch_size=case.batch_size, shuffle=True)
    batches = made.get_tf_dataset().cache().repeat()
    rows = {"steps_per_epoch": steps, "shuffle": False}  # for Keras: they have their order
    return cases.fit(case, model, keras, ((batches, None), None), **rows)


def _recorder(keras, model, steps, stem):
    """A callback that keeps the state before the first step and after each of ``steps``."""
    files = {}

    def keep(step):
        for name, arrays in keras_state(model).items():
            row = np.concatenate([np.ravel(a) for a in arrays])
            if name not in files:
                path = stem.with_name(f"{stem.name}.{name}.npy")
                shape = (steps + 1, row.size)
                files[name] = np.lib.format.open_memmap(path, "w+", row.dtype, shape)
            files[name][step] = row

    class Recorder(keras.callbacks.Callback):
        taken = 0

        def on_train_begin(self, logs=None):
            if not self.taken:
                keep(0)

        def on_train_batch_end(self, batch, logs=None):
            self.taken += 1
            if self.taken <= steps:
                keep(self.taken)

    return Recorder()


def keras_state(model):
    """{"weights": arrays, and the optimizer's state under nnscratch's names for it}."""
    optimizer = model.optimizer
    if not optimizer.built:
        optimizer.build(model.trainable_variables)
    named = {"weights": model.trainable_variables} | state_variables(optimizer)
    return {
        name: [np.asarray(variable) for variable in variables]
        for name, variables in named.items()
    }


def exact(keras, dtype):
    """What Gate 0 compares bit for bit: {"kind/name": array}."""
    from parity import cases

    found = {}
    for case in cases.MODELS:
        model = cases.build(case, keras)
        model.build((None, *cases.INPUT_SHAPES[case.data]))
        found[f"weights/{case.name}"] = np.concatenate([w.ravel() for w in model.get_weights()])
    for rows in cases.ORDERS:
        found[f"order/{rows}"] = _row_order(rows, cases.SEED)
    found[f"dropout/{cases.DROPOUT_CALLS}"] = _dropout(keras, dtype, cases)
    for name, (kind, options) in cases.OPTIMIZERS.items():
        optimizer = getattr(keras.optimizers, kind)(**options)
        variable = keras.Variable(cases.start_of_updates(dtype), dtype=dtype)
        for step in range(cases.UPDATES):
            optimizer.apply([keras.ops.array(cases.gradient(step, dtype))], [variable])
        found[f"optimizer/{name}"] = np.asarray(variable)
    return found


def _row_order(rows, seed):
    import tensorflow
    from keras.src.trainers.data_adapters.array_data_adapter import ArrayDataAdapter

    tensorflow.random.set_seed(seed)
    adapter = ArrayDataAdapter(np.arange(rows), np.zeros(rows), batch_size=32, shuffle=True)
    return np.concatenate([x.numpy() for x, _ in adapter.get_tf_dataset()])


def _dropout(keras, dtype, cases):
    keras.utils.set_random_seed(cases.SEED)
    layer = keras.layers.Dropout(cases.DROPOUT_RATE)
    ones = np.ones(cases.DROPOUT_SHAPE, dtype)
    calls = [layer(ones[k % 3 :], training=True) for k in range(cases.DROPOUT_CALLS)]
    return np.concatenate([np.asarray(y).ravel() for y in calls])


if __name__ == "__main__":
    run_job(json.loads(Path(sys.argv[1]).read_text()))
