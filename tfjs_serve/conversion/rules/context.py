"""What a layer rule gets, and what it returns."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field

from tfjs_serve import companion
from tfjs_serve.conversion.model.facts import TensorFact
from tfjs_serve.conversion.model.layers import CONTAINERS, Json, KerasLayer
from tfjs_serve.conversion.model.report import Report
from tfjs_serve.conversion.model.shapes import Shape, Shapes
from tfjs_serve.conversion.rules.arguments import ConfigReader, Keywords
from tfjs_serve.conversion.rules.traits import TraitsOf
from tfjs_serve.layers_model.model import LayersWeight, TensorSource


@dataclass(frozen=True, slots=True, kw_only=True)
class Inside:
    """What a companion layer has to know of a recurrent layer or cell inside it.

    Attributes
    ----------
    arguments
        What the companion reads of it.
    weights
        By their names in it, such as ``"kernel"``.
    fixed
        Names of the weights that are not trained.
    without_losses
        The layers whose regularizers and constraints the companion leaves out.
    """

    arguments: Mapping[str, Json]
    weights: Mapping[str, TensorSource]
    fixed: Collection[str] = ()
    without_losses: tuple[KerasLayer, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class TfjsLayer:
    """A layer in TF.js's terms.

    Attributes
    ----------
    class_name
        As registered in tfjs-layers.
    config
        Keys in snake case. TF.js turns them, and string values too, into camel case.
    weights
        Under the names that the loader will look up.
    equal_outputs
        From the index of an output to the index of another one that is the same tensor. The graph
        is written with the second index only.
    inside
        The other form of a recurrent layer or cell. The layer around it takes one of the two.
    """

    class_name: str
    config: dict[str, Json]
    weights: tuple[LayersWeight, ...] = ()
    equal_outputs: Mapping[int, int] = field(default_factory=dict)
    inside: Inside | None = None

    @property
    def is_container(self) -> bool:
        """Whether it is a model: its calls count from 1, and no mask enters or leaves it."""
        return self.class_name in CONTAINERS

    def to_json(self) -> dict[str, Json]:
        """Return the object that ``deserialize`` takes."""
        return {"class_name": self.class_name, "config": self.config}


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerContext:
    """One layer to translate, and everything that its rule may ask for.

    A rule cannot look into the table of all rules, because the table imports it. What it needs of
    the rules of other layers comes with the context: `traits_of`, `output_shape` and
    `translate_child`.

    Attributes
    ----------
    layer
        The layer to translate.
    name
        The layer's name in TF.js.
    scope
        Prefix of the names of its weights: TF.js's name scopes while the layer is built.
    read
        Its arguments.
    weights
        The layer's own weights by Keras variable name.
    calls
        Shapes and masks of the inputs of each of its calls; empty for a cell.
    results
        Shapes and masks of the outputs of each of its calls.
    keywords
        The other arguments of its calls.
    passes_mask
        Whether the mask of its input travels on with its output in Keras.
    fixed_variables
        Names of the variables that are not trained.
    translate_child
        Translates a layer inside this one, given the layer, its name and its scope.
    traits_of
        Returns the traits of any Keras layer.
    output_shape
        Returns the shape of the first output of any Keras layer, given the shapes of its inputs.
    """

    layer: KerasLayer
    name: str
    scope: str
    read: ConfigReader
    weights: Mapping[str, TensorSource]
    calls: Sequence[Sequence[TensorFact]]
    results: Sequence[Sequence[TensorFact]]
    keywords: Keywords
    passes_mask: bool
    fixed_variables: Collection[str]
    translate_child: Callable[[KerasLayer, str, str], TfjsLayer]
    traits_of: TraitsOf
    output_shape: Callable[[KerasLayer, Shapes], Shape]

    def native(self, class_name: str, config: Mapping[str, Json]) -> TfjsLayer:
        """Return a TF.js layer that has this layer's weights under Keras's variable names."""
        return TfjsLayer(
            class_name=class_name,
            config={**self.base_config(), **config},
            weights=tuple(
                LayersWeight(name=f"{self.scope}/{variable}", source=source)
                for variable, source in self.weights.items()
            ),
        )

    def companion(self, class_name: str, arguments: Mapping[str, Json]) -> TfjsLayer:
        """Return a layer of ``layers.js`` that has this layer's weights.

        Parameters
        ----------
        class_name
            Name of the class, without its package.
        arguments
            Those that the class declares; see ``companion.py``.

        Raises
        ------
        ArgumentMismatchError
            The class declares others; not after a problem, since nothing is written then.
        """
        if not self.read.report.has_problems:
            companion.check_arguments(class_name, arguments)
        variables = [
            {
                "name": name,
                "shape": list(source.shape),
                "trainable": name not in self.fixed_variables,
            }
            for name, source in self.weights.items()
        ]
        config = {
            "arguments": dict(arguments),
            "variables": variables,
            "shapes": self._companion_shapes(),
            "passes_mask": self.passes_mask,
        }
        return self.native(f"{companion.PACKAGE}>{class_name}", config)

    def _companion_shapes(self) -> list[Json]:
        """Return the input and output shapes of the calls, each different pair once."""
        pairs: list[Json] = []
        for inputs, outputs in zip(self.calls, self.results, strict=True):
            shapes = [[list(fact.shape or ()) for fact in facts] for facts in (inputs, outputs)]
            if shapes not in pairs:
                pairs.append(shapes)
        return pairs

    @property
    def mask_input(self) -> bool:
        """Whether the last input of each call is a mask, which only a companion can read."""
        return self.layer.mask_input

    def base_config(self) -> dict[str, Json]:
        """Return the arguments that every TF.js layer takes (``engine/topology.ts``, Layer)."""
        return {"name": self.name, "trainable": self.layer.trainable, "dtype": "float32"}

    @property
    def shapes(self) -> Sequence[Shape]:
        """Shapes of the first input, counting the batch axis, of the calls where it is known."""
        return [call[0].shape for call in self.calls if call[0].shape is not None]

    @property
    def knows_shapes(self) -> bool:
        """Whether the shapes of all inputs are known; sizes in them may be unknown."""
        facts = [fact for call in self.calls for fact in call]
        return bool(facts) and all(fact.shape is not None for fact in facts)

    @property
    def ranks(self) -> Sequence[int]:
        """Numbers of axes of the first input, counting the batch axis, where it is known."""
        return [len(shape) for shape in self.shapes]

    def one_rank(self) -> int | None:
        """Return the number of axes of the input, or ``None`` if it is not known.

        Calls with inputs of different ranks are reported. This is for layers whose translation, or
        whose TF.js layer, depends on the rank.
        """
        ranks = self.ranks
        if len(set(ranks)) > 1:
            self.problem(
                "unsupported-call",
                f"It is called with inputs of {' and '.join(map(str, sorted(set(ranks))))} axes, "
                "for which TensorFlow.js needs different layers.",
                "Use a layer of its own for each.",
            )
        return ranks[0] if ranks else None

    def at_most_axes(self, count: int) -> None:
        """Report inputs that have more axes, counting the batch axis, than TF.js's layer takes."""
        if any(rank > count for rank in self.ranks):
            self.problem(
                "unsupported-input",
                f"TensorFlow.js's {self.layer.class_name} does not take an input of more than "
                f"{count} axes.",
                "Reshape the input to fewer axes.",
            )

    def known_sizes(self, axes: slice) -> None:
        """Report inputs with unknown sizes along `axes`, which TF.js needs to build the layer."""
        if any(None in shape[axes] for shape in self.shapes):
            self.problem(
                "unsupported-input",
                f"TensorFlow.js's {self.layer.class_name} must know the size of its input "
                "beforehand.",
                "Give keras.Input its whole shape, without None.",
            )

    def no_integers(self) -> None:
        """Report inputs of integers, which make Keras round; TF.js gets them as floats."""
        masks = int(self.mask_input)
        if any(fact.is_integer for call in self.calls for fact in call[: len(call) - masks]):
            self.problem(
                "unsupported-input",
                "Keras rounds what it computes from integers here, and TensorFlow.js does not.",
                "Give the model an input of dtype float32.",
            )

    def no_mask(self) -> None:
        """Report masks of the inputs, which TF.js's layer does not use as Keras's does."""
        if any(fact.masked for call in self.calls for fact in call):
            report_mask(self.layer, self.read.report)

    def problem(self, code: str, message: str, hint: str) -> None:
        """Report why this layer cannot be translated.

        Parameters
        ----------
        code
            The kind of problem, such as ``"unsupported-call"``.
        message
            The reason, as a sentence.
        hint
            What to do about it, as a sentence.
        """
        self.read.report.problem(self.layer, code, message, hint)

    def warn(self, message: str) -> None:
        """Report something that is left out without changing predictions."""
        self.read.report.warn(self.layer, message)


Translate = Callable[[LayerContext], TfjsLayer]
"""What a rule is: it returns the layer in TF.js's terms, and reports what it cannot express.

It may raise ``UnknownShapeError`` where a size is missing and ``UnknownActivationError`` for an
activation that Keras does not ship; the translator reports both, and any other error of Python's as
arguments that make no sense.
"""


def report_mask(layer: KerasLayer, report: Report) -> None:
    """Report that masks make `layer` compute something else in TF.js than in Keras."""
    report.problem(
        layer,
        "unsupported-mask",
        "TensorFlow.js does not handle masks at this layer as Keras does.",
        "Train the model without Masking and mask_zero=True.",
    )
