"""Scripts are the package's own, whatever a conversion process says."""

from __future__ import annotations

import gzip
import hashlib
from pathlib import Path

import brotli
import pytest

from tfjs_serve import companion
from tfjs_serve.artifacts.model import ArtifactFile, MisreportedFilesError
from tfjs_serve.builder.scripts import write_script
from tfjs_serve.builder.workplace import Workplace
from tfjs_serve.worker.protocol import ConversionReport, ReportedFile

GRU = companion.parts_for({"class_name": f"{companion.PACKAGE}>GRU", "config": {}})


def test_a_script_is_written_with_its_compressed_forms(tmp_path: Path) -> None:
    files = write_script(tmp_path, GRU)
    script = companion.script_of(GRU)
    assert [file.name for file in files] == [script.name + end for end in ("", ".gz", ".br")]
    bodies = [(tmp_path / file.name).read_bytes() for file in files]
    assert [hashlib.sha256(body).hexdigest() for body in bodies] == [file.sha256 for file in files]
    plain, zipped, brotlied = bodies
    assert plain == script.text.encode() == gzip.decompress(zipped) == brotli.decompress(brotlied)


def test_a_model_without_parts_has_no_script(tmp_path: Path) -> None:
    assert write_script(tmp_path, ()) == ()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("parts", [("../kit",), ("recurrent", "alert(1)")])
def test_a_part_that_the_package_lacks_is_a_defect_of_the_child(
    tmp_path: Path, parts: tuple[str, ...]
) -> None:
    with pytest.raises(MisreportedFilesError, match=r"layers\.js has no part"):
        write_script(tmp_path, parts)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("end", [".js", ".js.br", ".mjs"])
def test_no_script_of_a_child_gets_to_a_page(tmp_path: Path, end: str) -> None:
    place = Workplace(folder=tmp_path)
    place.prepare()
    name, body = f"layers.{32 * 'a'}{end}", b"its own"
    (place.work / name).write_bytes(body)
    digest = hashlib.sha256(body).hexdigest()
    reported = ReportedFile(name=name, size_bytes=len(body), sha256=digest)
    file = ArtifactFile(name=name, size_bytes=len(body), sha256=digest)
    with pytest.raises(MisreportedFilesError, match="a script of its own"):
        place.gather(ConversionReport(files=(reported,)), [file])
    assert not (tmp_path / name).exists()
