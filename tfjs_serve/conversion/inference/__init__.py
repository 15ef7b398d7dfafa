"""Follows tensors through a graph, in the orders of Keras and of TensorFlow.js."""
