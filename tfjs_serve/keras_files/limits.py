"""Limits on what a model file may ask for, checked before anything is read.

A file declares sizes in many places, and a few bytes can declare terabytes. Only the size of the
file itself is trusted: whatever is read from it is charged to one budget.
"""

from __future__ import annotations

from tfjs_serve.errors import UnsafeFileError
from tfjs_serve.settings import KIB, MIB

MAXIMUM_TEXT_BYTES = 64 * MIB
"""More than any ``config.json`` or vocabulary: the largest of keras.applications are a few MB."""
MAXIMUM_UNFOLDING = 32
"""How many times its own size a file may expand to. Weights hardly compress at all, pruned ones,
which are mostly zeros, by a factor of 10, and nothing but zeros by 1000."""
FREE_UNFOLDING_BYTES = 64 * MIB
"""What any file may expand to, however small: weights that are all zero compress very well."""
MAXIMUM_WEIGHTS = 100_000
MAXIMUM_GROUPS = 100_000
MAXIMUM_GROUP_DEPTH = 100
MAXIMUM_RANK = 8
"""TensorFlow.js has no tensors of more than 6 axes."""
MAXIMUM_CHUNK_BYTES = 64 * MIB
"""HDF5 reads whole chunks; those of h5py and Keras have at most 1 MiB."""
MAXIMUM_NAME_BYTES = 4 * KIB
MAXIMUM_MEMBERS = 10_000
MAXIMUM_DIRECTORY_BYTES = 4 * MIB
"""For the directory of a zip archive: 10,000 members with long names."""

UNSAFE_HINT = "the file is damaged, or made to exhaust this machine; save the model again"


class Budget:
    """How much one file may expand to, counting inflated members and declared sizes of weights.

    Parameters
    ----------
    file_bytes
        Size of the file on the disk.
    """

    def __init__(self, file_bytes: int, display_name: str) -> None:
        self.file_bytes = file_bytes
        self.display_name = display_name
        self._left_bytes = MAXIMUM_UNFOLDING * file_bytes + FREE_UNFOLDING_BYTES
        self._weights_left = MAXIMUM_WEIGHTS

    def spend(self, size_bytes: int, what: str) -> None:
        """Take `size_bytes`, which `what` declares.

        Raises
        ------
        UnsafeFileError
            The file is too small for that.
        """
        self._left_bytes -= size_bytes
        if self._left_bytes < 0:
            raise UnsafeFileError(
                f"{self.display_name}: with {what}, which declares {size_bytes} bytes, it would "
                f"expand to more than {MAXIMUM_UNFOLDING} times its size of {self.file_bytes} "
                "bytes",
                hint="save the model without compression, unless the file was made to exhaust "
                "this machine",
            )

    def count_weight(self, what: str) -> None:
        """Take one weight. Raises ``UnsafeFileError`` if there are too many."""
        self._weights_left -= 1
        if self._weights_left < 0:
            raise UnsafeFileError(
                f"{self.display_name}: it has more than {MAXIMUM_WEIGHTS} weights; {what} is "
                "one too many",
                hint=UNSAFE_HINT,
            )
