from __future__ import annotations

import hashlib
import json
import tempfile
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as st_numpy

from tfjs_serve.errors import ConversionError, StoreError
from tfjs_serve.facts.weight_error import WeightError
from tfjs_serve.layers_model import encoding, files
from tfjs_serve.layers_model.model import ArraySource, LayersModel, LayersWeight, WrittenFile
from tfjs_serve.layers_model.writer import WrittenModel, write_layers_model
from tfjs_serve.settings import ConversionOptions, Variant

from .tfjs_decoding import decode_model, file_names, joined_shards, read_manifest

LIMIT_BYTES = 4096
DOCUMENTS = ["model.json", "model.json.gz", "model.json.br"]


def model(*arrays: object, names: list[str] | None = None, **topology: object) -> LayersModel:
    names = names or [f"layer_{index}/kernel" for index in range(len(arrays))]
    weights = zip(names, arrays, strict=True)
    return LayersModel(
        topology=topology,
        weights=tuple(LayersWeight(name=n, source=ArraySource(a)) for n, a in weights),
        generated_by="keras 3.0.0",
    )


def written_model(source: LayersModel, directory: Path, variant: Variant) -> WrittenModel:
    options = ConversionOptions(variant=variant, shard_size_bytes=LIMIT_BYTES)
    return write_layers_model(source, directory, options, lambda done, total: None)


def write(
    source: LayersModel, directory: Path, variant: Variant = Variant.FULL
) -> tuple[WrittenFile, ...]:
    return written_model(source, directory, variant).files


def check_files(written: tuple[WrittenFile, ...], directory: Path) -> None:
    """The report is the folder: no file more, none less, none twice, each as told."""
    assert sorted(file.name for file in written) == file_names(directory)
    for file in written:
        data = (directory / file.name).read_bytes()
        assert file.size_bytes == len(data)
        assert file.sha256 == hashlib.sha256(data).hexdigest()
        if file.name not in DOCUMENTS:
            assert file.name == f"weights.{file.sha256[:32]}.bin"


