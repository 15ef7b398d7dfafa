"""Every sample model predicts in TensorFlow.js what it predicted where it was trained."""

from __future__ import annotations

import pytest

from tests.samples import REFERENCES, SAMPLE_MODELS, arrays

from .harness import NodeTf, ServedModels, compare

KERAS_SAMPLES = [name for name in REFERENCES if (SAMPLE_MODELS / f"{name}.h5").is_file()]


def test_every_sample_has_a_reference() -> None:
    files = {path.with_suffix("") for path in SAMPLE_MODELS.rglob("*.h5")}
    folders = {path.parent for path in SAMPLE_MODELS.rglob("model.json")}
    found = {path.relative_to(SAMPLE_MODELS).as_posix() for path in files | folders}
    assert found == set(REFERENCES)


@pytest.mark.parametrize("name", REFERENCES)
def test_predictions_are_those_of_the_trainer(
    samples: ServedModels, node_tf: NodeTf, name: str
) -> None:
    reference = REFERENCES[name]
    prediction = node_tf.predict(samples.url(name), arrays(reference["inputs"]))
    compare(arrays(reference["outputs"]), prediction.outputs)


# Rounding a batch normalisation's variances on one common scale, as TensorFlow.js's quantization
# does, costs most: the wine's differ by a factor of a million.
@pytest.mark.parametrize(("variant", "rtol"), [("float16", 5e-3), ("uint16", 5e-2), ("uint8", 0.5)])
@pytest.mark.parametrize("name", KERAS_SAMPLES)
def test_variants_predict_nearly_the_same(
    samples: ServedModels, node_tf: NodeTf, name: str, variant: str, rtol: float
) -> None:
    reference = REFERENCES[name]
    url = samples.url(name, variant=variant)
    prediction = node_tf.predict(url, arrays(reference["inputs"]))
    compare(arrays(reference["outputs"]), prediction.outputs, rtol)
