"""Say what a zip archive is when it does not contain a Keras architecture."""

from __future__ import annotations

from collections.abc import Sequence

from tfjs_serve.errors import KerasFileError, WeightsOnlyFileError

_HINT_SAVE = "save the whole model with model.save('name.keras')"
_INSIDE = (".keras", ".h5", ".hdf5")


def not_a_model(names: Sequence[str], display_name: str) -> KerasFileError:
    """Return the error about an archive whose members have these names."""
    if any(name.startswith("model.weights.") for name in names):
        return WeightsOnlyFileError(
            f"{display_name} holds weights only: it has no config.json, which tells the "
            "model's architecture",
            hint="build the model in Python, load the weights and then model.save('name.keras')",
        )
    what, hint = _kind(names)
    return KerasFileError(f"{display_name} {what}", hint=hint)


def _kind(names: Sequence[str]) -> tuple[str, str]:
    if any(name.endswith("saved_model.pb") for name in names):
        return (
            "is a packed TensorFlow SavedModel, not a Keras archive",
            "load it with tf.keras.models.load_model(...) and model.save('name.keras')",
        )
    if any(name.endswith(("/data.pkl", "/constants.pkl")) for name in names):
        return (
            "is a PyTorch file, not a Keras archive",
            "only models that Keras has saved can be served",
        )
    if names and all(name.endswith(".npy") for name in names):
        return "holds NumPy arrays (.npz), not a model", _HINT_SAVE
    nested = next((name for name in names if name.endswith("/config.json")), None)
    if nested is not None:
        folder = nested.removesuffix("config.json")
        return (
            f"has the model in its folder {folder!r}, where Keras does not look for it",
            "pack config.json, metadata.json and model.weights.h5 without a folder around them",
        )
    inside = next((name for name in names if name.endswith(_INSIDE)), None)
    if inside is not None:
        return f"is a zip archive with {inside!r} in it", "unpack it, and serve what is inside"
    return "is a zip archive, but not a Keras model: it has no config.json", _HINT_SAVE
