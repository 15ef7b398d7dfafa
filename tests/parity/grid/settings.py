"""The surroundings in which a layer is tried."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tests.parity.cases.case import BATCH, Keras, layer

from .generate import Choice, Choices, arguments_of
from .subjects.subject import Given, Subject


class NotForThisSettingError(Exception):
    """The setting makes no sense for this layer."""


@dataclass(frozen=True, slots=True)
class Plan:
    """A layer with the chosen arguments, not yet built."""

    subject: Subject
    choices: Choices

    @property
    def arguments(self) -> dict[str, Any]:
        return {**self.subject.base, **arguments_of(self.choices, of_call=False)}

    @property
    def given(self) -> list[Given]:
        """All inputs of the model: the layer's, then those of the call's arguments."""
        further = [one for choice in self.choices if choice.of_call for one in tensors_in(choice)]
        return [*self.subject.inputs, *further]

    @property
    def batch_size(self) -> int | None:
        return BATCH if self.arguments.get("stateful") else None

    def layer(self, keras: Keras) -> Any:
        """Return the layer; a cell in the layer that calls it."""
        made = layer(keras, self.subject.class_name, **self.arguments)
        return layer(keras, self.subject.inside, cell=made) if self.subject.inside else made

    def call(self, made: Any, inputs: Sequence[Any]) -> Any:
        """Call the layer as the choices say."""
        count = len(self.subject.inputs)
        further = iter(inputs[count:])
        chosen = {**self.subject.called, **arguments_of(self.choices, of_call=True)}
        keywords = {name: with_tensors(value, further) for name, value in chosen.items()}
        if self.subject.positional:
            return made(*inputs[:count], **keywords)
        return made(list(inputs[:count]) if count > 1 else inputs[0], **keywords)


def tensors_in(choice: Choice) -> list[Given]:
    value = choice.value if isinstance(choice.value, list) else [choice.value]
    return [one for one in value if isinstance(one, Given)]


def with_tensors(value: Any, tensors: Any) -> Any:
    """Return the value of a call's argument, inputs of the model in the places of `Given`."""
    if isinstance(value, list):
        return [with_tensors(one, tensors) for one in value]
    return next(tensors) if isinstance(value, Given) else value


def flat(outputs: Any) -> list[Any]:
    """Return all tensors that a layer returned."""
    if isinstance(outputs, dict):
        outputs = [outputs[key] for key in sorted(outputs)]
    if isinstance(outputs, (list, tuple)):
        return [leaf for output in outputs for leaf in flat(output)]
    return [outputs]


def inputs_for(keras: Keras, plan: Plan, *, free: bool = False) -> list[Any]:
    """Return an input per tensor; with `free`, only the size of the last axis is known."""
    made = []
    for given in plan.given:
        known = given.shape[-1:] if given.dtype.startswith("float") else ()
        shape = (None,) * (len(given.shape) - len(known)) + known if free else given.shape
        made.append(keras.Input(shape, batch_size=plan.batch_size, dtype=given.dtype))
    return made


def alone(keras: Keras, plan: Plan) -> Any:
    """A model of the one layer: Sequential if it can be."""
    inputs, made = inputs_for(keras, plan), plan.layer(keras)
    outputs = plan.call(made, inputs)
    of_call = {**plan.subject.called, **arguments_of(plan.choices, of_call=True)}
    if len(inputs) == 1 and not of_call and not isinstance(outputs, (dict, list, tuple)):
        return keras.Sequential([inputs[0], made])
    return keras.Model(inputs, outputs)


def free(keras: Keras, plan: Plan) -> Any:
    """All sizes but the last are unknown until there is data."""
    if all(len(given.shape) < 2 for given in plan.given):
        raise NotForThisSettingError
    inputs = inputs_for(keras, plan, free=True)
    return keras.Model(inputs, plan.call(plan.layer(keras), inputs))


def inside(keras: Keras, plan: Plan) -> Any:
    """Other layers come before and after it."""
    inputs = inputs_for(keras, plan)
    before = [_dense(keras, tensor, tensor.shape[-1]) for tensor in inputs]
    outputs = flat(plan.call(plan.layer(keras), before if plan.subject.smooth else inputs))
    return keras.Model(inputs, [_dense(keras, output, 2) for output in outputs])


def _dense(keras: Keras, tensor: Any, units: Any) -> Any:
    dtype = getattr(tensor.dtype, "name", tensor.dtype)
    if not dtype.startswith("float") or len(tensor.shape) < 2 or tensor.shape[-1] is None:
        return tensor
    return keras.layers.Dense(units, activation="tanh")(tensor)


def twice(keras: Keras, plan: Plan) -> Any:
    """It is called for two sets of inputs."""
    first, second = inputs_for(keras, plan), inputs_for(keras, plan)
    made = plan.layer(keras)
    outputs = [*flat(plan.call(made, first)), *flat(plan.call(made, second))]
    return keras.Model([*first, *second], outputs)


def nested(keras: Keras, plan: Plan) -> Any:
    """It lies in a model that is a layer of the model, and is called twice."""
    inner_inputs = inputs_for(keras, plan)
    inner = keras.Model(inner_inputs, flat(plan.call(plan.layer(keras), inner_inputs)))
    inputs = inputs_for(keras, plan)
    given = inputs if len(inputs) > 1 else inputs[0]
    return keras.Model(inputs, [*flat(inner(given)), *flat(inner(given))])


def masked(keras: Keras, plan: Plan) -> Any:
    """Masks arrive at it, and a layer that uses masks follows."""
    if len(plan.subject.inputs[0].shape) != 2 or plan.subject.inputs[0].dtype != "float32":
        raise NotForThisSettingError
    inputs = inputs_for(keras, plan)
    before = [keras.layers.Masking(0.0)(tensor) if _steps(tensor) else tensor for tensor in inputs]
    outputs = [
        keras.layers.GlobalAveragePooling1D()(output) if _steps(output) else output
        for output in flat(plan.call(plan.layer(keras), before))
    ]
    return keras.Model(inputs, outputs)


def _steps(tensor: Any) -> bool:
    dtype = getattr(tensor.dtype, "name", tensor.dtype)
    return len(tensor.shape) == 3 and bool(dtype == "float32")


def every_step(keras: Keras, plan: Plan) -> Any:
    """It is the layer of a TimeDistributed."""
    if len(plan.given) > 1 or plan.subject.class_name in ("TimeDistributed", "Bidirectional"):
        raise NotForThisSettingError
    (given,) = plan.given
    steps = keras.Input((3, *given.shape), batch_size=plan.batch_size, dtype=given.dtype)
    if plan.subject.called or given.dtype == "string":
        raise NotForThisSettingError
    wrapper = keras.layers.TimeDistributed(plan.layer(keras))
    return keras.Model(steps, wrapper(steps))


Setting = Callable[[Keras, Plan], Any]
ALONE: Mapping[str, Setting] = {"alone": alone}
SURROUNDED: Mapping[str, Setting] = {
    "inside": inside,
    "free": free,
    "twice": twice,
    "nested": nested,
    "masked": masked,
    "steps": every_step,
}

__all__ = ["ALONE", "SURROUNDED", "NotForThisSettingError", "Plan", "Setting"]
