"""The eleven models of the teaching notebook, and what is promised of each."""

from dataclasses import replace

from parity.cases.case import BEST_EPOCH, END_STATE, LAST_LOSS, LATE_LOSS, Case, Promise


def dense(*units, last=None, hidden="relu"):
    """Dense layers of so many units; the last one has another activation."""
    *inner, outer = units
    layers = [("Dense", (width,), {"activation": hidden}) for width in inner]
    return (*layers, ("Dense", (outer,), {"activation": last}))


def images(*units):
    """The same behind a Flatten of 28 x 28 pixels, ending in a softmax."""
    shape = ("Input", ((28, 28),), {})
    return (shape, ("Flatten", (), {}), *dense(*units, last="softmax"))


BCE = ("BinaryCrossentropy", {})
SCCE = ("SparseCategoricalCrossentropy", {})
ADAM = ("Adam", {})
SGD = ("SGD", {})
SPEC = "seven seeds, measured against tf.keras 2.21 and 2.17, times about 10"

WELL_BEHAVED = {
    "float64": Promise(loss=1e-12, weights=1e-12, steps=400, source=SPEC),
    "float32": Promise(loss=5e-6, source=SPEC + "; seed 42, where no ReLU flips"),
}
BISTABLE = {
    "float64": Promise(
        loss=1e-12,
        epochs=1,
        weights=1e-12,
        steps=40,
        floor=True,
        source="an error grows 500 to 10,000 times when a sample nears the clip",
    ),
    "float32": Promise(
        loss=1e-4,
        epochs=0,
        weights=1e-4,
        steps=10,
        floor=True,
        endings={END_STATE: 0.01},
        source="the same growth, from 1e-7; 40 of 42 trainings ended within 0.2 % of a state",
    ),
}

# The share of runs that collapse is 0.2 to 0.33. Of two equal machines whose runs have nothing
# else in common, 20 seeds would prove shares within 0.25 in 6 to 26 of 100 comparisons. With
# 100 seeds it is 96 to 99, and 94 if the share is 0.5, where it scatters most. The 0.33 is that
# of the eager engine in float32, where Keras has 0.23, and 0.29 without oneDNN.
TO_COUNT_A_SHARE = 100

SWEPT = {LAST_LOSS: 0.02, LATE_LOSS: 0.2}  # the end of m6, where its rate is up to 9

