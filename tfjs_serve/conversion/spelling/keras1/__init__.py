"""Spells models of Keras 1 (0.3 to 1.2.2) as models of Keras 2."""
