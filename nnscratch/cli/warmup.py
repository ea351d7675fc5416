"""``nnscratch warmup``: compile the kernels now, so that no training has to wait for them."""

import time

import numpy as np

from nnscratch import config, layers, models
from nnscratch.engines import fused
from nnscratch.layers import Dense, Dropout

ROWS, INPUTS = 8, 4

# Each kind of net has a training loop of its own, and each loss a kernel in it.
NETS: dict = {
    "tiny nets": lambda: [Dense(2, "relu")],
    "nets of Dense layers": lambda: [Dense(512, "relu")],
    "nets of all layers": lambda: [Dense(512, "relu"), Dropout(0.5)],
}
LOSSES: dict = {
    "binary_crossentropy": lambda: Dense(1, "sigmoid"),
    "sparse_categorical_crossentropy": lambda: Dense(2, "softmax"),
    "mse": lambda: Dense(1),
}


def compile_kernels(dtypes):
    """Train, score and predict a few rows by each kind of net; print how long each took.

    dtypes  number formats: the kernels of each are compiled apart
    """
    for dtype in dtypes:
        config.float_type(dtype)  # what is no format is refused before any is compiled
    for dtype in dtypes:
        for what, hidden in NETS.items():
            began = time.perf_counter()
            for loss, last in LOSSES.items():
                use([*hidden(), last()], loss, dtype)
            print(f"{dtype}  {what:<20} {time.perf_counter() - began:6.1f} s", flush=True)
    from nnscratch.engines.fused import compiling

    print(f"The kernels are kept in {compiling.FOLDER}")


def use(stack, loss, dtype):
    """Train with Adam, evaluate and predict in the fused engine, however little there is."""
    model = models.Sequential([layers.Input((INPUTS,)), *stack], seed=0, dtype=dtype)
    model.compile("adam", loss, metrics=["accuracy"])
    x = np.random.default_rng(0).normal(size=(ROWS, INPUTS)).astype(dtype)
    y = np.arange(ROWS) % 2
    model.fit(x, y, verbose=0)
    model.evaluate(x, y, verbose=0)
    fused.predict(model, x, batch_size=ROWS)
