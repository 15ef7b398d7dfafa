"""The version of this package, where that of the ``tensorflowjs`` package is looked up."""

from tfjs_serve.version import __version__

version = __version__
