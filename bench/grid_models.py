"""Small models that Keras has saved, no two of them alike."""

from __future__ import annotations

import warnings
from pathlib import Path

from tests.parity.grid.__main__ import keras_of
from tests.parity.grid.cases import nightly


def save_models(folder: Path, count: int) -> None:
    """Save `count` models of the parity grid, half of them ``.h5``, half ``.keras``.

    They are spread evenly over all of it.
    """
    warnings.simplefilter("ignore")
    keras = keras_of(3)
    cases = list(nightly(keras, "keras3"))
    saved = 0
    # Every so many-th case, then those after them, until there are enough: some cannot be built.
    stride = max(1, len(cases) // count)
    for index in (i for start in range(stride) for i in range(start, len(cases), stride)):
        if saved == count:
            break
        keras.backend.clear_session()
        path = folder / f"model_{saved:04}.{('h5', 'keras')[saved % 2]}"
        try:
            cases[index].build(keras).save(path)
        except Exception:  # noqa: BLE001 -- whatever Keras raises
            path.unlink(missing_ok=True)
            continue
        saved += 1
