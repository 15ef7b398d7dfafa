"""READ a Keras model in memory, which the caller hands in, as other rooms read one in a file.

Nothing here imports a Keras. Of the model, only what all versions of Keras 2.12 and newer document
is used: ``to_json``, ``layers``, ``trainable_weights``, ``get_vocabulary``, ``get_compile_config``.
"""