def random(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


def test_a_model_is_written_in_shards_that_join_to_its_weights(tmp_path: Path) -> None:
    arrays = [random(10, 10), random(50, 60), np.arange(7), np.array([True, False, True])]
    written = write(model(*arrays), tmp_path)
    check_files(written, tmp_path)
    assert [file.name for file in written][-3:] == DOCUMENTS
    assert [file.size_bytes for file in written][:-3] == [400, 4096, 4096, 3808 + 28 + 3]
    assert joined_shards(tmp_path) == b"".join(
        [arrays[0].tobytes(), arrays[1].tobytes(), arrays[2].astype("<i4").tobytes(), b"\1\0\1"]
    )
    for decoded, array in zip(decode_model(tmp_path).values(), arrays, strict=True):
        assert np.array_equal(decoded, array)


DTYPES = st.sampled_from([np.float32, np.float16, np.int8, np.uint16, np.int32, np.bool_])
ARRAYS = DTYPES.flatmap(
    lambda dtype: st_numpy.arrays(dtype, st_numpy.array_shapes(min_dims=0, min_side=0, max_side=9))
)
SHIFTED = st.integers(0, 3000).map(lambda size: np.arange(size, dtype=np.float32))


@given(st.lists(ARRAYS | SHIFTED, max_size=8), st.sampled_from(list(Variant)))
def test_any_weights_decode_to_what_they_were(arrays: list[np.ndarray], variant: Variant) -> None:
    with tempfile.TemporaryDirectory() as folder:
        directory = Path(folder)
        check_files(write(model(*arrays), directory, variant), directory)
        for decoded, array in zip(decode_model(directory).values(), arrays, strict=True):
            assert decoded.shape == array.shape
            if variant is Variant.FULL or array.dtype.kind != "f":
                assert np.array_equal(decoded, array, equal_nan=array.dtype.kind == "f")


def test_the_same_model_gives_the_same_bytes(tmp_path: Path) -> None:
    reports = []
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        reports.append(write(model(random(40, 40), config={"b": 1, "a": 2}), tmp_path / name))
    assert reports[0] == reports[1]


def test_a_changed_weight_changes_only_its_own_shards(tmp_path: Path) -> None:
    arrays = [random(20, 20, seed=seed) for seed in range(10)]
    names = []
    for folder in ("before", "after"):
        (tmp_path / folder).mkdir()
        names.append({file.name for file in write(model(*arrays), tmp_path / folder)})
        arrays[4] = arrays[4] + 1
    shards = [{name for name in side if name not in DOCUMENTS} for side in names]
    assert len(shards[0]) == 5
    assert len(shards[0] - shards[1]) == 1


def test_equal_shards_are_one_file_that_the_manifest_names_twice(tmp_path: Path) -> None:
    array = np.zeros(LIMIT_BYTES // 4, np.float32)
    written = write(model(array, array, random(3)), tmp_path)
    check_files(written, tmp_path)
    (group,) = read_manifest(tmp_path)
    assert len(group["paths"]) == 3
    assert group["paths"][0] == group["paths"][1]
    assert len(written) == 2 + 3
    assert np.array_equal(decode_model(tmp_path)["layer_1/kernel"], array)


def test_a_model_without_weights_has_an_empty_group(tmp_path: Path) -> None:
    check_files(write(model(), tmp_path), tmp_path)
    assert read_manifest(tmp_path) == [{"paths": [], "weights": []}]


def test_quantized_weights_take_fewer_bytes(tmp_path: Path) -> None:
    array = random(16, 16)
    for variant, item_bytes in ((Variant.FLOAT16, 2), (Variant.UINT16, 2), (Variant.UINT8, 1)):
        directory = tmp_path / variant.value
        directory.mkdir()
        write(model(array), directory, variant)
        assert len(joined_shards(directory)) == array.size * item_bytes
        np.testing.assert_allclose(decode_model(directory)["layer_0/kernel"], array, atol=0.02)


@given(st.lists(st.text(st.characters()), min_size=1, max_size=4, unique=True))
def test_no_name_of_a_weight_reaches_a_path(names: list[str]) -> None:
    names += ["../../escape", "/etc/passwd", "C:\\windows", "model.json", "con"]
    names = list(dict.fromkeys(names))
    with tempfile.TemporaryDirectory() as folder:
        directory = Path(folder) / "inner"
        directory.mkdir()
        arrays = [np.float32(index) for index in range(len(names))]
        check_files(write(model(*arrays, names=names), directory), directory)
        assert file_names(Path(folder)) == ["inner"]
        assert [spec["name"] for spec in read_manifest(directory)[0]["weights"]] == names


QUANTIZED = [variant for variant in Variant if variant.is_quantized]
EXTREMES = np.array([-3e38, 0, 3e38], np.float32)


@pytest.mark.parametrize("variant", QUANTIZED)
@pytest.mark.parametrize("block_bytes", [100, 2**20])
def test_the_error_of_quantized_weights_is_measured(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, variant: Variant, block_bytes: int
) -> None:
    monkeypatch.setattr(encoding, "BLOCK_BYTES", block_bytes)
    infinite = np.array([1, np.inf], np.float32)  # cannot be quantized
    arrays = [random(30, 30), 40 * random(9, seed=1), np.arange(50), infinite, EXTREMES / 4]
    error = written_model(model(*arrays), tmp_path, variant).weight_error
    pairs = zip(decode_model(tmp_path).values(), arrays, strict=True)
    with np.errstate(invalid="ignore"):
        off = [np.abs(one.astype(np.float64) - other)[np.isfinite(other)] for one, other in pairs]
    assert error is not None
    assert error.largest == max(one.max() for one in off) > 0
    assert error.mean == pytest.approx(sum(one.sum() for one in off) / sum(map(np.size, arrays)))


@pytest.mark.parametrize("variant", [Variant.FULL, Variant.TRAIN])
def test_weights_that_are_not_quantized_have_no_error(tmp_path: Path, variant: Variant) -> None:
    assert written_model(model(random(3)), tmp_path, variant).weight_error is None


@pytest.mark.parametrize("arrays", [[], [np.ones((4, 4), np.float32)], [np.arange(3)]])
def test_what_decodes_to_itself_is_exact(tmp_path: Path, arrays: list[np.ndarray]) -> None:
    error = written_model(model(*arrays), tmp_path, Variant.UINT8).weight_error
    assert error == WeightError(largest=0, mean=0)


def test_nothing_is_written_when_anything_is_wrong(tmp_path: Path) -> None:
    broken = model(np.array([2**40]), np.array(["x"]), config={"rate": float("nan")})
    with pytest.raises(ConversionError) as caught:
        write(broken, tmp_path)
    codes = [problem.code for problem in caught.value.problems]
    assert codes == ["not-a-json-number", "weight-out-of-range", "unsupported-dtype"]
    assert file_names(tmp_path) == []


def test_a_source_that_fails_leaves_no_partial_shard(tmp_path: Path) -> None:
    class TornSource(ArraySource):
        def blocks(self, max_bytes: int) -> Iterator[np.ndarray]:
            yield next(super().blocks(400))
            raise OSError("file truncated")

    weight = LayersWeight(name="k", source=TornSource(random(30, 30)))
    torn = LayersModel(topology={}, weights=(weight,), generated_by="keras")
    with pytest.raises(OSError, match="file truncated"):
        write(torn, tmp_path)
    assert file_names(tmp_path) == []


def test_a_full_disk_is_told_as_such(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(self: Path, target: Path) -> Path:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(files.Path, "replace", refuse)
    with pytest.raises(StoreError, match="No space left on device") as caught:
        write(model(random(3)), tmp_path)
    assert "--cache-dir" in caught.value.hint
    assert not (tmp_path / "model.json").exists()


def test_progress_rises_to_the_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(encoding, "BLOCK_BYTES", 1000)
    calls: list[tuple[int, int]] = []
    options = ConversionOptions(variant=Variant.UINT8)
    source = model(random(30, 30), np.arange(4, dtype=np.int32))
    write_layers_model(source, tmp_path, options, lambda *call: calls.append(call))
    done = [call[0] for call in calls]
    assert {call[1] for call in calls} == {2 * 3600 + 16}
    assert done == sorted(done)
    assert done[-1] == 2 * 3600 + 16
    assert len(done) > 4


def test_only_a_block_is_in_memory_at_a_time(tmp_path: Path) -> None:
    class CountingSource:
        """Of 64 MiB that never exist at once."""

        shape, dtype = (16 * 2**20,), "float32"

        def blocks(self, max_bytes: int) -> Iterator[np.ndarray]:
            assert max_bytes <= 2**20
            for _ in range(64):
                yield np.zeros(2**18, np.float32)

    weight = LayersWeight(name="k", source=CountingSource())
    big = LayersModel(topology={}, weights=(weight,), generated_by="keras")
    tracemalloc.start()
    try:
        write_layers_model(big, tmp_path, ConversionOptions(), lambda done, total: None)
        peak_bytes = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak_bytes < 12 * 2**20
    assert len(json.loads((tmp_path / "model.json").read_bytes())["weightsManifest"]) == 1
