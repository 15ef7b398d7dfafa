"""A development server for TensorFlow.js: Keras models in, Layers models out."""

__version__ = "0.1.0"
