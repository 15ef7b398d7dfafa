"""The version of tfjs-serve, where any file can import it."""

__version__ = "0.1.0"
