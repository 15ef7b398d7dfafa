"""Objects as Keras serializes them, in plain JSON (``keras/src/saving/serialization_lib.py``)."""

from __future__ import annotations

import re

from tfjs_serve.conversion.model.layers import Json


def plain(value: Json) -> Json:
    """Return `value`, and everything in it, without the wrapping of Keras 3's serialization."""
    if isinstance(value, list):
        return [plain(item) for item in value]
    if not isinstance(value, dict):
        return value
    if value.get("class_name") in ("__tuple__", "TensorShape"):
        return [plain(item) for item in value.get("items", [])]
    if value.keys() == {"type", "value"} and value["type"] == "ndarray":
        return value["value"]  # Numbers in Keras 2.0 and 2.1 (``get_json_type`` in ``models.py``).
    if value.get("class_name") in ("__numpy__", "__tensor__"):
        return (value.get("config") or {}).get("value")
    if value.get("class_name") == "function" and isinstance(value.get("config"), str):
        return value["config"]
    if "class_name" in value and "config" in value:
        return {"class_name": value["class_name"], "config": plain(value["config"])}
    return {key: plain(item) for key, item in value.items()}


def compute_dtype(dtype: Json) -> str:
    """Return the dtype that a layer computes in.

    Parameters
    ----------
    dtype
        As saved: a name, ``{"class_name": "DTypePolicy", ...}``, or ``None`` for float32.
    """
    if isinstance(dtype, dict):
        config = dtype.get("config") or {}
        # Quantized layers name their "mode", and the dtype they had before as the "source".
        name = config.get("mode") or config.get("name") or config.get("default_policy")
        return compute_dtype(name)
    if isinstance(dtype, str) and dtype.lstrip("_").startswith("infer"):
        return "float32"  # Policies of TensorFlow 1.15 to 2.1 that take the dtype of the weights.
    return dtype.removeprefix("mixed_") if isinstance(dtype, str) else "float32"


def snake_case(class_name: str) -> str:
    """Return the name that Keras derives from a class (``keras/src/utils/naming.py``)."""
    name = re.sub(r"\W+", "", class_name)
    name = re.sub("(.)([A-Z][a-z]+)", r"\1_\2", name)
    return re.sub("([a-z])([A-Z])", r"\1_\2", name).lower()
