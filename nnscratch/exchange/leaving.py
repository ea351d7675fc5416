"""What of a model can leave nnscratch: its shapes, and the parts that nnscratch itself has.

Another library, or a file, has no place for code of the user's own.
"""

from nnscratch import activations, layers


def require_ready(model):
    """Refuse a model without layers, or one that has no weights yet."""
    if not model.layers:
        raise ValueError(f"model {model.name!r} has no layers, so there is nothing to export")
    model.output_shape  # noqa: B018  refuses in words, if the model is not built


def kind_of(what, thing, module, known, place):
    """The class name of a thing that ``known`` names and the module has; else a refusal.

    what   how to call the thing, such as "layer 'dense'"
    place  where it should go, such as "Keras"
    """
    kind = type(thing).__name__
    if kind in known and getattr(module, kind, None) is type(thing):
        return kind
    raise ValueError(
        f"{what} is of your own class {kind}, and {place} can only be given nnscratch's own:"
        f" {', '.join(known)}"
    )


def layer_kind(layer, known, place):
    """The class name of a layer that is one of nnscratch's own."""
    return kind_of(f"layer {layer.name!r}", layer, layers, known, place)


def activation_name(layer, known, place):
    """The name of a layer's activation, if it is one of nnscratch's own."""
    name = layer.activation.name
    if name in known and getattr(activations, name) is layer.activation:
        return name
    raise ValueError(
        f"layer {layer.name!r} has an activation of your own, {name!r}, and {place}"
        f" can only be given nnscratch's own: {', '.join(known)}"
    )
