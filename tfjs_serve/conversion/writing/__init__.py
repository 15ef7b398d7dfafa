"""From translated layers to a model that TensorFlow.js's loader can load."""
