"""Show that a change of the converter changes nothing of what it writes.

    python bench/digests.py write FOLDER                 the models of the parity tests, as files
    python bench/digests.py take FOLDER BEFORE.json      convert them, and note what they became
    python bench/digests.py take FOLDER AFTER.json       ... again, after the change
    python bench/digests.py compare BEFORE.json AFTER.json

``take --package DIR`` converts with the tfjs-serve of another checkout. What is noted of a model:
the digests of ``model.json``, without the converter's version, and of its shards, and the warnings;
or its problems; and the processor time of the conversion, which is not compared.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
import time
from collections import Counter
from collections.abc import Iterator
from difflib import unified_diff
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "bench")]

from digests_taking import Record, take

Records = dict[str, Record]

SCRIPT = "layers.js"
_SCRIPTS = re.compile(r"layers\.")
"""How the names begin of a model's layers and of their compressed forms."""


def write_command(options: argparse.Namespace) -> int:
    from digests_corpus import write  # noqa: PLC0415 -- imports Keras and this checkout's tests

    start = time.monotonic()
    count, unsaved = write(options.folder, options.grid_every)
    print(f"{count} models in {time.monotonic() - start:.0f} s")
    print(f"{len(unsaved)} that Keras does not build or save, see unsaved.json in {options.folder}")
    return 0


def take_command(options: argparse.Namespace) -> int:
    start = time.monotonic()
    taken = take(options.folder.resolve(), options.package.resolve(), options.processes)
    records = dict(taken)
    options.output.write_text(json.dumps(records, indent=1))
    print(
        f"{summary(records)}; {time.monotonic() - start:.0f} s with {options.processes} processes"
    )
    return 0


def compare_command(options: argparse.Namespace) -> int:
    before, after = (json.loads(path.read_text()) for path in (options.before, options.after))
    print(f"before: {summary(before)}\nafter:  {summary(after)}")
    if take_scripts(before) != take_scripts(after):
        print("layers.js is another one, beside models that need it")
    found = list(differences(before, after))
    for kind, count in Counter(kind for kind, _, _ in found).most_common():
        print(f"{count} differ in: {kind}")
    for kind, name, detail in found[: options.show]:
        print(f"\n{name}: {kind}\n{detail}")
    print("" if found else "no differences")
    return int(bool(found))


def take_scripts(records: Records) -> set[str]:
    """Take the digests of ``layers.js`` out of the records, and return them.

    Models with the same layers have the same one; only whether a model needs it stays with it.
    """
    taken = set()
    for record in records.values():
        files = record.get("files", {})
        for name in list(filter(_SCRIPTS.match, files)):
            taken.add(files.pop(name))
            files[SCRIPT] = "beside the model"
    return taken


def summary(records: Records) -> str:
    """Return the numbers of models and outcomes, and the time of all conversions."""
    outcomes = Counter(record["outcome"] for record in records.values())
    counts = ", ".join(f"{count} {outcome}" for outcome, count in sorted(outcomes.items()))
    seconds = sum(record["seconds"] for record in records.values())
    return f"{len(records)} models: {counts}; {seconds:.1f} s of processor time"


def differences(before: Records, after: Records) -> Iterator[tuple[str, str, str]]:
    """Yield kind, model and detail of each difference."""
    for name in sorted(before.keys() | after.keys()):
        old, new = before.get(name), after.get(name)
        if old is None or new is None:
            yield "presence", name, f"only {'after' if old is None else 'before'}"
        elif old["source"] != new["source"]:
            yield "source", name, "the file is another one: take both from the same folder"
        elif kinds := changed(old, new):
            yield ", ".join(kinds), name, "\n".join(_diff(old, new, kinds))


def changed(old: Record, new: Record) -> list[str]:
    """Return what of a record differs; only the outcome, where that does."""
    keys = (old.keys() | new.keys()) - {"seconds"}
    kinds = sorted(key for key in keys if old.get(key) != new.get(key))
    return ["outcome"] if "outcome" in kinds else kinds


def _diff(old: Record, new: Record, kinds: list[str]) -> Iterator[str]:
    """Yield the lines that differ."""
    shown = ("outcome", "files", "warnings", "error") if kinds == ["outcome"] else kinds
    before, after = (
        json.dumps({key: one[key] for key in shown if key in one}, indent=1).splitlines()
        for one in (old, new)
    )
    yield from list(unified_diff(before, after, n=0, lineterm=""))[2:]


def options_of() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    commands = parser.add_subparsers(required=True)
    writing = commands.add_parser("write", help="write the models")
    writing.add_argument("folder", type=Path)
    writing.add_argument("--grid-every", type=int, default=18, help="one in so many of the grid's")
    writing.set_defaults(command=write_command)
    taking = commands.add_parser("take", help="convert them, and note what they became")
    taking.add_argument("folder", type=Path)
    taking.add_argument("output", type=Path)
    taking.add_argument("--package", type=Path, default=ROOT, help="a checkout (default: this one)")
    taking.add_argument("--processes", type=int, default=2)
    taking.set_defaults(command=take_command)
    comparing = commands.add_parser("compare", help="compare what was noted")
    comparing.add_argument("before", type=Path)
    comparing.add_argument("after", type=Path)
    comparing.add_argument("--show", type=int, default=10, help="print so many differences")
    comparing.set_defaults(command=compare_command)
    return parser.parse_args()


def main() -> int:
    options = options_of()
    return int(options.command(options))


if __name__ == "__main__":
    sys.exit(main())
