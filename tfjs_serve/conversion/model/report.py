"""Collects everything that is wrong with a model, so that the user is told all of it at once."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from tfjs_serve.conversion.model.layers import KerasLayer
from tfjs_serve.errors import ConversionError, ConversionProblem, KerasFileError, UnsafeFileError

NONSENSE = (
    *(ArithmeticError, AttributeError, LookupError, RecursionError, StopIteration, TypeError),
    ValueError,
)
"""What Python raises on JSON of an unexpected structure. Checking each step would tell no more."""
HINT_DAMAGED = "The file is damaged or was not written by Keras; save the model again."
_PACKAGES = frozenset({"keras_cv", "keras_hub", "keras_nlp"})
"""Libraries beside Keras that many use."""
_MODELS = (
    *("Backbone", "CausalLM", "Classifier", "Detector", "Embedder", "Estimator", "Inpaint"),
    *("Matcher", "MaskedLM", "Segmenter", "Seq2SeqLM", "ToImage", "ToText"),
)
"""How they call their subclasses of ``keras.Model``: backbones, and tasks that have one."""
HINT_NAME_IT = "name the file: --layers my-layers.js (in Python, the class: custom_layers)"
"""What to do with a layer that a page registers itself."""
_HINT_OF_MODELS = (
    "It is of a library beside Keras, whose file has only its arguments. Rebuild the model in "
    "Python as plain = keras.Model(model.inputs, model.outputs) and save that: models of such a "
    "library then have their layers in the file. Layers of the library itself that are left are "
    "reported by name; replace these by Keras's own, or write them in JavaScript, register them in "
    f"the page, and {HINT_NAME_IT}."
)
_MOST_TOLD = 1_000
"""Problems, and warnings: a report stays small, whatever is in the file."""
_MESSAGE_CHARACTERS = 2_000
_REASON_CHARACTERS = 300


def hint_of_package(layer: KerasLayer, otherwise: str, *, is_model: bool = False) -> str:
    """Return what to do with a class that may be of a library beside Keras.

    Parameters
    ----------
    otherwise
        What to do with any other class.
    is_model
        Whether it is known to be a model.
    """
    if layer.package not in _PACKAGES:
        return otherwise
    if is_model or layer.class_name.endswith(_MODELS):
        return _HINT_OF_MODELS
    return (
        f"It is a layer of {layer.package}, whose code is not in the file. Rebuild the model with "
        "Keras's own layers in its place, or write it in JavaScript, register it in the page, and "
        f"{HINT_NAME_IT}."
    )


NO_REGULARIZERS = "its regularizers are left out."
"""The warning of a layer whose regularizers only a page with ``training.js`` has."""


def as_told(layer: KerasLayer, message: str) -> str:
    """Return a warning with the layer in front."""
    return f"{layer.path} ({layer.class_name}): {message}"


def left_out(kind: str, class_name: str) -> str:
    """Return the warning of a layer with something that TensorFlow.js lacks."""
    return f"its {kind} {class_name} is left out: TensorFlow.js does not have it."


class Report:
    """Problems that stop a translation, and warnings that do not."""

    def __init__(self, display_name: str) -> None:
        self._display_name = display_name
        self._problems: dict[ConversionProblem, None] = {}
        self._warnings: dict[str, None] = {}
        self._impossible: set[str] = set()

    def copy(self) -> Report:
        """Return a report that starts with what this one holds."""
        copied = Report(self._display_name)
        copied._problems |= self._problems
        copied._warnings |= self._warnings
        copied._impossible |= self._impossible
        return copied

    @property
    def display_name(self) -> str:
        """The name of the file in messages."""
        return self._display_name

    @property
    def codes(self) -> frozenset[str]:
        """The codes of all problems."""
        return frozenset(problem.code for problem in self._problems)

    def problem(self, layer: KerasLayer, code: str, message: str, hint: str) -> None:
        """Add a reason why `layer` cannot be translated; adding it twice changes nothing."""
        self._problems.setdefault(
            ConversionProblem(
                code=code,
                layer_path=layer.path,
                class_name=layer.class_name,
                message=message[:_MESSAGE_CHARACTERS],
                hint=hint,
            )
        )

    def impossible(self, layer: KerasLayer, message: str, hint: str) -> None:
        """Add that no page can hold what `layer` computes, so its rule is not applied."""
        self._impossible.add(layer.path)
        self.problem(layer, "impossible-shape", message, hint)

    def is_impossible(self, layer: KerasLayer) -> bool:
        """Whether :meth:`impossible` was called for `layer`."""
        return layer.path in self._impossible

    def warn(self, layer: KerasLayer, message: str) -> None:
        """Add something that was left out without changing predictions."""
        self._warnings.setdefault(as_told(layer, message))

    def tells_of(self, layer: KerasLayer) -> bool:
        """Whether `layer` has a problem."""
        return any(problem.layer_path == layer.path for problem in self._problems)

    @property
    def has_problems(self) -> bool:
        """Whether there are problems, so that the translation cannot succeed."""
        return bool(self._problems)

    @property
    def warnings(self) -> tuple[str, ...]:
        """All warnings in the order they were found."""
        warnings = tuple(self._warnings)
        more = len(warnings) - _MOST_TOLD
        return (*warnings[:_MOST_TOLD], f"{more} more warnings.") if more > 0 else warnings

    def raise_problems(self) -> None:
        """Raise all problems as one error, if there are any.

        Raises
        ------
        ConversionError
            There are problems; it holds the first thousand.
        """
        if self._problems:
            count = len(self._problems)
            raise ConversionError(
                f"{self._display_name} cannot be converted: "
                f"{count} problem{'s' if count > 1 else ''}",
                list(self._problems)[:_MOST_TOLD],
                hint="change the model as the problems say, and save it again",
            )


@contextmanager
def nonsense_as_error(display_name: str) -> Iterator[None]:
    """Turn what Python raises on a configuration that makes no sense into an error for the user.

    Parameters
    ----------
    display_name
        The name of the file in messages.

    Raises
    ------
    KerasFileError
        Python raised one of `NONSENSE`.
    UnsafeFileError
        Python ran out of memory.
    """
    try:
        yield
    except NONSENSE as error:
        raise KerasFileError(
            f"{display_name}: its architecture makes no sense "
            f"({type(error).__name__}: {str(error)[:_REASON_CHARACTERS]})",
            hint="the file is damaged or was not written by Keras; save the model again, and if "
            "Keras loads it, report it",
        ) from error
    except MemoryError as error:
        raise UnsafeFileError(
            f"{display_name}: its architecture asks for more memory than there is",
            hint="the file is damaged, or made to exhaust this machine; save the model again",
        ) from error
