"""Models of Keras 1 (0.3 to 1.2.2) in the spelling of Keras 2."""
