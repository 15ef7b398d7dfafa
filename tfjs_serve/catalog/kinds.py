"""What files are that are no models, by ending and first bytes, and what to do about each."""

from __future__ import annotations

from collections.abc import Mapping

from tfjs_serve.catalog.heads import HeadKind

Kind = tuple[str, str]
"""What it is, and what to do; ``{stem}`` is the name without its ending."""

_KERAS = "save the Keras model that it was made of: model.save('{stem}.keras')"
_WEIGHTS = (
    "build the model in Python, load the weights into it, and save both: model.save('{stem}.keras')"
)
_GRAPH: Kind = (
    "a TensorFlow graph, without the layers of Keras",
    f"{_KERAS}; or make a graph model of it with tensorflowjs_converter",
)
_ELSEWHERE = "only models of Keras are converted: build it in Keras"
_ONNX: Kind = (
    "an ONNX model",
    "load it in a page with onnxruntime-web, or build it in Keras",
)
_TORCH: Kind = ("a PyTorch file", _ELSEWHERE)
_LITE: Kind = ("a TensorFlow Lite model, which TensorFlow.js cannot read", _KERAS)
_PICKLE: Kind = (
    "a pickle: a program that Python runs, not a model file",
    "load it in Python where you trust it, and save the Keras model: model.save('{stem}.keras')",
)
_ARCHIVE: Kind = ("an archive", "unpack it here; if it is a .keras file, rename it to that")
CHECKPOINT: Kind = ("a checkpoint: weights without an architecture", _WEIGHTS)
PROOF: Kind = (
    "a proof of what a model predicts, without the model",
    "save the model beside it: model.save('{stem}.keras')",
)
KINDS: Mapping[str, Kind] = {
    **dict.fromkeys((".tflite", ".lite"), _LITE),
    ".task": ("a bundle for MediaPipe, with TensorFlow Lite models in it", _KERAS),
    ".pb": _GRAPH,
    ".pbtxt": _GRAPH,
    ".onnx": _ONNX,
    ".ort": _ONNX,
    **dict.fromkeys((".pt", ".pt2", ".pth", ".pte"), _TORCH),
    ".safetensors": ("weights without an architecture", _WEIGHTS),
    ".gguf": ("a model for llama.cpp", "only models of Keras are converted"),
    **dict.fromkeys((".mlmodel", ".mlpackage"), ("a Core ML model", _KERAS)),
    ".caffemodel": ("a Caffe model", _ELSEWHERE),
    ".ckpt": CHECKPOINT,
    ".npz": ("arrays of NumPy: at most weights, without an architecture", _WEIGHTS),
    ".npy": ("an array of NumPy: at most weights, without an architecture", _WEIGHTS),
    ".msgpack": ("weights of Flax, without an architecture", _ELSEWHERE),
    ".params": ("weights of MXNet, without an architecture", _ELSEWHERE),
    **dict.fromkeys((".pdparams", ".pdmodel"), ("a file of PaddlePaddle", _ELSEWHERE)),
    **dict.fromkeys((".engine", ".trt"), ("an engine for TensorRT", _KERAS)),
    **dict.fromkeys((".pkl", ".pickle", ".joblib", ".dill", ".sav"), _PICKLE),
    **dict.fromkeys((".zip", ".tar", ".tgz", ".gz", ".bz2", ".xz", ".7z", ".rar"), _ARCHIVE),
}
"""By ending, in small letters."""

MAY_BE_MODELS = frozenset({"", ".h5f", ".h5py", ".hd5", ".hdf", ".he5", ".model", ".weights"})
"""Endings under which Keras wrote models for those who asked for it; other files have them, too."""
YAML_ENDINGS = frozenset({".yaml", ".yml"})
_ARCHITECTURE: Kind = (
    "an architecture without weights",
    "save the weights beside it: model.save_weights('{stem}.weights.h5'); or save both in one "
    "file: model.save('{stem}.keras')",
)
BY_HEAD: Mapping[HeadKind, Kind] = {
    HeadKind.ARCHITECTURE: _ARCHITECTURE,
    HeadKind.CONFIGURATION: (
        "the result of get_config(): an architecture without the model's class, and no weights",
        "save the whole model in one file: model.save('{stem}.keras')",
    ),
    HeadKind.YAML: (
        "an architecture in YAML, without weights",
        "save the whole model in one file: model.save('{stem}.h5')",
    ),
    HeadKind.ARCHIVE: ("a .keras file under another name", "rename it to {stem}.keras"),
    HeadKind.HDF5: (
        "an HDF5 file under another name",
        "if Keras saved a model in it, rename it to {stem}.h5",
    ),
}
"""What files are that had to be looked into."""
