"""The blocks of code and of commands in ``CONTRIBUTING.md``.

The line before a block of code names the file that it is for: ``In `file`:`` adds to a file,
``New, `file`:`` makes one. In a diff, the lines without a sign are there already.
"""

from __future__ import annotations

from tests.snippets import ROOT, Block, blocks

__all__ = ["BLOCKS", "GUIDE", "ROOT", "Block"]

GUIDE = ROOT / "CONTRIBUTING.md"
BLOCKS = tuple(blocks(GUIDE))
