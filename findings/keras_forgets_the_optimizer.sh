#!/usr/bin/env bash
# keras 3.15.1 (numpy backend, jax 0.10.2), h5py 3.16.0, Python 3.11 or newer.
#
# Saving a model as .h5 changes the model: it loses the optimizer from its compile settings. A .keras
# file that is saved of it afterwards has no optimizer. Nothing is reported. Saved in the other order,
# both files are whole.
#
# model_metadata in keras/src/legacy/saving/saving_utils.py takes the settings of the model itself,
# model._compile_config.config, and not a copy, and removes the optimizer from them:
#
#     training_config = model._compile_config.config
#     training_config.pop("optimizer", None)  # Handled separately.
#
# So who keeps an .h5 file for an old program beside the .keras file, or has a callback for each, has
# a .keras file that loads without an error, and whose training does not go on: it is compiled with
# the default optimizer, rmsprop, instead of its own with its state.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check keras==3.15.1 h5py==3.16.0 jax==0.10.2

cat >saving.py <<'PY'
import json
import zipfile

import keras

model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
model.compile(keras.optimizers.Adam(0.01), "mse")


def optimizer_in(path):
    model.save(path)
    with zipfile.ZipFile(path) as archive:
        settings = json.loads(archive.read("config.json"))["compile_config"]
    return settings["optimizer"]["class_name"] if "optimizer" in settings else None


def optimizer_of(path):
    return type(keras.models.load_model(path).optimizer).__name__


print("before:", optimizer_in("before.keras"), optimizer_of("before.keras"))
model.save("model.h5")
print("after:", optimizer_in("after.keras"), optimizer_of("after.keras"))
PY

cat >expected <<'TXT'
before: Adam Adam
after: None RMSprop
TXT

KERAS_BACKEND=numpy venv/bin/python saving.py | tee seen
diff expected seen
