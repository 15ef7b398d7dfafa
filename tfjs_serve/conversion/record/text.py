"""The record as one short text of ASCII.

A configuration is long, and always made of the same words. Deflated with a dictionary of these
words it takes a tenth of its length or less, and as a single string it costs a page that parses
``model.json`` next to nothing. The text is base64 of zlib's format, so that others can read it
with the dictionary below.
"""

from __future__ import annotations

import base64
import binascii
import json
import zlib
from collections.abc import Mapping
from typing import Any

from tfjs_serve.conversion.model.layers import Json
from tfjs_serve.conversion.record.model import Record, Stated
from tfjs_serve.settings import MIB
from tfjs_serve.untrusted_json import parse_json

_FORMAT = "1"
"""The first character. Another one needs another program, so there is no way back but that of
other people's models."""
_MOST_BYTES = 32 * MIB
MOST_TEXT = 512 * 1024
"""Longer texts are left out: TensorFlow.js warns at 1 MB, and pages parse them at each load."""

_WORDS = (
    '"registered_name":"Functional","build_config":{"input_shape":[null,'
    '"gamma_regularizer":null,"gamma_constraint":null,"beta_regularizer":null,'
    '"beta_constraint":null,"synchronized":false,"moving_mean_initializer":'
    '"moving_variance_initializer":"gamma_initializer":"beta_initializer":{"class_name":"Zeros",'
    '"momentum":0.99,"epsilon":0.001,"center":true,"scale":true,{"class_name":"Ones","config":{}}'
    '"recurrent_initializer":{"class_name":"Orthogonal","config":{"gain":1.0,"seed":null}'
    '"recurrent_activation":"sigmoid","return_sequences":true,"return_state":false,'
    '"go_backwards":false,"stateful":false,"unroll":false,"zero_output_for_mask":false,'
    '"unit_forget_bias":true,"recurrent_regularizer":null,"recurrent_constraint":null,'
    '"reset_after":true,"dropout":0.0,"recurrent_dropout":0.0,"implementation":2,'
    '"depthwise_initializer":"depth_multiplier":1,"pool_size":[2,2],"mask_zero":false,'
    '"embeddings_initializer":{"class_name":"RandomUniform","config":{"minval":-0.05,"maxval":0.05'
    '"input_dim":"output_dim":"input_length":"rate":0.5,"noise_shape":null,"interpolation":'
    '"ragged":false,"sparse":false,"batch_shape":[null,"batch_input_shape":[null,'
    '"name":"input_layer","optional":false,"filters":32,"kernel_size":[3,3],"strides":[1,1],'
    '"padding":"valid","padding":"same","data_format":"channels_last","dilation_rate":[1,1],'
    '"groups":1,"activation":"linear","activation":"relu","activation":"softmax","units":10,'
    '"use_bias":true,"kernel_initializer":{"module":"keras.initializers","class_name":'
    '"GlorotUniform","config":{"seed":null},"registered_name":null},"bias_initializer":'
    '{"module":"keras.initializers","class_name":"Zeros","config":{},"registered_name":null},'
    '"kernel_regularizer":null,"bias_regularizer":null,"activity_regularizer":null,'
    '"kernel_constraint":null,"bias_constraint":null,"quantization_config":null,"axis":-1,'
    '"compile_config":{"optimizer":"optimizer_config":{"class_name":"Adam","config":{"name":"adam",'
    '"learning_rate":0.001,"beta_1":0.9,"beta_2":0.999,"epsilon":1e-07,"amsgrad":false,'
    '"loss":"metrics":["accuracy"],"loss_weights":null,"weighted_metrics":null,'
    '"registered_name":null,"inbound_nodes":[{"args":[{"class_name":"__keras_tensor__",'
    '"config":{"shape":[null,"dtype":"float32","keras_history":["dense",0,0]}}],"kwargs":{}}]'
    '{"module":"keras.layers","class_name":"Dense","config":{"name":"dense","trainable":true,'
    '"dtype":{"module":"keras","class_name":"DTypePolicy","config":{"name":"float32"},'
    '"registered_name":null},"layers":[{"class_name":"InputLayer","config":{"name":"sequential",'
    '{"generation":3,"keras_version":"3.15.1","config":{"class_name":"Sequential","config":{'
    '"changed":{},"variables":{"kernel":[["float32"],"bias":[["values":{},"training":null}'
)
"""Never change them: texts that exist could not be read any more. The likeliest come last."""


def to_text(record: Record) -> str:
    """Return the text of a record; an empty one if it would be too long."""
    # Keras writes NaN and Infinity, which only matter to itself.
    plain = json.dumps(_to_json(record), ensure_ascii=True, separators=(",", ":"))
    deflate = zlib.compressobj(zdict=_WORDS.encode("ascii"))
    data = deflate.compress(plain.encode("ascii")) + deflate.flush()
    text = _FORMAT + base64.b64encode(data).decode("ascii")
    return text if len(text) <= MOST_TEXT else ""


def from_text(text: Json) -> Record | None:
    """Return the record of a text; ``None`` if it is none, or one of another version."""
    if not isinstance(text, str) or text[:1] != _FORMAT or len(text) > MOST_TEXT:
        return None
    try:
        inflate = zlib.decompressobj(zdict=_WORDS.encode("ascii"))
        data = inflate.decompress(base64.b64decode(text[1:], validate=True), _MOST_BYTES)
        return _from_json(parse_json(data)) if inflate.eof else None
    except (binascii.Error, zlib.error, ValueError, LookupError, TypeError, AttributeError):
        return None


def _to_json(record: Record) -> dict[str, Json]:
    coded = {
        path: {name: base64.b64encode(data).decode("ascii") for name, data in values.items()}
        for path, values in record.values.items()
    }
    return {
        "generation": record.generation,
        "keras_version": record.keras_version,
        "config": record.config,
        "changed": record.changed,
        "variables": record.variables,
        "values": coded,
        "custom_layers": record.custom_layers,
        "training": record.training,
    }


def _from_json(data: Mapping[str, Any]) -> Record:
    """Rebuild a record, or raise whatever nonsense leads to."""
    training = data["training"]
    config = data["config"]
    if not isinstance(config, dict) or not isinstance(training, dict | None.__class__):
        raise TypeError("not a record")
    return Record(
        generation=int(data["generation"]),
        keras_version=str(data["keras_version"]),
        config=config,
        changed={str(path): dict(one) for path, one in data["changed"].items()},
        variables={
            path: {name: _stated(one) for name, one in variables.items()}
            for path, variables in data["variables"].items()
        },
        values={
            path: {name: base64.b64decode(one) for name, one in values.items()}
            for path, values in data["values"].items()
        },
        custom_layers=tuple(map(str, data["custom_layers"])),
        training=training,
    )


def _stated(value: Any) -> Stated:
    sizes, dtype = value
    shape = tuple(sizes)
    if not all(type(size) is int and 0 <= size < 1 << 40 for size in shape):
        raise ValueError("not a shape")
    return shape, str(dtype)
