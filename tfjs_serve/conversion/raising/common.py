"""Writes a model as one configuration that both Kerases load, in HDF5 files and in archives."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from tfjs_serve.conversion.all_rules import rules
from tfjs_serve.conversion.masks.implied import ExplicitMasks
from tfjs_serve.conversion.model.layers import Json, KerasLayer
from tfjs_serve.conversion.model.report import Report
from tfjs_serve.conversion.raising.arguments import spelled_layer
from tfjs_serve.conversion.raising.calls import Calls, calls_of, layer_order
from tfjs_serve.conversion.raising.entry import (
    Entry,
    Pair,
    around,
    distinct_names,
    entry_of,
    inherited,
    input_config,
    is_mirrored,
    plain_name,
    policy,
)
from tfjs_serve.conversion.raising.model import BOTH, KERAS2, KERAS3, Origin
from tfjs_serve.conversion.rules.registry import traits_of
from tfjs_serve.conversion.spelling.entries import config_of, entries_of

_NO_KERAS = "no-such-layer"
_HINT_REBUILD = "Replace it in the model that this one came from."
_WITHOUT_FLAG = frozenset(
    {"Discretization", "HashedCrossing", "Pipeline"}
    | {"SpatialDropout1D", "SpatialDropout2D", "SpatialDropout3D"}
)
"""Layers that do not take their own trainable flag in some Keras, and train nothing."""
_ARGUMENTS_EACH = frozenset({"GroupedQueryAttention", "MultiHeadAttention"})
"""Layers whose inputs are arguments of their own: query, value and key."""
_WRAPPED = ("layer", "cell")


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """The configuration of a model.

    Attributes
    ----------
    model
        The layers in it, in the one spelling that rules know. They have the paths that they had
        before, also those with another name now.
    loaded_by
        The generations of Keras that can load it.
    """

    config: Entry
    model: KerasLayer
    loaded_by: frozenset[int]
    notes: tuple[str, ...]


def in_common(origin: Origin, report: Report) -> Written:
    """Return the configuration of a model.

    Parameters
    ----------
    report
        Gets layers that no Keras has any more.
    """
    writer = _Writer(origin, report)
    config, model = writer.entry(origin.model, origin.config, plain_name(origin.model))
    return Written(
        config=config,
        model=model,
        loaded_by=writer.loaded_by,
        notes=tuple(dict.fromkeys(writer.notes)),
    )


class _Writer:
    def __init__(self, origin: Origin, report: Report) -> None:
        self._generation = origin.generation
        self._report = report
        self.loaded_by: frozenset[int] = BOTH
        self.notes: list[str] = []

    def entry(self, layer: KerasLayer, entry: Mapping[str, Any], name: str) -> Pair:
        """Return the entry of a layer or model.

        Parameters
        ----------
        entry
            As it was in the file that it came from.
        name
            Its name in the file.
        """
        if name != layer.name:
            self.notes.append(f"{layer.name!r} is called {name!r}: names have no slashes.")
        layer = replace(layer, name=name)
        if layer.class_name == "Sequential":
            return self._sequential(layer, entry)
        if layer.graph is not None:
            return self._functional(layer, entry)
        return self._layer(layer, entry)

    def _sequential(self, model: KerasLayer, entry: Mapping[str, Any]) -> Pair:
        entries = entries_of(config_of(entry))
        padded = [*([{}] * (len(model.children) - len(entries))), *entries]
        names = distinct_names(model)
        pairs = [
            self.entry(inherited(child, model), one, names[child.name])
            for child, one in zip(model.children, padded, strict=True)
        ]
        config = {"name": model.name, "layers": [made for made, _ in pairs]}
        return entry_of("keras", "Sequential", config), around(model, pairs)

    def _functional(self, model: KerasLayer, entry: Mapping[str, Any]) -> Pair:
        assert model.graph is not None
        names = distinct_names(model)
        entries = dict(
            zip(
                (child.name for child in model.children),
                entries_of(config_of(entry)),
                strict=True,
            )
        )
        calls = self._calls(model, names)
        if calls is None:
            return self._verbatim(model, entry, entries)
        pairs, old = [], config_of(entry)
        by_name = {child.name: child for child in model.children}
        for one in layer_order(model.graph):
            child, name = by_name[one], names[one]
            made, layer = self.entry(inherited(child, model), entries[one], name)
            pairs.append(({**made, "name": name, "inbound_nodes": calls.nodes(one)}, layer))
        config = {
            "name": model.name,
            "trainable": True,
            "layers": [made for made, _ in pairs],
            "input_layers": self._ends(calls, "inputs", old),
            "output_layers": self._ends(calls, "outputs", old),
        }
        return entry_of("keras.src.models", "Functional", config), around(model, pairs)

    def _ends(self, calls: Calls, which: str, old: Mapping[str, Any]) -> Json:
        """Return the inputs or outputs; a single one by itself, unless it was in a list.

        Keras 2 always writes a list, and returns the only output by itself nevertheless. In Keras 3
        such a model would return a list, which no layer after it takes.
        """
        made, before = calls.ends(which), old.get(f"{which[:-1]}_layers")
        was_list = isinstance(before, list) and bool(before) and isinstance(before[0], list)
        is_one = isinstance(made, list) and len(made) == 1 and which not in calls.graph.structures
        return made[0] if is_one and not (was_list and self._generation >= 3) else made

    def _calls(self, model: KerasLayer, names: Mapping[str, str]) -> Calls | None:
        """Return the calls of a model; ``None`` if they have to stay as they were written."""
        assert model.graph is not None
        table, by_name = rules(), {child.name: child for child in model.children}
        recurrent = frozenset(
            name for name, child in by_name.items() if traits_of(table, child).has_states
        )
        spread = frozenset(
            name for name, child in by_name.items() if child.class_name in _ARGUMENTS_EACH
        )
        calls = calls_of(model, names, recurrent, spread)
        masks = ExplicitMasks(graph=model.graph, layers=by_name, rules=table)
        for name, indices in calls.kept.items():
            if by_name[name].is_operation:
                return None
            for call in (model.graph.calls[name][index] for index in indices):
                mask = call.kwargs.get("mask")
                if mask is not None and not masks.is_implied(call, mask):
                    return None
        if self._generation >= 3 and not calls.as_lists:
            return None
        if not calls.as_lists:
            self._only(KERAS3, model, "a layer is called with tensors among its other arguments")
        return calls

    def _verbatim(
        self,
        model: KerasLayer,
        entry: Mapping[str, Any],
        entries: Mapping[str, Mapping[str, Any]],
    ) -> Pair:
        """Return a model whose calls stay as they were written: functions, and masks as tensors."""
        self._only(
            KERAS3 if self._generation >= 3 else KERAS2,
            model,
            "it has functions, or tensors among the other arguments of layers",
        )
        pairs = []
        for child in model.children:
            one = entries[child.name]
            if child.is_operation:
                pairs.append((dict(one), child))
                continue
            made, layer = self.entry(inherited(child, model), one, child.name)
            nodes = one.get("inbound_nodes", [])
            pairs.append(({**made, "name": child.name, "inbound_nodes": nodes}, layer))
        old = config_of(entry)
        config = {
            "name": model.name,
            "trainable": True,
            "layers": [made for made, _ in pairs],
            "input_layers": old.get("input_layers"),
            "output_layers": old.get("output_layers"),
        }
        return entry_of("keras.src.models", "Functional", config), around(model, pairs)

    def _layer(self, layer: KerasLayer, entry: Mapping[str, Any]) -> Pair:
        old = config_of(entry)
        if layer.is_custom:
            self.notes.append(f"{layer.path} ({layer.class_name}) needs its Python class.")
            return {**entry, "config": {**old, "trainable": layer.trainable}}, layer
        spelled = spelled_layer(layer)
        self._tell(layer, spelled.loaded_by, spelled.because)
        config: Entry = {"name": layer.name, "trainable": layer.trainable, **spelled.config}
        config["dtype"] = policy(layer, old)
        if layer.class_name == "InputLayer":
            config = input_config(config)
        if spelled.class_name in _WITHOUT_FLAG:
            del config["trainable"]
        if spelled.class_name == "Pipeline":
            del config["dtype"]
        inside, children = self._inside(layer, old)
        made = entry_of("keras.layers", spelled.exported_name, {**config, **inside})
        return made, replace(layer, class_name=spelled.class_name, children=tuple(children))

    def _inside(self, layer: KerasLayer, old: Mapping[str, Any]) -> tuple[Entry, list[KerasLayer]]:
        """Return the layers inside a wrapper, by the arguments that have them."""
        rest = [inherited(child, layer) for child in layer.children]
        if layer.class_name == "Bidirectional":
            return self._both_directions(rest, old)
        found: Entry = {}
        children: list[KerasLayer] = []
        for key in _WRAPPED:
            if isinstance(old.get(key), dict) and rest:
                child = rest.pop(0)
                found[key], made = self.entry(child, old[key], plain_name(child))
                children.append(made)
        several = "layers" if layer.class_name == "Pipeline" else "cells"
        if rest:
            entries = [one for one in old.get(several) or () if isinstance(one, dict)]
            pairs = [
                self.entry(child, one, plain_name(child))
                for child, one in zip(rest, entries, strict=True)
            ]
            found[several] = [made for made, _ in pairs]
            children += [made for _, made in pairs]
        return found, children

    def _both_directions(
        self, children: list[KerasLayer], old: Mapping[str, Any]
    ) -> tuple[Entry, list[KerasLayer]]:
        forward, backward = children
        inner, other = config_of({"config": old.get("layer")}), old.get("backward_layer")
        made, first = self.entry(forward, inner, plain_name(forward))
        found: Entry = {"layer": made}
        given = other if isinstance(other, dict) else inner
        made, second = self.entry(backward, given, plain_name(backward))
        if isinstance(other, dict) and not is_mirrored(forward, backward):
            found["backward_layer"] = made
        return found, [first, second]

    # --- Who can load it ----------------------------------------------------------------

    def _tell(self, layer: KerasLayer, loaded_by: frozenset[int], because: str) -> None:
        if not loaded_by:
            with_it = "" if because == layer.class_name else f" with {because}"
            message = f"No Keras of today has this layer{with_it}."
            self._report.problem(layer, _NO_KERAS, message, _HINT_REBUILD)
        elif loaded_by != BOTH:
            (one,) = loaded_by
            self._only(one, layer, because)

    def _only(self, generation: int, layer: KerasLayer, because: str) -> None:
        self.loaded_by &= {generation}
        known = "Keras 3" if generation == KERAS3 else "tf_keras"
        self.notes.append(f"Only {known} loads it: {layer.path} ({because}).")
