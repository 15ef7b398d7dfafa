"""What ``check`` says, in each of its formats: as results come, and at the end. Pure."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any
from xml.etree import ElementTree

from tfjs_serve.catalog.others import NotAModel
from tfjs_serve.cli.wording import printable, reason_of
from tfjs_serve.errors import DeploymentProblem, TfjsServeError
from tfjs_serve.facts.model import ModelFacts
from tfjs_serve.facts.wording import counted
from tfjs_serve.proving.model import Outcome, differences
from tfjs_serve.version import __version__
from tfjs_serve.web.problems import describe

Paragraph = tuple[str, str]
"""Text and its style."""
_INDENT = " " * 11


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """The result for one model, or for a path that has none: facts, an error or what it is.

    Attributes
    ----------
    path
        Where it is, from the current folder on; or its address, if it is deployed somewhere.
    name
        What messages call it.
    facts
        What is known of a model that was converted.
    needs_layers
        Whether a page has to load ``layers.js`` before the model.
    notes
        What users of the model should know.
    warnings
        What should be better where it is deployed.
    outcomes
        What came of running it.
    seconds
        How long it took.
    """

    path: str
    name: str = ""
    facts: ModelFacts | None = None
    needs_layers: bool = False
    notes: tuple[str, ...] = ()
    warnings: tuple[DeploymentProblem, ...] = ()
    error: TfjsServeError | None = None
    other: NotAModel | None = None
    outcomes: tuple[Outcome, ...] = ()
    seconds: float = 0.0

    @property
    def reason(self) -> str:
        """Why it cannot be loaded, where its path stands before it; empty if it can be."""
        if self.other is not None:
            return f"it is {self.other.message}"
        if self.error is None:
            return ""
        return reason_of(self.error, self.path, self.name or self.path)

    @property
    def details(self) -> tuple[str, ...]:
        """What else is to be said of it, in lines."""
        if self.other is not None:
            return (f"hint: {self.other.hint}",)
        told = self.error.details() if self.error is not None else ()
        notes = (f"note: {note}" for note in self.notes)
        proof = (differences(self.outcomes),) if self.outcomes else ()
        return (*told, *proof, *notes, *(f"warning: {warning}" for warning in self.warnings))


Results = Sequence[Checked]


def paragraphs(one: Checked) -> list[Paragraph]:
    """Return the text about one result; each paragraph is one line, whatever names hold."""
    details = [(f"{_INDENT}{printable(detail)}", "") for detail in one.details]
    path, reason = printable(one.path), printable(one.reason)
    if one.other is not None:
        return [(f"  no model {path}: {reason}", "yellow"), *details]
    if one.error is not None:
        return [(f"  refused  {path}: {reason}", "red"), *details]
    needs = "  (with layers.js)" if one.needs_layers else ""
    return [(f"  ok       {path}{needs}", "green"), *details]


def summary(results: Results) -> str:
    """Return the last line."""
    models = [one for one in results if one.other is None]
    good = [one for one in models if one.error is None]
    found, refused = counted(len(models), "model"), len(models) - len(good)
    needing = sum(one.needs_layers for one in good)
    with_layers = f" ({needing} with layers.js)" if needing else ""
    others = sum(one.other.count for one in results if one.other)
    more = f", and {others} more that {'is' if others == 1 else 'are'} none" if others else ""
    return f"{found}: {len(good)} ok{with_layers}, {refused} refused{more}"


def workflow_commands(one: Checked) -> list[str]:
    """Return the workflow commands of GitHub Actions about one result."""
    if one.error is None and one.other is None:
        notices = [_command("notice", one, note) for note in one.notes]
        return notices + [_command("warning", one, str(warning)) for warning in one.warnings]
    level = "error" if one.error is not None else "warning"
    return [_command(level, one, "\n".join((one.reason, *one.details)))]


def as_json(results: Results) -> str:
    """Return one document about all results; keys are in camel case, as in ``/-/models.json``."""
    models = [one for one in results if one.other is None]
    document = {
        "generatedBy": f"tfjs-serve {__version__}",
        "ok": all(one.error is None for one in models),
        "models": [_model_json(one) for one in models],
        "notModels": [{**one.other.to_json(), "path": one.path} for one in results if one.other],
    }
    return json.dumps(document, indent=1)


def as_junit(results: Results) -> str:
    """Return the results as the XML that CI servers show, in the form of JUnit."""
    suite = ElementTree.Element(
        "testsuite",
        name="tfjs-serve check",
        tests=str(len(results)),
        failures=str(sum(one.error is not None for one in results)),
        errors="0",
        skipped=str(sum(one.other is not None for one in results)),
        time=f"{sum(one.seconds for one in results):.3f}",
    )
    for one in results:
        _add_case(suite, one)
    # In ASCII, so that it is right whatever encoding the output has.
    document: bytes = ElementTree.tostring(suite, encoding="us-ascii", xml_declaration=True)
    return document.decode("ascii")


def _add_case(suite: ElementTree.Element, one: Checked) -> None:
    path = printable(one.path)
    case = ElementTree.SubElement(
        suite, "testcase", name=path, classname="model", time=f"{one.seconds:.3f}"
    )
    told = "\n".join(map(printable, one.details))
    if one.error is not None:
        message = printable(one.reason)
        failure = ElementTree.SubElement(case, "failure", message=message, type=one.error.code)
        failure.text = told
    elif one.other is not None:
        ElementTree.SubElement(case, "skipped", message=printable(one.reason)).text = told
    elif told:
        ElementTree.SubElement(case, "system-out").text = told


def _model_json(one: Checked) -> dict[str, Any]:
    return {
        "path": one.path,
        "ok": one.error is None,
        "error": describe(one.error) if one.error is not None else None,
        "needsLayersJs": one.needs_layers,
        "notes": list(one.notes),
        "runs": [outcome.to_json() for outcome in one.outcomes],
        "warnings": [asdict(warning) for warning in one.warnings],
        "seconds": round(one.seconds, 3),
        "facts": one.facts.to_json() if one.facts is not None else None,
    }


def _command(level: str, one: Checked, message: str) -> str:
    """Return a workflow command; see actions/toolkit, ``packages/core/src/command.ts``."""
    file = _escaped(one.path, {"%": "%25", "\r": "%0D", "\n": "%0A", ":": "%3A", ",": "%2C"})
    text = _escaped(f"{one.path}: {message}", {"%": "%25", "\r": "%0D", "\n": "%0A"})
    return f"::{level} file={file},title=tfjs-serve check::{text}"


def _escaped(text: str, escapes: dict[str, str]) -> str:
    return "".join(escapes.get(char) or printable(char) for char in text)


@dataclass(frozen=True, slots=True, kw_only=True)
class Format:
    """How results are printed: each when it comes, and all at the end.

    Attributes
    ----------
    each, end
        Return paragraphs.
    """

    each: Callable[[Checked], Iterable[Paragraph]]
    end: Callable[[Results], Iterable[Paragraph]]


def _nothing(_one: Checked) -> Iterable[Paragraph]:
    return ()


FORMATS = {
    "text": Format(each=paragraphs, end=lambda results: (("", ""), (summary(results), ""))),
    "json": Format(each=_nothing, end=lambda results: ((as_json(results), ""),)),
    "github": Format(
        each=lambda one: ((line, "") for line in workflow_commands(one)),
        end=lambda results: ((summary(results), ""),),
    ),
    "junit": Format(each=_nothing, end=lambda results: ((as_junit(results), ""),)),
}
