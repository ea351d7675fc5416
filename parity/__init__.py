"""Proof that nnscratch and tf.keras are the same machine: ``python -m parity``.

cases/              what is compared, as data: networks, trainings, promises
keras_reference.py  Keras's side, each recording in a process of its own
engines.py          nnscratch's side: which engines there are, and one update at a time
gates.py            four gates, from equal bits to equal statistics; results.py: their lines
seeds.py            ... of which this is the last
run.py              a whole run of them
report.py           the table, the page and the JSON file
golden.py           the recording of Keras that the tests replay without TensorFlow
own_model.py        the same gates on a Keras model of your own
mirror.py           ... of which this makes the nnscratch twin, and copies.py the copies
"""


def check(*args, **options):
    """Gates 1 and 2 on a tf.keras model of your own; see ``own_model.check``."""
    from parity import own_model

    return own_model.check(*args, **options)
