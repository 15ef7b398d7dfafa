"""A development server for TensorFlow.js: Keras models in, Layers models out."""

from tfjs_serve.version import __version__ as __version__
