"""The hooks of a callback, the list that calls them in order, and the record of a training."""

import copy
from collections.abc import Callable
from typing import Any, TypeAlias

from nnscratch import checks, views

Logs: TypeAlias = dict[str, Any] | None


class Callback:
    """Base of every callback: subclass it and override the hooks you need.

    ``self.model`` is the model, ``self.params`` a dict with ``verbose``, ``epochs`` and
    ``steps``. ``epoch`` and ``batch`` count from 0. ``logs`` maps names such as ``"loss"`` and
    ``"val_accuracy"`` to floats; all callbacks of a training get the same dict, so what one
    adds at the end of an epoch the later ones see.

    A batch-level hook is called after every single batch. The fused engine cannot stop there,
    so overriding one sends the training through the slower eager engine.
    """

    model: Any = None
    params: Any = None
    state_names: tuple[str, ...] = ()  # the attributes that a resumed training must get back
    comes_last = False  # whether it must see what all other callbacks made of an epoch

    def set_model(self, model: Any) -> None:
        """Remember the model; called before any hook."""
        self.model = model

    def set_params(self, params: dict[str, Any]) -> None:
        """Remember what the training was asked for; called before any hook."""
        self.params = params

    def set_list(self, callback_list: "CallbackList") -> None:
        """Remember, if need be, who else is called; called before any hook."""

    def get_state(self) -> dict[str, Any]:
        """Return this callback's counters: a dict of JSON values and NumPy arrays."""
        return {name: copy.deepcopy(getattr(self, name)) for name in self.state_names}

    def set_state(self, state: dict[str, Any]) -> None:
        """Take what `get_state` gave; call it after ``on_train_begin``, which resets it."""
        for name in self.state_names:
            setattr(self, name, copy.deepcopy(state[name]))

    def overrides(self, hook: str) -> bool:
        """Whether this callback does anything in the hook of that name."""
        method = getattr(self, hook)  # a plain function where LambdaCallback has set one
        return getattr(method, "__func__", method) is not getattr(Callback, hook)

    def on_train_begin(self, logs: Logs = None) -> None:
        """Called once, when ``fit`` begins."""

    def on_train_end(self, logs: Logs = None) -> None:
        """Called once, when ``fit`` ends; ``logs`` are those of the last epoch."""

    def on_epoch_begin(self, epoch: int, logs: Logs = None) -> None:
        """Called before each epoch."""

    def on_epoch_end(self, epoch: int, logs: Logs = None) -> None:
        """Called after each epoch and its validation."""

    def on_train_batch_begin(self, batch: int, logs: Logs = None) -> None:
        """Called before each batch of ``fit``."""
        self.on_batch_begin(batch, logs)

    def on_train_batch_end(self, batch: int, logs: Logs = None) -> None:
        """Called after each batch of ``fit``; ``logs`` are the epoch's means so far."""
        self.on_batch_end(batch, logs)

    def on_batch_begin(self, batch: int, logs: Logs = None) -> None:
        """Keras's older name of ``on_train_batch_begin``."""

    def on_batch_end(self, batch: int, logs: Logs = None) -> None:
        """Keras's older name of ``on_train_batch_end``."""

    def on_test_begin(self, logs: Logs = None) -> None:
        """Called when ``evaluate`` or a validation begins."""

    def on_test_end(self, logs: Logs = None) -> None:
        """Called when ``evaluate`` or a validation ends."""

    def on_test_batch_begin(self, batch: int, logs: Logs = None) -> None:
        """Called before each batch of ``evaluate`` or of a validation."""

    def on_test_batch_end(self, batch: int, logs: Logs = None) -> None:
        """Called after each batch of ``evaluate`` or of a validation."""

    def on_predict_begin(self, logs: Logs = None) -> None:
        """Called when ``predict`` begins."""

    def on_predict_end(self, logs: Logs = None) -> None:
        """Called when ``predict`` ends."""

    def on_predict_batch_begin(self, batch: int, logs: Logs = None) -> None:
        """Called before each batch of ``predict``."""

    def on_predict_batch_end(self, batch: int, logs: Logs = None) -> None:
        """Called after each batch of ``predict``."""


HOOKS = tuple(name for name in vars(Callback) if name.startswith("on_"))


class History(Callback):
    """The record that ``fit`` returns, fresh for every fit.

    ``history`` maps each name in the logs to its list of values, in the order in which the
    names came; ``epoch`` lists the epochs' indices. A notebook shows it as a table of small
    curves; ``nn.plots.history`` draws large ones.
    """

    state_names = ("history", "epoch")

    def __init__(self) -> None:
        self.history: dict[str, list[Any]] = {}
        self.epoch: list[int] = []

    def on_train_begin(self, logs=None):
        """Start empty, and become ``model.history``."""
        self.history = {}
        self.epoch = []
        self.model.history = self

    def on_epoch_end(self, epoch, logs=None):
        """Append this epoch's values."""
        self.epoch.append(epoch)
        for name, value in (logs or {}).items():
            self.history.setdefault(name, []).append(value)

    def __repr__(self):
        return f"<History: {len(self.epoch)} epochs of {', '.join(self.history) or 'nothing'}>"

    def _repr_html_(self):
        return views.history(self.history, len(self.epoch))


