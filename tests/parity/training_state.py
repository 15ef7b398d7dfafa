"""A Keras optimizer's settings and state, as a model.json for ``training.js`` has them."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np

from .node import Array

NOT_SLOTS = ("_trainable_variables", "_variables", "_metrics")
LAST = ("accumulated_gradients", "model_variables_moving_average")


def written(optimizer: Any) -> dict[str, Any]:
    """Return the settings as a model.json has them: plain, with a schedule as class and config."""
    config = dict(optimizer.get_config())
    if isinstance(config["learning_rate"], dict):
        config["learning_rate"] = {
            key: config["learning_rate"][key] for key in ("class_name", "config")
        }
    return config


def array(variable: Any) -> Array:
    return np.array(keras.ops.convert_to_numpy(variable))


def state_of(optimizer: Any, count: int) -> list[Array]:
    """Return Keras's state in the order that training.js reads: iterations, scalars, slots."""
    own = [variable for variable in optimizer.variables if "learning_rate" not in variable.name]
    lists = slot_lists(optimizer, count)
    listed = {id(variable) for slots in lists for variable in slots}
    scalars = [variable for variable in own[1:] if id(variable) not in listed]
    ordered = [*scalars, *(variable for slots in lists for variable in slots)]
    return [array(optimizer._iterations).astype("int32"), *map(array, ordered)]


def slot_lists(optimizer: Any, count: int) -> list[list[Any]]:
    attributes = vars(optimizer)
    lists = {
        name.strip("_"): [variable for variable in value if variable is not None]
        for name, value in attributes.items()
        if isinstance(value, list) and len(value) == count and name not in NOT_SLOTS
    }
    last = [lists.pop(name) for name in LAST if name in lists]
    return [*lists.values(), *last]
