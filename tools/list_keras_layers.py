"""Write down which layers the installed Keras has: ``python tools/list_keras_layers.py``.

Run it in an environment with ``keras`` (Keras 3), and again in one with ``tf_keras`` (Keras 2);
each run replaces its own part of ``keras_layers.json``, from which the support table is made.
"""

from __future__ import annotations

import importlib
import importlib.util
import inspect
import json
from pathlib import Path

RECORD = Path(__file__).with_name("keras_layers.json")
PACKAGES = {"3": "keras", "2": "tf_keras"}
_NOT_LAYERS = frozenset({"Layer", "Wrapper", "InputSpec", "AbstractRNNCell"})


def layers_of(package: str) -> list[str]:
    """Return the names of the layer classes that a Keras exports."""
    layers = importlib.import_module(f"{package}.layers")
    found = set()
    for module in (layers, getattr(layers, "experimental", None)):
        for _, value in inspect.getmembers(module, inspect.isclass):
            # Files have the name of the class itself, not those that it is exported under too.
            if issubclass(value, layers.Layer) and value.__name__ not in _NOT_LAYERS:
                found.add(value.__name__)
    return sorted(found)


def main() -> None:
    """Replace what the installed packages say."""
    record = json.loads(RECORD.read_text()) if RECORD.is_file() else {}
    for generation, package in PACKAGES.items():
        if importlib.util.find_spec(package) is not None:
            version = importlib.import_module(package).__version__
            record[generation] = {"version": version, "layers": layers_of(package)}
    RECORD.write_text(json.dumps(record, indent=1, sort_keys=True) + "\n")


if __name__ == "__main__":
    main()
