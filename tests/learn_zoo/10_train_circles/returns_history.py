# kind: not a model
import nnscratch as nn


def train(x, y):
    model = nn.Sequential([nn.layers.Dense(10, "relu"), nn.layers.Dense(1, "sigmoid")])
    model.compile("adam", "binary_crossentropy", run_eagerly=True)
    return model.fit(x, y, epochs=1, verbose=0)
