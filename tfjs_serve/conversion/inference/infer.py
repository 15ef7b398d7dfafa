"""Infers the shapes, masks and dtypes of the tensors in a model, layer by layer.

Shapes follow ``compute_output_shape`` of Keras's layers, masks follow their ``supports_masking``
and ``compute_mask``.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Collection, Iterator
from dataclasses import replace
from numbers import Real

from tfjs_serve.conversion.inference.execution_order import execution_order
from tfjs_serve.conversion.inference.load_order import load_order
from tfjs_serve.conversion.inference.shared_arguments import BROKEN, SharedArguments
from tfjs_serve.conversion.model.bounds import MAXIMUM_NUMBERS, MAXIMUM_RUNS
from tfjs_serve.conversion.model.facts import UNKNOWN, Facts, Site, TensorFact
from tfjs_serve.conversion.model.layers import CONTAINERS, Call, CallKey, KerasLayer, TensorRef
from tfjs_serve.conversion.model.report import Report
from tfjs_serve.conversion.model.shapes import CALL, Shapes
from tfjs_serve.conversion.rules.registry import LayerRule, Rules, passes_mask, traits_of
from tfjs_serve.conversion.rules.traits import Inner, Masking, Traits, starts_recurrences
from tfjs_serve.errors import UnsafeFileError


def infer(
    model: KerasLayer,
    rules: Rules,
    report: Report,
    containers: Collection[str] = (),
) -> Facts:
    """Return the facts of all calls in `model`.

    Parameters
    ----------
    containers
        Paths of the layers that are models in TF.js, which drops the masks of their outputs.

    Raises
    ------
    UnsafeFileError
        Calls of models inside of each other run the layers too often.
    """
    inference = _Inference(rules, report, containers)
    outputs = inference.model(model, ())
    calls: dict[str, list[tuple[TensorFact, ...]]] = defaultdict(list)
    results: dict[str, list[tuple[TensorFact, ...]]] = defaultdict(list)
    for site, made in inference.made:
        if site.inputs:
            calls[site.layer.path].append(site.inputs)
            results[site.layer.path].append(made)
    return Facts(
        sites=tuple(inference.sites),
        calls={path: tuple(facts) for path, facts in calls.items()},
        results={path: tuple(facts) for path, facts in results.items()},
        outputs=outputs,
    )


class _Inference:
    """One walk through a model in the order in which TF.js runs it."""

    def __init__(self, rules: Rules, report: Report, containers: Collection[str]) -> None:
        self._rules = rules
        self._report = report
        self._containers = containers
        self.sites: list[Site] = []
        self.made: list[tuple[Site, tuple[TensorFact, ...]]] = []
        self._shared = SharedArguments()

    def outputs(
        self, layer: KerasLayer, inputs: tuple[TensorFact, ...], call: int = 0
    ) -> tuple[TensorFact, ...]:
        """Return the facts of the outputs of one call of a layer."""
        shared = self._shared
        shared.update(fact.tfjs_mask for fact in inputs)
        if len(self.sites) >= MAXIMUM_RUNS:
            raise UnsafeFileError(
                f"{self._report.display_name} runs its layers more than {MAXIMUM_RUNS} times, "
                f"at {layer.path!r}",
                hint="call models inside of each other less often; or the file is made to "
                "exhaust this machine",
            )
        site = Site(
            layer=layer,
            inputs=inputs,
            seen_mask=shared.mask,
            seen_state=shared.has_state,
            call=call,
        )
        self.sites.append(site)
        outputs = self._outputs(layer, inputs)
        if any(map(_is_impossible, outputs)):
            self._report_impossible(layer, outputs)
            outputs = (UNKNOWN,) * len(outputs)
        if layer.path in self._containers:
            outputs = tuple(replace(fact, tfjs_mask=None) for fact in outputs)
        self.made.append((site, outputs))
        if self._traits(layer).has_states and len(inputs) > 1:
            shared.give_state()
        return outputs

    def _traits(self, layer: KerasLayer) -> Traits:
        return traits_of(self._rules, layer)

    def _report_impossible(self, layer: KerasLayer, outputs: tuple[TensorFact, ...]) -> None:
        shapes = ", ".join(str(fact.shape) for fact in outputs if _is_impossible(fact))
        self._report.impossible(
            layer,
            f"It computes tensors of the shape {shapes}, which no browser can hold.",
            "Make its inputs or its sizes smaller, or correct them.",
        )

    def _outputs(self, layer: KerasLayer, inputs: tuple[TensorFact, ...]) -> tuple[TensorFact, ...]:
        if layer.class_name == "InputLayer":
            return (_fed(layer, inputs),)
        if layer.class_name in CONTAINERS:
            return self._nested(layer, inputs)
        rule = self._rules.get(layer.class_name)
        if rule is None or any(fact.shape is None for fact in inputs) or not inputs:
            for child in layer.children:
                self.outputs(child, ())
            return (UNKNOWN,)
        return self._layer(layer, rule, inputs)

    def _layer(
        self, layer: KerasLayer, rule: LayerRule, inputs: tuple[TensorFact, ...]
    ) -> tuple[TensorFact, ...]:
        inner = [_known(facts) for facts in self._children(layer, inputs)]
        shapes = _known(inputs)
        if shapes is None or None in inner:
            return (UNKNOWN,)
        try:
            outputs = rule.shape(layer, shapes, tuple(shapes or () for shapes in inner))
        except (ArithmeticError, LookupError, StopIteration, TypeError, ValueError):
            # The arguments make no sense, which the rule itself reports.
            return (UNKNOWN,)
        mask, tfjs_mask = _output_masks(rule.traits, layer, inputs)
        dtypes = rule.traits.dtypes
        facts = [
            TensorFact(shape=shape, dtype=dtype)
            for shape, dtype in zip(
                outputs,
                dtypes(layer, inputs) if dtypes else ("float32",) * len(outputs),
                strict=True,
            )
        ]
        return (replace(facts[0], mask=mask, tfjs_mask=tfjs_mask), *facts[1:])

    def _children(
        self, layer: KerasLayer, inputs: tuple[TensorFact, ...]
    ) -> Iterator[tuple[TensorFact, ...]]:
        """Yield the facts of the outputs of each layer inside a wrapper or a Pipeline."""
        for child in layer.children:
            outputs = self._child(layer, child, inputs)
            yield outputs
            if self._traits(layer).inner is Inner.IN_TURN:
                inputs = outputs

    def _child(
        self, layer: KerasLayer, child: KerasLayer, inputs: tuple[TensorFact, ...]
    ) -> tuple[TensorFact, ...]:
        if self._traits(layer).inner is not Inner.EACH_STEP:
            return self.outputs(child, inputs[:1])
        # At each step, TF.js gives the inner layer the mask of all steps.
        mask = BROKEN if self._shared.mask else None
        seen = tuple(
            replace(fact, shape=(*shape[:1], *shape[2:]), tfjs_mask=mask)
            for fact in inputs
            for shape in (fact.shape or (),)
        )
        if starts_recurrences(child, self._traits):
            return self._on_its_own(child, seen)
        with self._shared.kept(), self._shared.inside():
            if child.class_name in CONTAINERS:
                # The second step gets what the first one leaves in the shared object.
                self.outputs(child, seen)
            return self.outputs(child, seen)

    def _on_its_own(
        self, child: KerasLayer, inputs: tuple[TensorFact, ...]
    ) -> tuple[TensorFact, ...]:
        """Run the layer inside the companion's TimeDistributed: once, with nothing shared."""
        shared, self._shared = self._shared, SharedArguments()
        with self._shared.inside():
            outputs = self.outputs(child, tuple(replace(x, tfjs_mask=None) for x in inputs))
        self._shared = shared
        return outputs

    def _nested(self, model: KerasLayer, inputs: tuple[TensorFact, ...]) -> tuple[TensorFact, ...]:
        """Run a nested model: no mask enters or leaves it in TF.js (``call``, ``container.ts``)."""
        inside = tuple(replace(fact, tfjs_mask=None) for fact in inputs)
        with self._shared.inside():
            return tuple(replace(fact, tfjs_mask=None) for fact in self.model(model, inside))

    def model(self, model: KerasLayer, inputs: tuple[TensorFact, ...]) -> tuple[TensorFact, ...]:
        """Return the facts of the outputs of the outermost model, or of a nested one."""
        if model.graph is not None:
            return self._graph(model, inputs)
        facts = inputs[:1]
        for child in model.children:
            facts = self.outputs(child, facts[:1])
        return facts

    def _graph(self, model: KerasLayer, inputs: tuple[TensorFact, ...]) -> tuple[TensorFact, ...]:
        graph = model.graph
        assert graph is not None
        children = {child.name: child for child in model.children}
        fed = {ref.layer: (fact,) for ref, fact in zip(graph.inputs, inputs, strict=False)}
        made: dict[CallKey, tuple[TensorFact, ...]] = {}

        def fact(ref: TensorRef) -> TensorFact:
            outputs = made.get(ref.key, ())
            found = outputs[ref.tensor] if 0 <= ref.tensor < len(outputs) else UNKNOWN
            return found if found.shape is not None else _saved(ref)

        calls = load_order(model, self._report).numbers
        for ref in execution_order(graph, calls):
            call = graph.call(ref.key)
            seen = tuple(map(fact, call.inputs)) or fed.get(ref.layer, ())
            outputs = self.outputs(_called(children[ref.layer], call), seen, ref.call)
            # If a call runs several times, TF.js keeps the result of the first run.
            made.setdefault(ref.key, outputs)
        return tuple(map(fact, graph.outputs))


