"""TRANSLATE: a Keras model into a layers model. Pure: neither files nor HTTP."""
