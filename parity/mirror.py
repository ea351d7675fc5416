"""The nnscratch model that equals a tf.keras one, as ``nn.from_keras`` makes it.

mirror      a keras.Sequential -> an nn.Sequential in the same state
copy_state  the state alone, into a mirror made before
parts       our layers and our arguments of compile, alone
"""

from nnscratch import from_keras as mirror
from nnscratch.exchange import from_keras
from nnscratch.exchange.from_keras import copy_state, number_format

__all__ = ["copy_state", "mirror", "number_format", "parts"]

# How the copies run. It is no part of an exchange, but under XLA Keras draws other masks.
PLAIN = {"jit_compile": False, "steps_per_execution": 1}


def parts(theirs):
    """Our layers, and our arguments of compile or None, for a model that is built or not.

    Raises ValueError for what nnscratch lacks, and for a model that runs in another way.
    """
    found = from_keras.parts(theirs)
    config = theirs._compile_config.config if theirs.compiled else {}
    for name, plain in PLAIN.items():
        if config.get(name, plain) != plain:
            raise from_keras.lacking(f"the model {theirs.name!r}", f"has {name}={config[name]}")
    return found
