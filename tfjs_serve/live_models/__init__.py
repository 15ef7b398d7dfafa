"""READ a Keras model in memory, which the caller hands in, as other rooms read one in a file.

Nothing here imports a Keras. A model is read with what Keras documents since 2.12, such as
``serialize_keras_object``, ``trainable_weights`` and ``get_vocabulary``. What is private (the
objects that ``compile`` was called with, and which objects are shared) is used if it is there;
without it, something is missing that files lack, too.
"""