def _saved(ref: TensorRef) -> TensorFact:
    """Return the shape and dtype that the file tells of a tensor, where no rule knows them."""
    fact = TensorFact(shape=ref.shape, dtype=ref.dtype)
    return UNKNOWN if _is_impossible(fact) else fact


def _called(layer: KerasLayer, call: Call) -> KerasLayer:
    """Return the layer with the arguments of one call, because shapes may depend on them."""
    return replace(layer, config={**layer.config, CALL: call.kwargs}) if call.kwargs else layer


def _is_impossible(fact: TensorFact) -> bool:
    """Whether sizes are negative or no integers, or one example is too large for a page."""
    sizes = [size for size in fact.shape or () if size is not None]
    if not all(map(_is_integer, sizes)):
        return True
    known = [size for size in (fact.shape or ())[1:] if size is not None]
    return math.prod(known) > MAXIMUM_NUMBERS or min(sizes, default=0) < 0


def _is_integer(size: object) -> bool:
    """Whether a size is an integer; R writes some as ``784.0``."""
    return not isinstance(size, bool) and isinstance(size, Real) and size % 1 == 0


def _known(facts: tuple[TensorFact, ...]) -> Shapes | None:
    shapes = tuple(fact.shape for fact in facts if fact.shape is not None)
    return shapes if len(shapes) == len(facts) else None


def _fed(layer: KerasLayer, inputs: tuple[TensorFact, ...]) -> TensorFact:
    """Return the fact of an InputLayer: its own shape counts, as TF.js builds layers for that.

    But the batch is that of the call.
    """
    given = inputs[0] if inputs else UNKNOWN
    shape = given.shape
    if (own := layer.config["batch_input_shape"]) is not None:
        shape = (*(shape or own)[:1], *own[1:])
    return replace(given, shape=shape, dtype=layer.dtype)


def _output_masks(
    traits: Traits, layer: KerasLayer, inputs: tuple[TensorFact, ...]
) -> tuple[str | None, str | None]:
    """Return the masks of a layer's output in Keras and in TF.js."""
    if traits.mask_maker is not None:
        return (layer.path, layer.path) if traits.mask_maker.made(layer) else (None, None)
    if not passes_mask(traits, layer):
        return None, None
    if len(inputs) == 1 or traits.masking is Masking.PER_STEP:
        return inputs[0].mask, inputs[0].tfjs_mask
    mask = layer.path if any(fact.masked for fact in inputs) else None
    return mask, mask and BROKEN
