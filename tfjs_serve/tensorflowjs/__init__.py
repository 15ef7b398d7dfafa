"""The names of the ``tensorflowjs`` package, so that a program changes one line to use this one.

``import tfjs_serve.tensorflowjs as tfjs`` instead of ``import tensorflowjs as tfjs``. What needs
TensorFlow raises an error that says what to do instead.
"""

from __future__ import annotations

from tfjs_serve.tensorflowjs import converters as converters
from tfjs_serve.tensorflowjs import quantization as quantization
from tfjs_serve.tensorflowjs import version as version
from tfjs_serve.version import __version__ as __version__
