"""Convert 1,000 small models with one command; print its time and peak memory.

    python bench/many_models.py [--count 1000] [--keras 3]

The models are cases of the parity grid, spread evenly over all of it, so that no two are alike;
half of them are ``.h5``, half ``.keras``.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import warnings
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "bench")]

from measuring import conversion

from tests.parity.grid.__main__ import keras_of
from tests.parity.grid.cases import nightly


def save_models(keras: Any, dialect: str, folder: Path, count: int) -> int:
    """Save `count` models of the grid; return their size in bytes."""
    cases = list(nightly(keras, dialect))
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
    return sum(path.stat().st_size for path in folder.iterdir())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--keras", type=int, choices=(2, 3), default=3)
    parser.add_argument("--count", type=int, default=1000)
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    with tempfile.TemporaryDirectory() as workspace:
        models, out = Path(workspace, "models"), Path(workspace, "out")
        models.mkdir()
        keras = keras_of(options.keras)
        size_bytes = save_models(keras, f"keras{options.keras}", models, options.count)
        cost = conversion(models, out, "--cache-dir", Path(workspace, "cache"))
        converted = len(list(out.rglob("model.json")))
        print(f"{options.count} models of {size_bytes / 1e6:.1f} MB in all")
        print(f"{converted} converted, {options.count - converted} refused")
        print(f"{cost.seconds:.1f} s, peak memory {cost.peak_bytes / 1e6:.0f} MB")


if __name__ == "__main__":
    main()
