"""Chooses the architecture for weights that were saved without one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import PurePath

from tfjs_serve.conversion.stored.alone import are_alone, no_architecture
from tfjs_serve.conversion.stored.fitting import Names
from tfjs_serve.errors import ConversionError, TfjsServeError, WeightsOnlyFileError
from tfjs_serve.keras_files import Architecture, KerasModel

_WEIGHTS = (".weights", "_weights", "-weights")
"""What the names of files of weights have after the name of the model."""
_MOST_TOLD = 8
"""How many architectures a message names."""
_MOST_PROBLEMS = 2
"""How many of its problems are told of each of them."""
_HOW_NAMED = " with check --topology FILE or convert --topology FILE (topology in Python)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fit:
    """Whether one architecture fits the weights.

    Attributes
    ----------
    model
        The whole model that they make, with the weights under the names of its layers.
    names
        How far names of layers agree.
    problem
        Why they do not fit; empty if they do.
    """

    architecture: Architecture
    model: KerasModel
    names: Names = Names.NONE
    problem: str = ""


Try = Callable[[Architecture], Fit]


def whole(keras_model: KerasModel, fit: Try) -> tuple[KerasModel, str]:
    """Return the model with an architecture, and what users should know about the choice.

    Parameters
    ----------
    fit
        Finds out whether an architecture fits; it may raise an error, which is the reason why not.

    Raises
    ------
    WeightsOnlyFileError
        It has none; or none of its architectures fits, or several do.
    """
    if are_alone(keras_model):
        raise no_architecture(keras_model)
    if not keras_model.architectures:
        return keras_model, ""
    fits = [_tried(keras_model, one, fit) for one in keras_model.architectures]
    best = _best([one for one in fits if not one.problem], keras_model.display_name)
    if len(best) == 1:
        return best[0].model, _note(best[0], fits)
    raise _none(keras_model, fits) if not best else _several(keras_model, best, fits)


def _tried(keras_model: KerasModel, architecture: Architecture, fit: Try) -> Fit:
    if architecture.problem:
        return Fit(architecture=architecture, model=keras_model, problem=architecture.problem)
    try:
        return fit(architecture)
    except ConversionError as error:
        problem = "; ".join(map(str, error.problems[:_MOST_PROBLEMS]))
    except TfjsServeError as error:
        problem = error.message.removeprefix(keras_model.display_name).lstrip(": ")
    return Fit(architecture=architecture, model=keras_model, problem=problem)


def _best(fitting: Sequence[Fit], display_name: str) -> list[Fit]:
    """Return those that fit best: one, unless only a guess could choose among them."""
    names = max((one.names for one in fitting), default=Names.NONE)
    best = [one for one in fitting if one.names is names]
    if best and all(one.architecture.config == best[0].architecture.config for one in best):
        return best[:1]  # copies of the same architecture
    own = [one for one in best if _stem(one.architecture.file_name) == _stem(display_name)]
    return own if len(own) == 1 else best


def _stem(file_name: str) -> str:
    """Return the name that files of one model share: ``digits`` of ``digits.weights.h5``."""
    stem = PurePath(file_name).stem
    return stem[: -len(_WEIGHTS[0])] if stem.endswith(_WEIGHTS) else stem


def _note(chosen: Fit, fits: Sequence[Fit]) -> str:
    """Return the note on a choice for which nothing but the name of the file speaks."""
    others = [
        one.architecture.file_name
        for one in fits
        if not one.problem
        and one.names is chosen.names
        and one.architecture.config != chosen.architecture.config
    ]
    if not others:
        return ""
    return (
        f"Its architecture is {chosen.architecture.file_name}, which has its name; "
        f"{_listed(others)} would fit as well."
    )


def _none(keras_model: KerasModel, fits: Sequence[Fit]) -> WeightsOnlyFileError:
    return WeightsOnlyFileError(
        f"{keras_model.display_name} holds weights only, and no architecture beside it fits: "
        f"{_reasons(fits)}",
        hint="save the architecture of this very model beside it, with model.to_json(), or name "
        f"its file{_HOW_NAMED}",
    )


def _several(
    keras_model: KerasModel, best: Sequence[Fit], fits: Sequence[Fit]
) -> WeightsOnlyFileError:
    others = _reasons([one for one in fits if one.problem])
    return WeightsOnlyFileError(
        f"{keras_model.display_name} holds weights only, and several architectures beside it fit: "
        f"{_listed([one.architecture.file_name for one in best])}"
        f"{f'; others do not: {others}' if others else ''}",
        hint="give the right one its name (digits.json for digits.h5), leave only that one in the "
        f"folder, or name it{_HOW_NAMED}",
    )


def _reasons(fits: Sequence[Fit]) -> str:
    return _listed([f"{one.architecture.file_name} ({one.problem})" for one in fits])


def _listed(texts: Sequence[str]) -> str:
    more = len(texts) - _MOST_TOLD
    return ", ".join(texts[:_MOST_TOLD]) + (f" and {more} more" if more > 0 else "")
