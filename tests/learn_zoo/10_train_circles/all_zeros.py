# kind: all units alike
import nnscratch as nn


def train(x, y):
    model = nn.Sequential(
        [
            nn.layers.Dense(10, "tanh", kernel_initializer="ones"),
            nn.layers.Dense(1, "sigmoid", kernel_initializer="zeros"),
        ]
    )
    model.compile(nn.optimizers.Adam(0.01), "binary_crossentropy", run_eagerly=True)
    model.fit(x, y, epochs=20, verbose=0)
    return model
