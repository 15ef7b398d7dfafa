"""The page of a model, and what all pages tell of one. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tfjs_serve.builder import EntryStatus, KeptGeneration
from tfjs_serve.facts.layers import Became
from tfjs_serve.facts.weight_error import WeightError
from tfjs_serve.facts.wording import counted
from tfjs_serve.neighbours import SERVED_AS
from tfjs_serve.settings import Variant
from tfjs_serve.web.listing import ModelSummary, utc
from tfjs_serve.web.pages.facts import Known, known_of
from tfjs_serve.web.pages.generations import generations_told, shards_of
from tfjs_serve.web.pages.proof import proof_of
from tfjs_serve.web.pages.snippets import snippets_of
from tfjs_serve.web.pages.templates import render
from tfjs_serve.web.pages.trial import trial_of
from tfjs_serve.web.pages.typescript import TYPES_NAME
from tfjs_serve.web.pages.variants import VariantView, variants_of
from tfjs_serve.web.pages.wording import FORMS, KINDS, readable_size, signature, state
from tfjs_serve.web.tfjs import Tfjs
from tfjs_serve.web.tfjs_backends import NO_BACKENDS, Backends


@dataclass(frozen=True, kw_only=True)
class ModelView:
    """A model as templates show it.

    Parameters
    ----------
    origin
        What goes before paths in the lines to paste, such as ``http://localhost:8000``.
    """

    summary: ModelSummary
    origin: str

    @property
    def name(self) -> str:
        return self.summary.entry.name

    @property
    def names(self) -> Sequence[str]:
        """Those by which events may call it."""
        return (self.name, self.summary.entry.exact_name)

    @property
    def status(self) -> EntryStatus:
        return self.summary.status

    @property
    def state(self) -> str:
        """In words."""
        return state(self.status)

    @property
    def key(self) -> str:
        """Differs when something has happened to the model."""
        error = self.status.error.message if self.status.error else ""
        return f"{self.summary.entry.changed_ns} {self.status.state.value} {error}"

    @property
    def can_be_tried(self) -> bool:
        """Whether it is not known that no page can load it."""
        return self.status.can_be_loaded is not False

    @property
    def about(self) -> Sequence[str]:
        """What the model is, in the list of all."""
        entry, facts = self.summary.entry, self.status.facts
        told = [entry.exact_name, FORMS[entry.kind], signature(facts) if facts else ""]
        if self.summary.shares_name:
            told.append("other models have this name too, so the URL says which is meant")
        return list(filter(None, told))

    @property
    def facts(self) -> Sequence[str]:
        """What the model is, in a few words each."""
        entry, facts = self.summary.entry, self.status.facts
        told = [entry.exact_name, KINDS[entry.kind], self.size]
        if facts is not None and facts.parameters:
            told.append(counted(facts.parameters, "parameter"))
        if self.summary.shares_name:
            told.append("other models have this name too, so the URL says which is meant")
        return told

    @property
    def size(self) -> str:
        return readable_size(self.summary.entry.size_bytes)

    @property
    def parameters(self) -> str:
        facts = self.status.facts
        return f"{facts.parameters:,}" if facts and facts.parameters else ""

    @property
    def needs(self) -> Sequence[str]:
        """What a page has to load besides TensorFlow.js."""
        if not (self.can_be_tried and self.status.facts):
            return ()
        own = ["own layers"] if self.own_layers else []
        return [*(["layers.js"] if self.status.needs_layers else []), *own]

    @property
    def changed(self) -> str:
        """When one of its files was changed."""
        return utc(self.summary.entry.changed_ns)

    @property
    def lines(self) -> str:
        """What a page has to have to load it."""
        return "\n".join(filter(None, (self.script_tag, self.load_line)))

    @property
    def load_line(self) -> str:
        return self.summary.load_line(self.origin)

    @property
    def script_tag(self) -> str:
        return self.summary.script_tag(self.origin)

    @property
    def own_layers(self) -> Sequence[str]:
        """The classes that the page has to have, because no server can."""
        layers = self.status.facts.layers if self.status.facts else ()
        return sorted({layer.class_name for layer in layers if layer.became is Became.OWN})

    @property
    def links(self) -> Mapping[str, str]:
        """The URLs of its files, by what they are called."""
        summary = self.summary
        beside = summary.entry.neighbours if summary.page_url else ()
        names = sorted({SERVED_AS.get(one.name, one.name) for one in beside})
        if self.status.facts is not None and summary.page_url:
            names = [TYPES_NAME, *names]
        urls = {"model.json": summary.url} if summary.url else {}
        return urls | {name: f"{summary.page_url}{name}" for name in names}


def model_page(
    summary: ModelSummary,
    generations: Sequence[KeptGeneration] = (),
    *,
    origin: str,
    tfjs: Tfjs,
    backends: Backends = NO_BACKENDS,
    weight_errors: Mapping[Variant, WeightError] | None = None,
) -> str:
    """Return the page at ``/<name>/``.

    Parameters
    ----------
    generations
        The versions of the model whose files are there, newest first.
    origin
        What goes before paths in the lines to paste, such as ``http://localhost:8000``.
    weight_errors
        How far the weights of variants are from those of the full model, where it was measured.
    """
    view = ModelView(summary=summary, origin=origin)
    facts = view.status.facts
    known = known_of(facts, summary.train_lines(origin)) if facts else None
    variants = variants_of(summary, weight_errors or {}) if view.can_be_tried else ()
    return render(
        "model",
        origin=origin,
        model=view,
        sections=_sections(view, known, variants, generations),
        snippets=snippets_of(summary, origin) if view.can_be_tried else (),
        variants=variants,
        known=known,
        generations=generations_told(generations),
        shards=shards_of(generations, summary.page_url),
        trial=trial_of(
            summary, tfjs, backends, generations=generations, own_layers=view.own_layers
        ),
        proof=proof_of(summary, tfjs, backends),
    )


def _sections(
    view: ModelView,
    known: Known | None,
    variants: Sequence[VariantView],
    generations: Sequence[KeptGeneration],
) -> Mapping[str, str]:
    """Return the headings of the sections that the page has, by their anchors."""
    has = {
        "load": ("Load it", view.can_be_tried and view.summary.url),
        "try": ("Try it", view.can_be_tried and view.summary.url),
        "proof": ("Proof", view.can_be_tried and view.summary.url),
        "tensors": ("Inputs and outputs", known and (known.facts.inputs or known.facts.outputs)),
        "layers": ("Layers", known and known.rows),
        "training": ("Training", known and known.training),
        "variants": ("Variants", variants),
        "generations": ("Generations", generations),
        "notes": ("Notes", view.status.notes),
    }
    return {anchor: text for anchor, (text, is_there) in has.items() if is_there}