class LambdaCallback(Callback):
    """A callback made of functions: ``LambdaCallback(on_epoch_end=lambda epoch, logs: ...)``.

    Any other hook of `Callback` can be given by its name too. Raises TypeError for a hook that
    there is not, and for what is no function.
    """

    def __init__(
        self,
        on_epoch_begin: Callable[..., Any] | None = None,
        on_epoch_end: Callable[..., Any] | None = None,
        on_train_begin: Callable[..., Any] | None = None,
        on_train_end: Callable[..., Any] | None = None,
        on_train_batch_begin: Callable[..., Any] | None = None,
        on_train_batch_end: Callable[..., Any] | None = None,
        **other_hooks: Callable[..., Any] | None,
    ):
        hooks = {
            "on_epoch_begin": on_epoch_begin,
            "on_epoch_end": on_epoch_end,
            "on_train_begin": on_train_begin,
            "on_train_end": on_train_end,
            "on_train_batch_begin": on_train_batch_begin,
            "on_train_batch_end": on_train_batch_end,
            **other_hooks,
        }
        for name, function in hooks.items():
            _check_hook(name, function)
            if function is not None:
                setattr(self, name, function)


def _check_hook(name, function):
    if name not in HOOKS:
        raise TypeError(
            f"LambdaCallback has no hook {name!r}.{checks.did_you_mean(name, HOOKS)}\n"
            f"The hooks are: {', '.join(HOOKS)}."
        )
    if function is not None and not callable(function):
        raise TypeError(
            f"LambdaCallback: {name} must be a function but is {function!r}"
            f" ({type(function).__name__})."
        )


class CallbackList(Callback):
    """Calls each of its callbacks in order: ``callbacks.on_epoch_end(epoch, logs)``.

    ``callbacks`` is one callback or a list, which may hold further lists. ``add_history`` puts
    a `History` at the end (behind all that add to the logs) unless one is there already; it is
    the attribute ``history``. The remaining keywords become ``params``. Raises TypeError for
    what is no callback, ValueError for ``add_progbar``, as ``fit`` itself shows one.
    """

    def __init__(
        self,
        callbacks: Any = None,
        add_history: bool = False,
        add_progbar: bool = False,
        model: Any = None,
        **params: Any,
    ):
        if add_progbar:
            raise ValueError(
                "CallbackList cannot add a progress bar: in nnscratch fit itself shows one.\n"
                "Leave add_progbar out, and use fit(verbose=1)."
            )
        self.callbacks = _flatten(callbacks)
        if add_history and not any(isinstance(each, History) for each in self.callbacks):
            self.callbacks.append(History())
        self.callbacks.sort(key=lambda each: each.comes_last)
        self.history = next(
            (each for each in self.callbacks if isinstance(each, History)), None
        )
        self.training: Any = None  # what fit trains on, where a callback has to know it
        if model is not None:
            self.set_model(model)
        self.set_params(params)
        for callback in self.callbacks:
            callback.set_list(self)

    def set_model(self, model: Any) -> None:
        """Give each callback the model."""
        self.model = model
        for callback in self.callbacks:
            callback.set_model(model)

    def set_params(self, params: dict[str, Any]) -> None:
        """Give each callback the parameters."""
        self.params = params
        for callback in self.callbacks:
            callback.set_params(params)

    @property
    def wants_train_batches(self) -> str:
        """Which callback must be called around each batch of ``fit``, in words; "" if none."""
        return self._wants(
            "on_train_batch_begin", "on_train_batch_end", "on_batch_begin", "on_batch_end"
        )

    @property
    def wants_test_batches(self) -> str:
        """The same for the batches of ``evaluate``."""
        return self._wants("on_test_batch_begin", "on_test_batch_end")

    @property
    def wants_predict_batches(self) -> str:
        """The same for the batches of ``predict``."""
        return self._wants("on_predict_batch_begin", "on_predict_batch_end")

    def _wants(self, *hooks):
        overridden = (
            f"the callback {type(each).__name__} has {hook}, which is called every batch"
            for each in self.callbacks
            for hook in hooks
            if each.overrides(hook)
        )
        return next(overridden, "")


def _call_each(hook):
    def call_with_index(self, index, logs=None):
        for callback in self.callbacks:
            getattr(callback, hook)(index, logs)

    def call(self, logs=None):
        for callback in self.callbacks:
            getattr(callback, hook)(logs)

    called = call_with_index if "epoch" in hook or "batch" in hook else call
    called.__doc__ = f"Call ``{hook}`` of each callback."
    return called


for _hook in HOOKS:
    setattr(CallbackList, _hook, _call_each(_hook))


def _flatten(given):
    if given is None:
        return []
    if isinstance(given, CallbackList):
        return list(given.callbacks)
    if isinstance(given, (list, tuple)):
        return [callback for item in given for callback in _flatten(item)]
    if isinstance(given, Callback):
        return [given]
    raise TypeError(
        f"callbacks must hold objects of nn.callbacks.Callback but holds {given!r}.\n"
        + _how_to_make_a_callback(given)
    )


def _how_to_make_a_callback(given):
    if isinstance(given, type):
        return f"That is a class; make an object of it: {given.__name__}(...)."
    if callable(given):
        return "Wrap a function like this: nn.callbacks.LambdaCallback(on_epoch_end=function)."
    return "Subclass nn.callbacks.Callback, or use the class of that name in nn.callbacks."
