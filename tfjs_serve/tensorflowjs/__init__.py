"""The names of the ``tensorflowjs`` package, so that a program changes one line to use this one.

``import tfjs_serve.tensorflowjs as tfjs`` instead of ``import tensorflowjs as tfjs``. What needs
TensorFlow raises an error that says what to do instead. As with ``import tfjs_serve``, what the
functions need is loaded when they are used.
"""

from tfjs_serve.tensorflowjs import quantization as quantization
from tfjs_serve.tensorflowjs import version as version
from tfjs_serve.version import __version__ as __version__

TYPE_CHECKING = False  # that of typing, without importing it
if TYPE_CHECKING:
    from tfjs_serve.tensorflowjs import converters as converters
else:

    def __getattr__(name):
        """Import the functions when they are asked for; the import system keeps them here."""
        if name != "converters":
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        import tfjs_serve.tensorflowjs.converters

        return tfjs_serve.tensorflowjs.converters


__all__ = ["__version__", "converters", "quantization", "version"]


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
