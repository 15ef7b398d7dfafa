from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import urljoin

import pytest
from markupsafe import escape

from tests.web.fakes import make_entry
from tfjs_serve.builder import EntryState, EntryStatus
from tfjs_serve.catalog.model import CatalogEntry, EntryKind, Neighbour
from tfjs_serve.catalog.others import NotAModel, not_a_model, saved_model
from tfjs_serve.errors import ConversionError, ConversionProblem, ModelNotFoundError
from tfjs_serve.facts.layers import Became, LayerInfo, TensorInfo
from tfjs_serve.facts.model import ModelFacts
from tfjs_serve.facts.training import TrainingInfo
from tfjs_serve.facts.weight_error import WeightError
from tfjs_serve.settings import Variant
from tfjs_serve.web.excerpt import Question, excerpt
from tfjs_serve.web.listing import (
    ModelList,
    ModelSummary,
    catalogue_json,
    summary_json,
)
from tfjs_serve.web.overview import Overview
from tfjs_serve.web.pages import templates
from tfjs_serve.web.pages.assets import asset
from tfjs_serve.web.pages.catalogue import catalogue_page as page_of
from tfjs_serve.web.pages.model import model_page
from tfjs_serve.web.pages.policy import PagePolicy
from tfjs_serve.web.pages.problem import problem_page
from tfjs_serve.web.pages.wording import readable_size, sentence
from tfjs_serve.web.problems import from_error
from tfjs_serve.web.tfjs import Tfjs

TFJS = Tfjs(url="https://cdn.example/tf.es2017.min.js")
ORIGIN = "http://localhost:8000"
HOSTILE = "<img src=x onerror=alert(1)>'\"& {{ version }} {% x %}"
FAILURE = ConversionError(
    f"{HOSTILE} cannot be converted",
    [
        ConversionProblem(
            code="unsupported-layer",
            layer_path=f"model/{HOSTILE}",
            class_name="RandomFlip",
            message="TensorFlow.js has no such layer.",
            hint="Remove it.",
        )
    ],
    hint="fix these",
)


DATA_SET = NotAModel(path="data/", message="where 9 more files are", hint="move them", count=9)
SAVED_MODEL = NotAModel(path="face/", message="a TensorFlow SavedModel", hint="in Python: save it")


