"""Keras models for TensorFlow.js: converted, served, and brought back.

The functions are explained in ``docs/python.md``. Importing this package loads nothing that they
need; that comes with the first function that is used.
"""

from tfjs_serve.version import __version__ as __version__

TYPE_CHECKING = False  # that of typing, without importing it
if TYPE_CHECKING:
    from tfjs_serve.api.application import create_app as create_app
    from tfjs_serve.api.background import BackgroundServer as BackgroundServer
    from tfjs_serve.api.background import serve_background as serve_background
    from tfjs_serve.api.callback import save_each_epoch as save_each_epoch
    from tfjs_serve.api.converting import convert as convert
    from tfjs_serve.api.loading import deserialize_keras_model as deserialize_keras_model
    from tfjs_serve.api.loading import load_keras_model as load_keras_model
    from tfjs_serve.api.saving import save_keras_model as save_keras_model
    from tfjs_serve.errors import ConversionError as ConversionError
    from tfjs_serve.errors import ConversionNote as ConversionNote
    from tfjs_serve.errors import TfjsServeError as TfjsServeError
else:

    def __getattr__(name):
        """Import what is asked for, once."""
        value = globals()[name] = getattr(_module_with(name), name)
        return value


__all__ = [
    "BackgroundServer",
    "ConversionError",
    "ConversionNote",
    "TfjsServeError",
    "__version__",
    "convert",
    "create_app",
    "deserialize_keras_model",
    "load_keras_model",
    "save_each_epoch",
    "save_keras_model",
    "serve_background",
]


def _module_with(name: str) -> object:
    """Return the module in which `name` is defined. Raises ``AttributeError`` if none is it."""
    match name:
        case "create_app":
            from tfjs_serve.api import application

            return application
        case "BackgroundServer" | "serve_background":
            from tfjs_serve.api import background

            return background
        case "save_each_epoch":
            from tfjs_serve.api import callback

            return callback
        case "convert":
            from tfjs_serve.api import converting

            return converting
        case "deserialize_keras_model" | "load_keras_model":
            from tfjs_serve.api import loading

            return loading
        case "save_keras_model":
            from tfjs_serve.api import saving

            return saving
        case "ConversionError" | "ConversionNote" | "TfjsServeError":
            from tfjs_serve import errors

            return errors
        case _:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
