"""What mkdocs asks while it builds the site: pages from outside ``docs/``, links that leave it.

README.md and its like are pages of the site, too. A link to any other file of the project becomes
one to the repository if ``repo_url`` names it in ``mkdocs.yml``, and plain text if it does not.
"""

from __future__ import annotations

import re
from functools import partial
from os.path import normpath, relpath
from pathlib import Path, PurePosixPath

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

ROOT = Path(__file__).parents[1]
DOCS = PurePosixPath("docs")
PAGES = {
    "README.md": "overview.md",
    "CHANGELOG.md": "changelog.md",
    "CONTRIBUTING.md": "contributing.md",
    "sample_models/README.md": "sample-models.md",
}
"""From documents outside of ``docs/`` to the pages that they become."""

_FENCE = re.compile(r"^( *`{3,}).*?^\1$", re.DOTALL | re.MULTILINE)
_LINK = re.compile(r"(!?)\[((?:[^\[\]]|\[[^\[\]]*\])*)\]\(([^()\s]+)\)")


def on_files(files: Files, *, config: MkDocsConfig) -> Files:
    """Add the pages from outside of ``docs/``."""
    for source, name in PAGES.items():
        content = (ROOT / source).read_text(encoding="utf-8")
        files.append(File.generated(config, name, content=content))
    return files


def on_page_markdown(markdown: str, *, page: Page, config: MkDocsConfig, files: Files) -> str:  # noqa: ARG001 - mkdocs's interface
    """Have links lead where the site has what they lead to."""
    name = page.file.src_uri
    source = next((path for path, page in PAGES.items() if page == name), str(DOCS / name))
    return with_links(markdown, source, config.repo_url or "")


def with_links(markdown: str, source: str, repo_url: str) -> str:
    """Return a document with the links of the site.

    Parameters
    ----------
    source
        The document's path from the root of the project.
    repo_url
        Where the project is; may be empty.
    """
    replace = partial(_link, PurePosixPath(source).parent, repo_url)
    parts, end = [], 0
    for fence in _FENCE.finditer(markdown):
        parts += [_LINK.sub(replace, markdown[end : fence.start()]), fence[0]]
        end = fence.end()
    return "".join([*parts, _LINK.sub(replace, markdown[end:])])


def _link(folder: PurePosixPath, repo_url: str, link: re.Match[str]) -> str:
    sign, text, target = link.groups()
    path, hash_sign, fragment = target.partition("#")
    if not path or ":" in path:
        return link[0]
    place = normpath(folder / path).replace("\\", "/")
    if text in (path, PurePosixPath(path).name):
        text = _title(ROOT / place) or text
    if place in PAGES:
        found = PAGES[place]
    elif PurePosixPath(place).is_relative_to(DOCS):
        found = str(PurePosixPath(place).relative_to(DOCS))
    elif repo_url:
        return f"{sign}[{text}]({repo_url.rstrip('/')}/blob/main/{place})"
    else:
        return text
    start = folder.relative_to(DOCS) if folder.is_relative_to(DOCS) else PurePosixPath()
    return f"{sign}[{text}]({relpath(found, start)}{hash_sign}{fragment})".replace("\\", "/")


def _title(document: Path) -> str:
    """Return the first heading of a document; empty if there is none."""
    if document.suffix != ".md" or not document.is_file():
        return ""
    first = document.read_text(encoding="utf-8").partition("\n")[0]
    return first.removeprefix("# ") if first.startswith("# ") else ""