class Elements(HTMLParser):
    """Collects tags, links and text, and fails on what is not closed."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: set[str] = set()
        self.links: list[str] = []
        self.relations: dict[str, str] = {}
        """What a link leads to, by the link, where it says so."""
        self.copied: list[str] = []
        """What buttons copy."""
        self.text = ""
        self.feed(html)
        self.text = " ".join(self.text.split())
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.links += [value or "" for key, value in attrs if key in ("href", "src")]
        named = dict(attrs)
        self.copied += [named["data-copy"] or ""] if "data-copy" in named else []
        if tag == "a" and "rel" in named:
            self.relations[named["href"] or ""] = named["rel"] or ""
        assert not any(key.startswith("on") or key == "style" for key, _ in attrs)
        if tag not in ("meta", "link", "input"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def summaries(
    *entries: CatalogEntry,
    status: EntryStatus | None = None,
    default: Variant = Variant.FULL,
) -> list[ModelSummary]:
    models = ModelList(entries, default)
    shown = status or EntryStatus(state=EntryState.READY)
    return [models.summary(entry, shown) for entry in models.by_exact_name.values()]


def catalogue(*entries: CatalogEntry, status: EntryStatus | None = None) -> Elements:
    listed = summaries(*entries, status=status)
    return Elements(catalogue_page(listed))


def catalogue_page(
    listed: list[ModelSummary],
    folder: str = "models",
    words: str = "",
    number: int = 1,
    others: Sequence[NotAModel] = (),
) -> str:
    models = ModelList([summary.entry for summary in listed], Variant.FULL)
    statuses = {summary.entry.exact_name: summary.status for summary in listed}
    shown = excerpt(models, statuses, Question(words=words, number=number))
    summaries = {summary.entry.exact_name: summary for summary in listed}
    chosen = [summaries[entry.exact_name] for entry in shown.entries]
    loading = [one.status.can_be_loaded for one in listed]
    overview = Overview(
        total=len(listed), load=loading.count(True), fail=loading.count(False), others=others
    )
    return page_of(chosen, shown, overview, folder=folder, origin=ORIGIN)


def test_the_catalogue_shows_how_to_load_each_model() -> None:
    page = catalogue(
        make_entry("iris.h5"), make_entry("g/model.json", EntryKind.TFJS_GRAPH, name="g")
    )
    assert page.copied == [
        "const model = await tf.loadGraphModel('http://localhost:8000/g/model.json');",
        "const model = await tf.loadLayersModel('http://localhost:8000/iris/model.json');",
    ]
    assert {"/iris/", "/iris/model.json", "/g/", "/g/model.json"} <= set(page.links)
    assert "2 models" in page.text
    assert "120.6 KiB" in page.text


def test_an_empty_folder_says_what_to_do() -> None:
    assert ".h5" in catalogue().text


@pytest.mark.parametrize(
    ("status", "shown"),
    [
        (EntryStatus(state=EntryState.FOUND), "not looked at yet"),
        (EntryStatus(state=EntryState.CHECKED, facts=ModelFacts()), "loads"),
        (EntryStatus(state=EntryState.CONVERTING), "converting"),
        (EntryStatus(state=EntryState.CONVERTING, progress=0.429), "converting, 42 %"),
        (EntryStatus(state=EntryState.READY), "ready"),
        (EntryStatus(state=EntryState.FAILED, error=FAILURE), "does not load"),
        (EntryStatus(state=EntryState.STALE, error=FAILURE), "last good version"),
    ],
)
def test_states(status: EntryStatus, shown: str) -> None:
    assert shown in catalogue(make_entry("iris.h5"), status=status).text


def test_what_is_wrong_is_told_completely() -> None:
    status = EntryStatus(state=EntryState.FAILED, error=FAILURE)
    summary = summaries(make_entry("iris.h5"), status=status)[0]
    for page in (
        catalogue(make_entry("iris.h5"), status=status),
        Elements(model_page(summary, origin=ORIGIN, tfjs=TFJS)),
    ):
        assert "RandomFlip" in page.text
        assert "TensorFlow.js has no such layer. Remove it." in page.text
        assert "Fix these." in page.text


def test_a_model_that_cannot_be_loaded_has_no_line_to_paste() -> None:
    status = EntryStatus(state=EntryState.FAILED, error=FAILURE)
    (summary,) = summaries(make_entry("iris.h5"), status=status)
    for page in (
        catalogue(make_entry("iris.h5"), status=status),
        Elements(model_page(summary, origin=ORIGIN, tfjs=TFJS)),
    ):
        assert "loadLayersModel" not in page.text
        assert not any(link.endswith("model.json") for link in page.links)


@pytest.mark.parametrize(
    ("overview", "shown"),
    [
        (Overview(total=1), "1 model"),
        (Overview(total=3, load=3), "3 models: all load"),
        (Overview(total=1, load=1), "1 model: it loads"),
        (Overview(total=3, load=1), "3 models: 1 load, 0 do not, 2 not looked at yet"),
        (
            Overview(total=16, load=8, fail=8, others=3 * [SAVED_MODEL]),
            "19 found: 8 load, 11 do not",
        ),
        (Overview(total=0, others=[SAVED_MODEL]), "1 found: 0 load, 1 do not"),
        (Overview(total=1, load=1, others=[DATA_SET]), "10 found: 1 load, 9 do not"),
    ],
)
def test_the_first_line_says_how_many_can_be_loaded(overview: Overview, shown: str) -> None:
    assert overview.in_words == shown


def test_what_is_no_model_is_said_with_what_to_do() -> None:
    page = Elements(catalogue_page([], others=[SAVED_MODEL]))
    assert "Not a model" in page.text
    assert "face/ is a TensorFlow SavedModel. In Python: save it." in page.text
    hostile = NotAModel(path=HOSTILE, message=HOSTILE, hint=HOSTILE)
    assert "img" not in Elements(catalogue_page([], others=[hostile])).tags
    assert "Not a model" not in Elements(catalogue_page([])).text


def test_the_page_of_a_model_tells_what_is_known_of_it() -> None:
    facts = ModelFacts(
        inputs=(TensorInfo(name=HOSTILE, shape=(None, 28, 28), dtype="float32"),),
        outputs=(TensorInfo(name="digit", shape=None, dtype="float32"),),
        layers=(
            LayerInfo(path="dense", class_name="Dense", became=Became.NATIVE),
            LayerInfo(path="gru", class_name="GRU", became=Became.COMPANION),
            LayerInfo(
                path="pool",
                class_name="AveragePooling2D",
                became=Became.NATIVE,
                needs_training_script=True,
            ),
        ),
        layer_count=6,
        parameters=39114,
        labels=("zero", HOSTILE),
        weight_bytes={"full": 2048, "uint8": 512},
    )
    status = EntryStatus(state=EntryState.CHECKED, facts=facts)
    (summary,) = summaries(make_entry("iris.h5"), status=status)
    page = Elements(model_page(summary, origin=ORIGIN, tfjs=TFJS))
    assert "39,114 parameters" in page.text
    assert "[any, 28, 28]" in page.text
    assert "of a shape that is not known" in page.text
    assert "2 as in TensorFlow.js, 1 a layer of layers.js; 3 more are not listed" in page.text
    assert page.text.count("as in TensorFlow.js; trains with training.js") == 1
    assert "zero, <img" in page.text
    assert "2.0 KiB" in page.text
    assert "img" not in page.tags
    assert summary.to_json()["facts"] == facts.listed()
    assert ModelFacts.from_json(facts.to_json()) == facts


def test_a_shared_name_is_said() -> None:
    twins = summaries(make_entry("twins.h5"), make_entry("twins.keras"), make_entry("one.h5"))
    assert [summary.shares_name for summary in twins] == [False, True, True]
    assert "other models have this name too" in catalogue_page(twins)


def test_notes_on_the_conversion_are_shown() -> None:
    status = EntryStatus(state=EntryState.READY, notes=("a regularizer is left out", HOSTILE))
    (summary,) = summaries(make_entry("iris.h5"), status=status)
    page = Elements(model_page(summary, origin=ORIGIN, tfjs=TFJS))
    assert "a regularizer is left out" in page.text
    assert HOSTILE in page.text
    assert "img" not in page.tags
    assert summary.to_json()["notes"] == ["a regularizer is left out", HOSTILE]


def test_a_model_that_needs_the_layers_says_so_everywhere() -> None:
    status = EntryStatus(state=EntryState.READY, facts=ModelFacts(parts=("recurrent",)))
    (summary,) = summaries(make_entry("iris.h5"), status=status)
    script = f'<script src="{ORIGIN}/iris/layers.js"></script>'
    page = catalogue(make_entry("iris.h5"), status=status)
    assert "layers.js" in page.text
    assert page.copied[0].startswith(f"{script}\n")
    assert script in Elements(model_page(summary, origin=ORIGIN, tfjs=TFJS)).text
    assert summary.to_json()["layers"] == "/iris/layers.js"


def test_a_model_with_layers_of_the_page_names_them() -> None:
    layers = tuple(
        LayerInfo(path=f"own{number}", class_name=HOSTILE, became=Became.OWN) for number in range(2)
    )
    status = EntryStatus(state=EntryState.READY, facts=ModelFacts(layers=layers, layer_count=2))
    assert "own layers" in catalogue(make_entry("iris.h5"), status=status).text
    (summary,) = summaries(make_entry("iris.h5"), status=status)
    page = Elements(model_page(summary, origin=ORIGIN, tfjs=TFJS))
    assert f"Register the layers of your own before the model: {HOSTILE}." in page.text
    assert "img" not in page.tags


def test_a_model_that_does_not_need_the_layers_does_not_mention_them() -> None:
    (summary,) = summaries(make_entry("iris.h5"))
    assert "layers.js" not in Elements(model_page(summary, origin=ORIGIN, tfjs=TFJS)).text
    assert summary.to_json()["layers"] is None


def test_without_notes_there_is_no_heading_for_them() -> None:
    (summary,) = summaries(make_entry("iris.h5"))
    assert "Notes" not in Elements(model_page(summary, origin=ORIGIN, tfjs=TFJS)).text


def test_a_model_page_has_the_urls_of_all_variants() -> None:
    summary = summaries(make_entry("a/iris.h5"), default=Variant.UINT8)[0]
    page = Elements(model_page(summary, origin=ORIGIN, tfjs=TFJS))
    for variant in Variant:
        is_there = variant is not Variant.TRAIN  # nothing tells of its training
        assert (f"/a/iris@{variant.value}/model.json" in page.links) == is_there
    assert "quantized, the default" in page.text


def test_a_model_page_tells_the_error_of_variants_that_were_made() -> None:
    (summary,) = summaries(make_entry("iris.h5"))
    errors = {
        Variant.UINT8: WeightError(largest=0.00151234, mean=6.2e-4),
        Variant.FLOAT16: WeightError(largest=0, mean=0),
    }
    html = model_page(summary, origin=ORIGIN, tfjs=TFJS, weight_errors=errors)
    told = Elements(html).text
    assert "a quarter of the size, quantized at most 0.0015, 0.00062 on average" in told
    assert "half the size, quantized measured when first loaded Measure" in told
    assert "half the size none" in told
    assert html.count('class="measure"') == 1


@pytest.mark.parametrize(
    ("entry", "path"),
    [
        (make_entry("a/iris.h5"), "iris.h5"),
        (make_entry("a/iris/model.json", EntryKind.TFJS_LAYERS, "a/iris"), "iris"),
    ],
)
def test_a_model_page_names_what_a_proof_is_made_of(entry: CatalogEntry, path: str) -> None:
    (summary,) = summaries(entry)
    page = Elements(model_page(summary, origin=ORIGIN, tfjs=TFJS))
    assert f"write_proof(model, x, '{path}')" in page.text


def test_a_model_page_tells_of_training() -> None:
    training = TrainingInfo(
        optimizer="Lion",
        losses=("Huber",),
        left_out=("TensorFlow.js has no loss <Huber>.",),
        compile_line="model.compile({optimizer: tf.train.adam(0.5)});",
    )
    status = EntryStatus(state=EntryState.READY, facts=ModelFacts(training=training))
    summary = summaries(make_entry("iris.h5"), status=status)[0]
    page = Elements(model_page(summary, origin=ORIGIN, tfjs=TFJS))
    assert "/iris@train/model.json" in page.links
    assert "It was trained with Lion and Huber. It does not load compiled." in page.text
    assert "TensorFlow.js has no loss <Huber>." in page.text
    assert training.compile_line in page.text
    assert "gradients" not in page.text
    assert "training.js" in page.text  # among the variants
    assert "/-/training.js" not in page.text  # it would not have the optimizer


def test_a_model_page_tells_when_a_page_needs_the_training_script() -> None:
    layers = tuple(
        LayerInfo(
            path=f"pool{number}",
            class_name="AveragePooling2D",
            became=Became.NATIVE,
            needs_training_script=number > 0,
        )
        for number in range(13)
    )
    training = TrainingInfo(optimizer="SGD", losses=("Huber",), is_compiled=True, has_all=True)
    facts = ModelFacts(training=training, layers=layers, layer_count=len(layers))
    status = EntryStatus(state=EntryState.READY, facts=facts)
    (summary,) = summaries(make_entry("iris.h5"), status=status)
    page = Elements(model_page(summary, origin=ORIGIN, tfjs=TFJS))
    assert "gradients are wrong or missing in pool1, pool2" in page.text
    assert "pool10 and 2 more." in page.text
    assert f"await tf.loadLayersModel('{ORIGIN}/iris@train/model.json');" in page.text


def test_what_lies_beside_a_model_has_links() -> None:
    beside = Neighbour(name="labels.txt", path=Path("iris.labels.txt"))
    entry = replace(make_entry("iris.h5"), neighbours=(beside,))
    (summary,) = summaries(entry)
    assert "/iris/labels.txt" in Elements(model_page(summary, origin=ORIGIN, tfjs=TFJS)).links


def test_names_and_messages_cannot_become_markup() -> None:
    entry = make_entry(f"{HOSTILE}.h5")
    status = EntryStatus(state=EntryState.FAILED, error=FAILURE)
    for page in (
        catalogue(entry, status=status),
        Elements(model_page(summaries(entry, status=status)[0], origin=ORIGIN, tfjs=TFJS)),
        Elements(catalogue_page([], HOSTILE)),
    ):
        assert "img" not in page.tags
        assert HOSTILE in page.text


def test_nothing_is_loaded_from_elsewhere() -> None:
    page = catalogue(make_entry("iris.h5"))
    assert all(link.startswith(("/", "#", "data:,")) for link in page.links)
    assert not any(link.startswith("//") for link in page.links)


def test_the_policy_allows_what_this_server_has_and_nothing_in_the_page_itself() -> None:
    policy = dict(PagePolicy().headers)["Content-Security-Policy"]
    assert "default-src 'none'; script-src 'self'; style-src 'self';" in policy
    assert "unsafe" not in policy
    page = catalogue_page([])
    assert asset("page.css").url in Elements(page).links
    assert "<style" not in page
    assert re.findall("<script[^>]*>(.+?)</script>", page) == []


def test_the_policy_allows_what_the_settings_name() -> None:
    policy = PagePolicy(
        scripts=["https://a.example/tf.js"],
        connections=["https://b.example"],
        frame_ancestors=["https://c.example"],
    )
    told = dict(policy.headers)["Content-Security-Policy"]
    assert "script-src 'self' https://a.example/tf.js;" in told
    assert "connect-src 'self' https://b.example;" in told
    assert told.endswith("frame-ancestors 'self' https://c.example")


def test_namesakes_and_names_like_variants_get_exact_urls() -> None:
    entries = [
        make_entry("twins.h5"),
        make_entry("twins.keras"),
        make_entry("cnn.h5"),
        make_entry("cnn@uint8.keras"),
    ]
    by_name = {one.entry.exact_name: one for one in summaries(*entries)}
    assert by_name["twins.h5"].url == "/twins.h5/model.json"
    assert by_name["twins.keras"].page_url == "/twins.keras/"
    assert by_name["cnn@uint8.keras"].url == "/cnn@uint8.keras/model.json"
    assert by_name["cnn.h5"].variant_urls[Variant.UINT8] == "/cnn.h5@uint8/model.json"
    assert by_name["cnn.h5"].variant_urls[Variant.UINT16] == "/cnn@uint16/model.json"


def test_a_name_that_no_url_can_carry_is_listed_without_one() -> None:
    listed = summaries(make_entry("a%2eb.h5"))
    assert listed[0].to_json()["url"] is None
    assert "rename the file" in catalogue_page(listed)
    assert "rename the file" in model_page(listed[0], origin=ORIGIN, tfjs=TFJS)


def test_the_json_twin_says_the_same() -> None:
    status = EntryStatus(state=EntryState.FAILED, error=FAILURE)
    listed = summaries(make_entry("iris.h5"), status=status, default=Variant.UINT8)
    overview = Overview(total=3, load=1, fail=1, others=[SAVED_MODEL])
    document = json.loads(catalogue_json(map(summary_json, listed), Variant.UINT8, overview))
    assert document["defaultVariant"] == "uint8"
    assert document["counts"] == {"total": 4, "load": 1, "doNotLoad": 2, "unknown": 1}
    assert document["notModels"] == [SAVED_MODEL.to_json()]
    (model,) = document["models"]
    assert model["error"]["problems"][0]["className"] == "RandomFlip"
    assert {key: model[key] for key in model if key not in ("error", "variants")} == {
        "name": "iris",
        "exactName": "iris.h5",
        "kind": "hdf5",
        "sizeBytes": 123456,
        "changed": "1970-01-01T00:00:00Z",
        "state": "failed",
        "canBeLoaded": False,
        "facts": None,
        "progress": None,
        "notes": [],
        "loader": "loadLayersModel",
        "layers": None,
        "url": "/iris/model.json",
        "pageUrl": "/iris/",
        "variant": "uint8",
    }
    assert list(model["variants"]) == ["full", "float16", "uint16", "uint8"]


def test_a_quantizing_server_still_serves_tfjs_folders_as_they_are() -> None:
    entry = make_entry("g/model.json", EntryKind.TFJS_LAYERS, name="g")
    assert summaries(entry, default=Variant.UINT8)[0].variant is Variant.FULL


@pytest.mark.parametrize(
    ("size_bytes", "shown"),
    [(0, "0 bytes"), (1023, "1023 bytes"), (1536, "1.5 KiB"), (3 << 30, "3.0 GiB")],
)
def test_sizes(size_bytes: int, shown: str) -> None:
    assert readable_size(size_bytes) == shown


@pytest.mark.parametrize(
    ("path", "up"),
    [("/", "./"), ("/iris", "./"), ("/a/iris/", "../../"), ("/a/iris.h5", "../")],
)
def test_links_lead_to_the_same_behind_a_proxy_that_puts_something_before_all_paths(
    path: str, up: str
) -> None:
    (summary,) = summaries(make_entry("a/iris.h5"))
    page = model_page(summary, origin=ORIGIN, tfjs=TFJS)
    before, after = Elements(page), Elements(templates.with_relative_links(page, path))
    assert after.text == before.text
    for prefix in ("", "/user/me/proxy/8000"):
        for link, moved in zip(before.links, after.links, strict=True):
            if link.startswith("/"):
                assert moved.startswith(up)
                assert urljoin(f"http://h{prefix}{path}", moved) == f"http://h{prefix}{link}"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("save it again", "Save it again."),
        ("first, wait", "First, wait."),
        ("digits.h5 is empty", "digits.h5 is empty."),
        ("'x' is no model", "'x' is no model."),
        ("did you mean 'x'?", "Did you mean 'x'?"),
        ("in Python (pip install keras):", "In Python (pip install keras):"),
        ("TensorFlow.js lacks it.", "TensorFlow.js lacks it."),
    ],
)
def test_what_the_terminal_says_is_a_sentence_on_a_page(text: str, shown: str) -> None:
    assert sentence(text) == shown


def test_models_that_may_have_been_meant_have_links() -> None:
    error = ModelNotFoundError("there is no model 'a'", candidates=["b/ä"])
    assert "/b/%C3%A4/" in Elements(problem_page(from_error(error))).links


def test_texts_are_not_taken_for_links() -> None:
    text = 'href="/'
    (summary,) = summaries(make_entry("iris.h5"))
    page = catalogue_page([summary], text, words=text)
    assert Elements(templates.with_relative_links(page, "/a/")).text == Elements(page).text


def test_code_to_paste_stands_in_a_box() -> None:
    other = saved_model("<face>", has_keras=True)
    code = f"<pre><code>{escape(other.line)}</code></pre>"
    for html in (catalogue_page([], others=[other]), problem_page(from_error(not_a_model(other)))):
        assert code in html
        assert html.count("import tf_keras") == 1
        assert "pip install tf_keras" in Elements(html).text


def test_one_of_a_kind_is_counted_as_one() -> None:
    only = LayerInfo(path="dense", class_name="Dense", became=Became.NATIVE)
    facts = ModelFacts(parameters=1, layer_count=1, layers=(only,))
    status = EntryStatus(state=EntryState.READY, facts=facts)
    (summary,) = summaries(make_entry("iris.h5"), status=status)
    page = Elements(model_page(summary, origin=ORIGIN, tfjs=TFJS))
    assert re.search(r"1 parameter\b", page.text)
    assert "1 layer: " in page.text
