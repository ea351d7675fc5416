# kind: learning rate too high
import nnscratch as nn


def train(x, y):
    model = nn.Sequential(
        [
            nn.layers.Dense(10, "relu"),
            nn.layers.Dense(5, "relu"),
            nn.layers.Dense(1, "sigmoid"),
        ],
        seed=42,
    )
    model.compile(nn.optimizers.Adam(3.0), "binary_crossentropy", run_eagerly=True)
    model.fit(x, y, epochs=20, verbose=0)
    return model
