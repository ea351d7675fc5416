"""Models from and to other libraries: what they are, what they learned, where they stand.

    keras_names.py   what Keras and nnscratch both have, by name
    from_keras.py    a keras.Sequential as one of nnscratch
    to_keras.py      the way back
    onnx.py          the trained network as an ONNX file
    numpy_source.py  the trained network as a Python file that needs NumPy only
    leaving.py       what of a model can leave, for the last three

Users call these as ``nn.from_keras`` and as methods of a model, which hands itself in: nothing
here imports ``models``. What cannot be exchanged is refused in one sentence that says where it
stands.
"""
