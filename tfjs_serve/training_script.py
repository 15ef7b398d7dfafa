"""``training.js``: Keras's optimizers, learning rate schedules, losses and metrics for pages.

A page that loads it before a model with Keras's training settings evaluates and trains the model
with Keras's numbers. Its sources are in ``browser/training``; a page gets all of them.
"""

from __future__ import annotations

from tfjs_serve import packed_scripts
from tfjs_serve.packed_scripts import TRAINING, Script

PACKAGE = "tfjs-serve/training.js"
"""Package of its classes, so that TF.js's error about an unknown one names the file to load."""
SCRIPT_NAME = TRAINING.script_name
MODULE_NAME = TRAINING.module_name
TYPES_NAME = TRAINING.types_name


def whole_script() -> Script:
    """Return the script."""
    return packed_scripts.whole_script(TRAINING)


def module(script_name: str) -> str:
    """Return the ES module that loads the script beside it, and exports what it offers."""
    return packed_scripts.module(TRAINING, script_name)


def types() -> str:
    """Return the declarations for TypeScript of what the module exports."""
    return packed_scripts.types(TRAINING)
