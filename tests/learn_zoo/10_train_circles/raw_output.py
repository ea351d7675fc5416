# kind: output not a probability
import nnscratch as nn


def train(x, y):
    nn.utils.set_random_seed(3)
    model = nn.Sequential([nn.layers.Dense(10, "relu"), nn.layers.Dense(1, "relu")])
    model.compile(nn.optimizers.Adam(0.01), "binary_crossentropy", run_eagerly=True)
    model.fit(x, y, epochs=5, verbose=0)
    return model
