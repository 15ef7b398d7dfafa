"""What pages save: from a TensorFlow.js model to one file of the watched folder, in one step."""

from tfjs_serve.saving.saver import Export, Saved, Saver

__all__ = ["Export", "Saved", "Saver"]
