"""Which name a model is to be saved under: from the URL of a request. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from tfjs_serve.errors import CannotSaveHereError
from tfjs_serve.settings import MODEL_JSON, Variant
from tfjs_serve.web import problems
from tfjs_serve.web.problems import ProblemError
from tfjs_serve.web.urls import ModelAddress, ModelFile, ModelPage, Refusal


@dataclass(frozen=True, slots=True, kw_only=True)
class SaveTarget:
    """What a URL says of a model to be saved.

    Attributes
    ----------
    whole
        The name, if all of the path is one.
    base, variant
        The name before the last ``@`` of the path, and what follows it if that is a variant.
    """

    whole: str
    base: str
    variant: Variant | None


def save_target(target: ModelFile | ModelPage | Refusal) -> SaveTarget:
    """Return what a model is to be saved as: ``/mnist``, ``/mnist/`` or ``/mnist/model.json``.

    Raises
    ------
    ProblemError
        The path cannot be decoded, or is no plain path.
    CannotSaveHereError
        It names no model.
    """
    if isinstance(target, Refusal):
        raise ProblemError(problems.from_status(target.status, f"{target.reason}."))
    addresses = _addresses(target)
    if not addresses:
        raise CannotSaveHereError(
            "the URL names no model", hint="save to /NAME, or to /NAME/model.json"
        )
    whole, last = addresses[0], addresses[-1]
    if last.variant not in {one.value for one in Variant}:
        return SaveTarget(whole=whole.name, base=whole.name, variant=None)
    return SaveTarget(whole=whole.name, base=last.name, variant=Variant(last.variant))


def require_whole_weights(target: SaveTarget) -> None:
    """Refuse to save as one of the variants with smaller weights.

    Raises
    ------
    CannotSaveHereError
    """
    if target.variant is not None and target.variant.is_quantized:
        raise CannotSaveHereError(
            f"{target.variant.value} weights are made of the model, and cannot be saved",
            hint=f"save to /{target.base}",
        )


def _addresses(target: ModelFile | ModelPage) -> tuple[ModelAddress, ...]:
    if isinstance(target, ModelPage):
        return target.addresses
    if target.file_name == MODEL_JSON:
        return target.addresses
    return target.page
