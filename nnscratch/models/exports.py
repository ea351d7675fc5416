"""What a model can become outside nnscratch; each method hands on to ``exchange``."""

from os import PathLike
from typing import Any


class Exports:
    """The methods of ``Sequential`` that write a model for other libraries."""

    def to_keras(self) -> Any:
        """The keras.Sequential in the same state, to the bit, as ``nn.from_keras`` reads it.

        Layers with their names and weights, number format, loss, metrics, the optimizer with
        its state, Dropout's seeds and how many masks were drawn. History, the number of epochs
        and the seed of the row order have no place in Keras and stay behind.

        Raises ValueError, in one sentence, for a part of your own, and ModuleNotFoundError
        without Keras. Warns where Keras's floatx is not the model's number format.
        """
        from nnscratch.exchange import to_keras

        return to_keras.sequential(self)

    def to_onnx(self, path: str | PathLike[str], *, input_dtype: str | None = None) -> None:
        """Write the trained network as an ONNX file (operator set 13); needs the package onnx.

        Its input "x" has the shape (rows, ...), its output "y" (rows, O), for any number of
        rows. Dropout does nothing there.

        input_dtype  what x is made of, such as "uint8" for pixels; None: the model's own format

        Raises ValueError, in one sentence, for a layer or activation of your own, and
        ModuleNotFoundError without onnx.
        """
        from nnscratch.exchange import onnx

        onnx.write(self, path, input_dtype)

    def to_numpy_source(self, path: str | PathLike[str] | None = None) -> str:
        """The trained network as Python source that needs NumPy alone, with a ``predict(x)``.

        Run as a program it predicts the rows of a .csv or .npy file.

        path  also write the source into this file

        Raises ValueError, in one sentence, for a layer or activation of your own.
        """
        from nnscratch.exchange import numpy_source

        return numpy_source.of(self, path)
