"""Runs a model with TensorFlow.js where this machine has one, and compares with its proof."""
