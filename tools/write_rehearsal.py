"""Write the model that waiting conversion processes rehearse with: ``worker/rehearsal.h5``.

Run it with the Python of the tests, which has Keras, if the rehearsal should have other layers.
"""

from __future__ import annotations

from pathlib import Path

import keras

TARGET = Path(__file__).parents[1] / "tfjs_serve" / "worker" / "rehearsal.h5"


def main() -> None:
    """Save a small network of the layers that most models have."""
    layers = keras.layers
    model = keras.Sequential(
        [
            keras.Input((4, 4, 1)),
            layers.Conv2D(1, 2, activation="relu"),
            layers.BatchNormalization(),
            layers.Flatten(),
            layers.Dense(1, activation="softmax"),
        ],
        name="rehearsal",
    )
    model.save(TARGET, include_optimizer=False)


if __name__ == "__main__":
    main()
