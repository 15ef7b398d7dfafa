"""What is served beside a model: a short list of names and kinds, and nothing else that lies there.

Pages and libraries ask for labels, metadata and weights by name. A name says what a file is, so
these are the only ones that are looked for.
"""

from __future__ import annotations

import re

from tfjs_serve.settings import MIB

LABELS_TXT, LABELS_JSON, METADATA_JSON = "labels.txt", "labels.json", "metadata.json"
OF_KERAS_MODELS = (LABELS_TXT, LABELS_JSON, METADATA_JSON)
"""What may lie beside a model: ``digits.labels.txt`` beside ``digits.h5`` is served as
``/digits/labels.txt``."""
PROOF_NPZ = "proof.npz"
"""What Keras predicted, also beside a model; it becomes `PROOF_JSON` and a file of numbers."""
PROOF_JSON = "proof.json"
SERVED_AS = {PROOF_NPZ: PROOF_JSON}
"""Names under which pages get files that are not served as they are."""
IN_KERAS_FOLDERS = (LABELS_TXT, LABELS_JSON)
"""What may lie in a folder that Keras wrote, whose ``metadata.json`` is Keras's own."""
NEIGHBOURS = (*OF_KERAS_MODELS, "model_meta.json", "dict.txt", "vocab.json")
"""What may lie in a TensorFlow.js folder, besides its weights. ``metadata.json`` is that of
Teachable Machine and of speech-commands, ``model_meta.json`` of ml5, ``dict.txt`` of AutoML, and
``vocab.json`` of the sentence encoder."""
MAXIMUM_NEIGHBOUR_BYTES = 16 * MIB
"""Real ones have a few KB; a vocabulary has a few MB."""

WEIGHTS_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.@+-]{0,195}\.bin")
"""Names under which weights of a TensorFlow.js folder can be asked for, such as ``weights.bin`` of
Teachable Machine and ``model.weights.bin`` of ml5."""
_SHARD_FOLDER = re.compile(r"weights\.[0-9a-f]{32}")
_AFTER_MODEL = re.compile(r"(?<=.)[._-]weights\Z", re.DOTALL)
"""What the name of a file of weights has after the name of the model."""
_BESIDE = (*OF_KERAS_MODELS, PROOF_NPZ)
_ENDINGS = tuple(f".{name}" for name in _BESIDE)


def neighbours_called(stem: str) -> dict[str, str]:
    """Return the names of files beside a model, and those under which they are served.

    Of two that are served under one name, the first one counts: weights have labels by their own
    name (``digits.weights.labels.txt``) or by that of the model (``digits.labels.txt``).

    Parameters
    ----------
    stem
        The name of the model's file without its ending, or of its folder.
    """
    stems = dict.fromkeys((stem, _AFTER_MODEL.sub("", stem)))
    return {f"{one}.{name}": name for one in stems for name in _BESIDE}


def is_like_neighbour(file_name: str) -> bool:
    """Whether a file of that name may lie beside a model and be served with it."""
    return file_name in NEIGHBOURS or file_name.endswith(_ENDINGS)


def size_problem(size_bytes: int) -> str | None:
    """Say what is wrong with the size of a neighbour; ``None`` if nothing is."""
    if size_bytes <= MAXIMUM_NEIGHBOUR_BYTES:
        return None
    return f"has more than {MAXIMUM_NEIGHBOUR_BYTES // MIB} MiB"


def original_name(path: str) -> str | None:
    """Return the name under which the weights at `path` of a manifest can be asked for, if any.

    Those in sub-folders have none, except where :func:`path_with_name` has put them.
    """
    folder, _, name = path.removeprefix("./").rpartition("/")
    is_at_hand = not folder or _SHARD_FOLDER.fullmatch(folder)
    return name if is_at_hand and WEIGHTS_NAME.fullmatch(name) else None


def path_with_name(shard: str, name: str) -> str:
    """Return the path of a shard, which names its bytes, so that it ends with its original name.

    ``tf.io.browserFiles``, which ml5 uses up to version 0.12, compares the last part of the path in
    ``model.json`` with the name of the file that it is given.
    """
    return f"{shard.removesuffix('.bin')}/{name}"


def shard_at(path: str) -> str:
    """Return the shard that such a path means; any other path is the name of a shard itself."""
    folder, _, name = path.rpartition("/")
    is_named = _SHARD_FOLDER.fullmatch(folder) and WEIGHTS_NAME.fullmatch(name)
    return f"{folder}.bin" if is_named else path
