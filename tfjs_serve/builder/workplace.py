"""Where one conversion writes: a folder of the child's, one of the parent's, and the result.

The conversion process may write into its own folder and nowhere else. Files that this process
copies lie in another one, so nobody can have changed them since they were hashed. When the
conversion is over, what is reported is moved out of both.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from tfjs_serve.artifacts.model import ArtifactFile, MisreportedFilesError
from tfjs_serve.artifacts.record import check_names
from tfjs_serve.builder.scripts import write_script
from tfjs_serve.companion import SCRIPT_PREFIX
from tfjs_serve.settings import MODEL_JSON
from tfjs_serve.worker.protocol import ConversionReport, ConversionRequest

_WORK, _COPIES = ".work", ".copies"
"""Names that no file of a model can have."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Workplace:
    """The folders of one conversion, inside of an empty one in which the result will be."""

    folder: Path

    @property
    def work(self) -> Path:
        """The child's."""
        return self.folder / _WORK

    @property
    def copies(self) -> Path:
        """The parent's."""
        return self.folder / _COPIES

    def prepare(self) -> None:
        """Make the folders, after removing what an earlier attempt left. Raises ``OSError``."""
        for child in self.folder.iterdir():
            shutil.rmtree(child) if child.is_dir() else child.unlink()
        self.work.mkdir()
        self.copies.mkdir()

    def gather(
        self, report: ConversionReport, files: Sequence[ArtifactFile]
    ) -> tuple[ArtifactFile, ...]:
        """Move `files`, which `report` lists, into the folder; what remains stays where it is.

        Returns
        -------
        tuple
            All files of the model: the script that it needs is added to `files`.

        Raises
        ------
        MisreportedFilesError
            They have names that no file of a conversion process has, or no script can be made.
        """
        check_names(files)
        if any(file.name.startswith(SCRIPT_PREFIX) for file in files):
            raise MisreportedFilesError("the result of the conversion has a script of its own")
        for file in files:
            made = self.work / file.name
            if file.sha256 in report.copied:
                with suppress(OSError):  # the child may have made the same
                    made.unlink()
                made = self.copies / file.sha256
            with suppress(FileNotFoundError):  # it is missed when the result is checked
                made.rename(self.folder / file.name)
        for folder in (self.work, self.copies):
            with suppress(OSError):  # it is not empty, which is noticed as well
                folder.rmdir()
        return (*files, *write_script(self.folder, report.parts))


def listed_files(report: ConversionReport, request: ConversionRequest) -> tuple[ArtifactFile, ...]:
    """Return the files that `report` lists.

    Raises
    ------
    MisreportedFilesError
        They exceed the limits of `request`, or lack the file that makes them a model.
    """
    limits, form = request.limits, request.options.keras_form
    expected = MODEL_JSON if form is None else f"model.{form.value}"
    if len(report.files) > limits.files:
        raise MisreportedFilesError(f"the result of the conversion has {len(report.files)} files")
    size_bytes = sum(file.size_bytes for file in report.files)
    if size_bytes > limits.written_bytes:
        raise MisreportedFilesError(f"the result of the conversion has {size_bytes} bytes")
    if expected not in (file.name for file in report.files):
        raise MisreportedFilesError(f"the result of the conversion holds no {expected}")
    return tuple(ArtifactFile(**asdict(file)) for file in report.files)