MODELS = [
    Case(
        name="m1",
        why="one linear unit under cross-entropy: the clip, and its gradient of exactly zero",
        layers=dense(1),
        loss=BCE,
        optimizer=SGD,
        data="circles",
        fits=(5, 199),
        promises=BISTABLE
        | {
            "float64": replace(
                BISTABLE["float64"],
                steps=10,
                source="at step 11 Keras departs from itself by 1.2e-12, XLA on or off",
            )
        },
        margins={"share collapsed": 0.25, "accuracy": 0.03},
        seeds=TO_COUNT_A_SHARE,
    ),
    Case(
        name="m2",
        why="two linear layers are no better than one, and no tamer",
        layers=dense(1, 1, hidden=None),
        loss=BCE,
        optimizer=SGD,
        data="circles",
        fits=(100,),
        promises=BISTABLE,
        margins={"share collapsed": 0.25, "accuracy": 0.03},
        seeds=TO_COUNT_A_SHARE,
    ),
    Case(
        name="m3",
        why="1,321 parameters, all linear, with Adam",
        layers=dense(100, 10, 1, hidden=None),
        loss=BCE,
        optimizer=ADAM,
        data="circles",
        fits=(100,),
        promises={
            "float64": Promise(
                1e-10,
                epochs=50,
                accuracy=0.001,
                weights=1e-10,
                steps=400,
                floor=True,
                source=SPEC,
            ),
            "float32": Promise(2e-5, accuracy=0.002, source=SPEC + "; two samples of 1,000"),
        },
    ),
    Case(
        name="m3r",
        why="regression on a line, mean absolute error",
        layers=dense(100, 10, 1, hidden=None),
        loss=("MeanAbsoluteError", {}),
        optimizer=ADAM,
        data="line",
        fits=(100,),
        promises=WELL_BEHAVED,
        metrics=("mae",),
    ),
    Case(
        name="m4",
        why="ReLUs and a sigmoid: the first net that can learn the circles",
        layers=dense(10, 5, 1, last="sigmoid"),
        loss=BCE,
        optimizer=ADAM,
        data="circles",
        fits=(100,),
        promises=WELL_BEHAVED,
    ),
    Case(
        name="m5",
        why="a learning rate ten times as high, on the first 800 rows",
        layers=dense(10, 5, 1, last="sigmoid"),
        loss=BCE,
        optimizer=("Adam", {"learning_rate": 0.01}),
        data="circles-800",
        fits=(25,),
        promises=WELL_BEHAVED,
        validate=True,
    ),
    Case(
        name="m6",
        why="the learning rate climbs from 1e-4 to 9 through a callback: chaos at the end",
        layers=dense(4, 4, 1, last="sigmoid"),
        loss=BCE,
        optimizer=ADAM,
        data="circles-800",
        fits=(100,),
        rate=lambda epoch: 1e-4 * 10 ** (epoch / 20),
        promises={
            "float64": Promise(
                1e-12,
                epochs=50,
                weights=1e-12,
                steps=400,
                floor=True,
                endings={BEST_EPOCH: 0.0} | SWEPT,
                source=SPEC + "; the rate is 0.03 by epoch 50",
            ),
            "float32": Promise(1e-5, epochs=45, floor=True, endings=SWEPT, source=SPEC),
        },
        margins={"loss": 0.05, "late loss": 0.2, "accuracy": 0.05},
    ),
    Case(
        name="m7",
        why="the rate that the sweep suggests, 0.02",
        layers=dense(4, 4, 1, last="sigmoid"),
        loss=BCE,
        optimizer=("Adam", {"learning_rate": 0.02}),
        data="circles-800",
        fits=(20,),
        promises=WELL_BEHAVED | {"float32": Promise(1e-5, source=SPEC)},
        validate=True,
    ),
    Case(
        name="m8",
        why="raw pixels 0..255 into four units: badly scaled, and chaotic",
        layers=images(4, 4, 10),
        loss=SCCE,
        optimizer=ADAM,
        data="fashion-raw",
        fits=(10,),
        promises={
            "float64": Promise(
                1e-11,
                epochs=0,
                weights=1e-11,
                steps=400,
                floor=True,
                source=SPEC + "; later it depends on the seed",
            ),
            "float32": Promise(
                0.15,
                epochs=3,
                accuracy=None,
                weights=1e-5,
                steps=400,
                loose=True,
                floor=True,
                source=(
                    "chaotic from step 600 on; loss: 0.14 was measured at seed 42. Accuracy:"
                    " over eleven seeds Keras comes 0.134 from itself (no oneDNN; XLA 0.114),"
                    " eager 0.102 and fused 0.105 from Keras, so that floor and Gate 3 decide"
                ),
            ),
        },
        validate=True,
        margins={"loss": 0.05, "accuracy": 0.05},
    ),
    Case(
        name="m9",
        why="the same pixels scaled to 0..1, and a climbing learning rate",
        layers=images(4, 4, 10),
        loss=SCCE,
        optimizer=ADAM,
        data="fashion",
        fits=(40,),
        rate=lambda epoch: 1e-3 * 10 ** (epoch / 20),
        promises={
            "float64": Promise(
                1e-12,
                epochs=30,
                weights=1e-12,
                steps=400,
                floor=True,
                source=SPEC + "; it leaves 1e-12 at epoch 38",
            ),
            "float32": Promise(
                5e-6,
                epochs=20,
                accuracy=1e-4,
                floor=True,
                source=SPEC + "; it leaves 5e-6 at epoch 27",
            ),
        },
        validate=True,
    ),
    Case(
        name="m10",
        why="the notebook's last net, 784-100-50-10",
        layers=images(100, 50, 10),
        loss=SCCE,
        optimizer=ADAM,
        data="fashion",
        fits=(50,),
        promises={
            "float64": Promise(
                1e-12, epochs=10, weights=1e-12, steps=400, floor=True, source=SPEC
            ),
            "float32": Promise(
                0.15,
                epochs=50,
                accuracy=0.01,
                weights=1e-5,
                steps=150,
                loose=True,
                floor=True,
                source="a ReLU flips at step 182 of seed 42; 7e-2 was measured over 50 epochs",
            ),
        },
        validate=True,
        margins={"loss": 0.02, "accuracy": 0.005},
    ),
]

IMAGES = ("m8", "m9", "m10")  # the cases that train on all of Fashion-MNIST
ONE_EPOCH = dict.fromkeys(IMAGES, 1)
