#!/usr/bin/env bash
# keras 3.15.1 (numpy backend, jax 0.10.2), h5py 3.16.0, Python 3.11 or newer.
#
# A Normalization layer inside of a model in a model has lost what it has learned when an .h5 file is
# loaded: it has the variables of the file, and computes with a mean of 0 and a variance of 1. Nothing
# is reported. The .keras file of the same model is loaded right.
#
# The reader of that format (keras/src/legacy/saving/legacy_h5_format.py) has only the layers of the
# outermost model take up what was loaded.
#
# So who puts an EfficientNet of keras.applications, or another model with a Normalization, into a
# Sequential, and saves that as .h5, has a file that loads without an error and predicts otherwise.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check keras==3.15.1 h5py==3.16.0 jax==0.10.2

cat >saving.py <<'PY'
import keras
import numpy as np

numbers = np.array([[1.0], [3.0]], "float32")
normal = keras.layers.Normalization()
normal.adapt(numbers)
inner = keras.Sequential([keras.Input((1,)), normal])
model = keras.Sequential([keras.Input((1,)), inner])


def loaded(path):
    model.save(path)
    again = keras.models.load_model(path)
    mean = again.layers[0].layers[0].variables[0]
    return np.asarray(mean).tolist(), again.predict(numbers, verbose=0).tolist()


print("as it is:", model.predict(numbers, verbose=0).tolist())
print(".keras: mean %s, predicts %s" % loaded("model.keras"))
print(".h5: mean %s, predicts %s" % loaded("model.h5"))
PY

cat >expected <<'TXT'
as it is: [[-1.0], [1.0]]
.keras: mean [2.0], predicts [[-1.0], [1.0]]
.h5: mean [2.0], predicts [[1.0], [3.0]]
TXT

KERAS_BACKEND=numpy venv/bin/python saving.py | tee seen
diff expected seen
