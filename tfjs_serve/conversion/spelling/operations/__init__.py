"""Spells operations on tensors as ``ops.<name>``, whether Keras 2 or Keras 3 saved them."""
