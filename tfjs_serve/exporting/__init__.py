"""From paths of models to folders of the user: what the commands and the Python API share.

:func:`~tfjs_serve.exporting.batch.models_at` finds the models at a path,
:func:`~tfjs_serve.exporting.building.building` hands out a builder for them, and
:func:`~tfjs_serve.exporting.export.export` has it write one where the user wants it.
"""
