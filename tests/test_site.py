"""The site of the documentation: that it builds, and has all that documents link to."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.snippets import ROOT, documents
from tools.docs_site import PAGES, with_links

pytestmark = pytest.mark.xdist_group("site")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The built site; what mkdocs warns of, such as a link to nowhere, is an error."""
    folder = tmp_path_factory.mktemp("site")
    done = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(folder)],
        cwd=ROOT,
        env={**os.environ, "NO_MKDOCS_2_WARNING": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    return folder


def test_each_document_is_a_page_that_the_navigation_lists(site: Path) -> None:
    listed = (site / "index.html").read_text(encoding="utf-8")
    for document in documents():
        name = PAGES.get(document, document.removeprefix("docs/")).replace(".md", ".html")
        assert (site / name).is_file()
        assert f'href="{name}"' in listed, document


def test_no_document_hides_under_more() -> None:
    named = re.findall(r"[\w-]+\.md", (ROOT / "docs/.nav.yml").read_text(encoding="utf-8"))
    own = {path.name for path in (ROOT / "docs").glob("*.md")}
    assert sorted(own - {*named}) == [], "give it a place in docs/.nav.yml"
    assert len(named) == len({*named})


def test_pages_load_nothing_from_others(site: Path) -> None:
    for page in site.glob("*.html"):
        text = page.read_text(encoding="utf-8")
        loaded = re.findall(r'<(?:script|img|iframe)[^>]* src="([^"]+)"', text)
        loaded += re.findall(r'<link rel="(?:stylesheet|preconnect)"[^>]* href="([^"]+)"', text)
        assert loaded
        assert [address for address in loaded if "//" in address] == [], page.name


def test_lists_and_tables_are_what_they_are_on_other_sites(site: Path) -> None:
    """Markdown of mkdocs wants an empty line before a list, and that of others does not."""
    for page in site.glob("*.html"):
        text = re.sub(r"<pre.*?</pre>", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
        for paragraph in re.findall(r"<p>.*?</p>", text, re.DOTALL):
            assert not re.search(r"^(?:[-*] |\d+\. |\|)", paragraph[3:], re.MULTILINE), paragraph
        # In code in a table, others want a backslash before a bar, and mkdocs shows it.
        assert [code for code in re.findall(r"<code>(.*?)</code>", text) if "\\|" in code] == []


@pytest.mark.parametrize(
    ("source", "link", "repo_url", "expected"),
    [
        ("README.md", "[a](docs/forms.md#labels)", "", "[a](forms.md#labels)"),
        ("README.md", "[b](CONTRIBUTING.md)", "", "[b](contributing.md)"),
        ("README.md", "[docs/forms.md](docs/forms.md)", "", "[Forms of models](forms.md)"),
        ("docs/forms.md", "[c](../README.md#layersjs)", "", "[c](overview.md#layersjs)"),
        ("docs/forms.md", "[d](#labels)", "", "[d](#labels)"),
        ("docs/forms.md", "[e](https://www.example.org/x.md)", "", None),
        ("docs/gradients.md", "[f](../findings/x.sh)", "", "f"),
        ("docs/gradients.md", "[f](../findings/x.sh)", "https://git.example/a/", "[f](https://git.example/a/blob/main/findings/x.sh)"),
        ("README.md", "![g](docs/images/terminal.svg)", "", "![g](images/terminal.svg)"),
        ("docs/forms.md", "```js\n[h](../README.md)\n```", "", None),
    ],
)  # fmt: skip
def test_links_lead_where_the_site_has_it(
    source: str, link: str, repo_url: str, expected: str | None
) -> None:
    text = f"See\n{link}\nnow."
    assert with_links(text, source, repo_url) == text.replace(link, expected or link)
