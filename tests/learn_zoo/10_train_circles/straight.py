# kind: no bend
import nnscratch as nn


def train(x, y):
    model = nn.Sequential(
        [nn.layers.Dense(20), nn.layers.Dense(10), nn.layers.Dense(1, "sigmoid")]
    )
    model.compile(nn.optimizers.Adam(0.01), "binary_crossentropy", run_eagerly=True)
    model.fit(x, y, epochs=20, verbose=0)
    return model
