"""What nnscratch and Keras both have: {class name: its options, by Keras's names}."""

LAYERS = {
    "Dense": ("units", "activation", "use_bias", "kernel_initializer", "bias_initializer"),
    "Flatten": (),
    "Activation": ("activation",),
    "Dropout": ("rate", "seed"),
    "Rescaling": ("scale", "offset"),
}
LOSSES = {
    "BinaryCrossentropy": ("from_logits", "label_smoothing", "reduction"),
    "CategoricalCrossentropy": ("from_logits", "label_smoothing", "reduction"),
    "SparseCategoricalCrossentropy": ("from_logits", "reduction"),
    "MeanAbsoluteError": ("reduction",),
    "MeanSquaredError": ("reduction",),
}
METRICS = {
    "BinaryAccuracy": ("threshold",),
    "CategoricalAccuracy": (),
    "SparseCategoricalAccuracy": (),
    "MeanAbsoluteError": (),
    "MeanSquaredError": (),
    "Precision": ("thresholds", "class_id"),
    "Recall": ("thresholds", "class_id"),
    "F1Score": ("average", "threshold"),
}
CLIPPING = ("clipnorm", "clipvalue")
OPTIMIZERS = {
    "SGD": ("momentum", "nesterov", *CLIPPING),
    "Adam": ("beta_1", "beta_2", "epsilon", *CLIPPING),
    "RMSprop": ("rho", "momentum", "epsilon", "centered", *CLIPPING),
}
COSINE = ("initial_learning_rate", "decay_steps", "alpha", "warmup_target", "warmup_steps")
SCHEDULES = {
    "ExponentialDecay": ("initial_learning_rate", "decay_steps", "decay_rate", "staircase"),
    "CosineDecay": COSINE,
}
ACTIVATIONS = ("linear", "relu", "leaky_relu", "sigmoid", "softmax", "tanh")

# Names that Keras resolves by what it is trained on, as we do.
ACCURACIES = ("accuracy", "acc")

# Our name for a piece of an optimizer's state, and the attribute that holds it in Keras.
STATE_NAMES = {
    "SGD": {"velocity": "momentums"},
    "Adam": {"m": "_momentums", "v": "_velocities"},
    "RMSprop": {"v": "_velocities", "mean": "_average_gradients", "velocity": "_momentums"},
}


def state_variables(optimizer):
    """{our name of a piece of state: Keras's variables, one for each weight array}."""
    names = STATE_NAMES[type(optimizer).__name__]
    found = {ours: getattr(optimizer, theirs, None) for ours, theirs in names.items()}
    return {name: variables for name, variables in found.items() if variables}


def import_keras(what):
    """The module keras, running on TensorFlow or not; without one, a sentence of what to do."""
    try:
        import keras
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            f"{what} needs Keras: pip install 'nnscratch[parity]'", name=error.name
        ) from None
    return keras
