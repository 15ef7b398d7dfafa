"""Write the files that ``digests.py`` converts: all models that the parity tests know.

The weights depend on nothing but the case. A ``.keras`` file holds the date of its saving, so its
bytes are others each time.
"""

from __future__ import annotations

import gc
import json
import shutil
import sys
import warnings
import zipfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT)]

from digests_damage import write_damaged
from digests_taking import ENDINGS, models_in

from tests.parity.cases import EVERY_CASE, KERAS3, refused_cases_of
from tests.parity.cases.case import Case, randomise_weights
from tests.parity.grid.__main__ import keras_of
from tests.parity.grid.cases import nightly
from tests.parity.grid.run import FORMATS
from tests.parity.grid.settings import NotForThisSettingError

UNSAVED = "unsaved.json"
DAMAGED_EVERY = 3
"""Of one in so many models there is a damaged copy, too."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """A model to be built.

    Attributes
    ----------
    name
        Of its files, in the corpus and without the ending.
    prepare
        Gives the model's weights their values.
    """

    name: str
    build: Callable[[Any], Any]
    prepare: Callable[[Any], None] = field(default=lambda _model: None)


def recipes(keras: Any, grid_every: int) -> Iterator[Recipe]:
    """Yield the models that Keras 3 builds."""
    yield from (_of_case(case) for case in EVERY_CASE if KERAS3 in case.dialects)
    for refused in refused_cases_of(KERAS3):
        yield Recipe(name=f"refused/{refused.id}", build=refused.build)
    for case in list(nightly(keras, KERAS3))[::grid_every]:
        prepare = partial(case.prepare, case.id)
        yield Recipe(name=f"grid/{case.id}", build=case.build, prepare=prepare)


def _of_case(case: Case) -> Recipe:
    prepare = partial(randomise_weights, case)
    return Recipe(name=f"cases/{case.id}", build=case.build, prepare=prepare)


def write(folder: Path, grid_every: int) -> tuple[int, dict[str, str]]:
    """Fill `folder`, which must be new or empty.

    Returns
    -------
    Number of models written, and why the others could not be, by name.
    """
    folder.mkdir(parents=True, exist_ok=True)
    if any(folder.iterdir()):
        raise SystemExit(f"{folder} is not empty")
    _copy_fixtures(folder / "fixtures")
    _copy_samples(folder / "samples")
    keras = keras_of(3)
    _leave_keras_alone()
    unsaved = dict(_unsaved(keras, recipes(keras, grid_every), folder))
    _damage(folder)
    (folder / UNSAVED).write_text(json.dumps(unsaved, indent=1, sort_keys=True))
    return len(models_in(folder)), unsaved


def _copy_fixtures(folder: Path) -> None:
    for path in sorted((ROOT / "tests" / "fixtures").glob("*.zip")):
        with zipfile.ZipFile(path) as archive:
            names = [name for name in archive.namelist() if name.endswith(ENDINGS)]
            archive.extractall(folder / path.stem, names)


def _copy_samples(folder: Path) -> None:
    samples = ROOT / "sample_models"
    for path in models_in(samples):
        copy = folder / path.relative_to(samples)
        copy.parent.mkdir(parents=True, exist_ok=True)
        (shutil.copytree if path.is_dir() else shutil.copyfile)(path, copy)


def _damage(folder: Path) -> None:
    files = [path for path in models_in(folder) if path.is_file()]
    for path in files[::DAMAGED_EVERY]:
        name = path.relative_to(folder).as_posix()
        target = folder / "damaged" / name
        target.parent.mkdir(parents=True, exist_ok=True)
        write_damaged(path, target, name)


def _leave_keras_alone() -> None:
    """Keep the garbage collector, which each new model calls, from looking through Keras."""
    gc.collect()
    gc.freeze()


def _unsaved(keras: Any, models: Iterable[Recipe], folder: Path) -> Iterator[tuple[str, str]]:
    """Save each model in each format; yield names and reasons of those that Keras cannot save."""
    for recipe in models:
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            try:
                model = _built(keras, recipe)
            except NotForThisSettingError:
                continue  # no case: the grid's combination of a layer and a setting has no meaning
            except Exception as error:  # noqa: BLE001 -- whatever Keras raises
                yield recipe.name, f"not built: {_one_line(error)}"
                continue
            yield from _saved(model, folder / recipe.name, recipe.name)


def _built(keras: Any, recipe: Recipe) -> Any:
    keras.backend.clear_session()
    keras.utils.set_random_seed(0)
    model = recipe.build(keras)
    recipe.prepare(model)
    return model


def _saved(model: Any, path: Path, name: str) -> Iterator[tuple[str, str]]:
    path.parent.mkdir(exist_ok=True)
    for ending in FORMATS:
        file = path.with_name(f"{path.name}.{ending}")
        assert not file.exists(), f"two cases are called {name}"
        try:
            model.save(file)
        except Exception as error:  # noqa: BLE001 -- whatever Keras raises
            file.unlink(missing_ok=True)
            yield f"{name}.{ending}", f"not saved: {_one_line(error)}"


def _one_line(error: Exception) -> str:
    return " ".join(f"{type(error).__name__}: {error}".split())[:300]
