"""Looking again finds what a scan from the start finds, whatever happened in between."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from tfjs_serve.catalog.tfjs_folders import TfjsReader
from tfjs_serve.catalog.tree import FolderTree, ScanResult

TFJS = {"format": "layers-model", "weightsManifest": [{"paths": ["s.bin"], "weights": []}]}
DOCUMENTS = [json.dumps(TFJS), json.dumps({"format": "graph-model"}), "{}", '{"for']
FOLDERS = ["", "a", "b", "a/b", "../outside", "l", ".hidden", "x%41y"]
KERAS = ['{"class_name": "Sequential"}', '{"metadata": {}, "weight_map": {}}', "[]", ""]
NEIGHBOURS = ["m.labels.txt", "a.labels.txt", "b.labels.txt", "labels.txt"]
PARTS = ["config.json", "metadata.json", "model.weights.h5", "m.json"]
LISTED = ["w.weights.json", "w_00000.weights.h5"]
FILES = [
    *(
        "m.h5",
        "m.keras",
        "keras_model.h5",
        "model.json",
        "s.bin",
        "m.h5.keras",
        "-.h5",
        "pyvenv.cfg",
    ),
    *(*PARTS, *LISTED, *NEIGHBOURS),
]
LINKS = ["l", "b", "l.h5", "model.json"]

folder_names = st.sampled_from(FOLDERS)
file_names = st.sampled_from(FILES)
numbers = st.integers(0, 3)
picks = st.integers(0, 1000)
told = st.booleans()


def _content(name: str, number: int) -> str:
    if name.endswith(".json"):
        return (DOCUMENTS if name == "model.json" else KERAS)[number]
    return number * "x"


def names_of(result: ScanResult) -> list[str]:
    return [entry.exact_name for entry in result.entries]


class Changes(RuleBasedStateMachine):
    """Changes a folder of models as programs do, with and without file events.

    Every folder in which something is added, removed or renamed gets a time of its own, as if each
    change came long after the one before it.
    """

    def __init__(self) -> None:
        super().__init__()
        self.home = Path(os.path.realpath(tempfile.mkdtemp()))
        self.models = self.home / "models"
        self.models.mkdir()
        (self.home / "outside").mkdir()
        self.times = 0
        self.steps = 0
        self.hints: set[str] = set()
        self.all_hinted = True
        self.unseen: set[str] = set()
        """Names of files that were rewritten in their place without an event."""

    def teardown(self) -> None:
        shutil.rmtree(self.home)

    @initialize(follow_symlinks=st.booleans(), long_ago=st.booleans(), every=st.integers(1, 3))
    def begin(self, follow_symlinks: bool, long_ago: bool, every: int) -> None:
        # "Long ago" is when times of folders tell everything; otherwise they are all too young.
        clock = (lambda: time.time() + 3600) if long_ago else time.time
        self.changes_per_look = every
        self.follow = follow_symlinks
        self.reader = TfjsReader()
        self.tree = FolderTree(
            self.models, self.reader, follow_symlinks=follow_symlinks, clock=clock
        )
        for name in ("m.h5", "a/m.h5", "a/b/m.keras", "b/model.json", "../outside/m.h5"):
            self.create(*name.rpartition("/")[::2], number=0, told=False)
        self.link(folder="", name="l", to="a", file="")
        self.look_at_all()

    @rule(folder=folder_names, name=file_names, number=numbers, told=told)
    def create(self, folder: str, name: str, number: int, told: bool) -> None:
        path = self.models / folder / name
        with self._may_fail():
            self._make_folders(path.parent)
            if not os.path.lexists(path):
                path.write_text(_content(name, number))
                self._tell_file(path, told=told)

    @rule(pick=picks, number=numbers, told=told)
    def rewrite(self, pick: int, number: int, told: bool) -> None:
        """Save into a file that is there, perhaps through a link."""
        path = self._pick(pick, lambda path: path.is_file())
        if path is not None:
            path.write_text(_content(path.name, number))
            self._tell_file(path, told=told, in_place=True)

    @rule(pick=picks, number=numbers, told=told)
    def replace(self, pick: int, number: int, told: bool) -> None:
        """Save beside a file, then rename: another file, perhaps of the same size."""
        path = self._pick(pick, lambda path: path.is_file() or path.is_symlink())
        if path is not None:
            new = self.home / "new"
            new.write_text(_content(path.name, number))
            new.replace(path)
            self._tell_file(path, told=told)

    @rule(pick=picks, told=told)
    def delete(self, pick: int, told: bool) -> None:
        path = self._pick(pick, lambda path: path.is_file() or path.is_symlink())
        if path is not None:
            path.unlink()
            self._tell_file(path, told=told)

    @rule(folder=folder_names, name=st.sampled_from(LINKS), to=folder_names, file=file_names)
    def link(self, folder: str, name: str, to: str, file: str) -> None:
        """Make a link to a folder or a file, inside or outside, which need not be there."""
        path = self.models / folder / name
        target = self.models / to
        with self._may_fail():
            path.symlink_to(target / file if name.endswith((".h5", ".json")) else target)
            self._tell_folder(path.parent, told=False)

    @rule(folder=folder_names, told=told)
    def make_folder(self, folder: str, told: bool) -> None:
        path = self.models / folder
        with self._may_fail():
            self._make_folders(path)
            self._tell_folder(path.parent, told=told)

    @rule(pick=picks, told=told)
    def delete_folder(self, pick: int, told: bool) -> None:
        path = self._pick(pick, lambda path: path.is_dir() and not path.is_symlink())
        if path is not None:
            shutil.rmtree(path)
            self._tell_folder(path.parent, told=told)

    @rule(pick=picks, to=folder_names, told=told)
    def move_folder(self, pick: int, to: str, told: bool) -> None:
        """Move a folder or a link to one: within the tree, into it, or out of it."""
        path, target = self._pick(pick, lambda path: path.is_dir()), self.models / to
        if path is not None:
            with self._may_fail():
                path.rename(target)
                self._tell_folder(path.parent, told=told)
                self._tell_folder(target.parent, told=told)

    @rule(pick=picks, told=told)
    def forbid(self, pick: int, told: bool) -> None:
        """Take or give the permission to look into a folder, which root has anyway."""
        path = self._pick(pick, lambda path: path.is_dir() and not path.is_symlink())
        if path is not None:
            path.chmod(0o300 if path.stat().st_mode & 0o400 else 0o700)
            self._tell_folder(path, told=told)

    @rule()
    def move_everything(self) -> None:
        """The models folder goes, and comes back."""
        away = self.models.rename(self.home / "away")
        self.look_at_all()
        away.rename(self.models)

    @invariant()
    def look_again(self) -> None:
        """Nothing is missed, except what was rewritten in its place without an event."""
        self.steps += 1
        if self.steps % self.changes_per_look:
            return
        found, expected = self._look_again(), self._scan()
        if not self.unseen:
            assert found == expected
            return
        if not any(name.endswith(".json") for name in self.unseen):
            assert names_of(found) == names_of(expected)
            assert found.warnings == expected.warnings
        self.look_at_all()

    @rule()
    def look_at_all(self) -> None:
        self.unseen, self.hints, self.all_hinted = set(), set(), False
        found = self.tree.look_at_all()
        assert found == self._scan()
        assert self.tree.look_at_all() is found
        assert self.tree.look_again(()) is found

    def _look_again(self):
        if self.all_hinted:
            found = self.tree.look_at_all()
            self.unseen = set()
        else:
            found = self.tree.look_again(self.hints)
        self.hints, self.all_hinted = set(), False
        return found

    def _scan(self):
        return FolderTree(self.models, self.reader, follow_symlinks=self.follow).look_at_all()

    def _pick(self, pick: int, wanted: Callable[[Path], bool]) -> Path | None:
        """Return one of the things that are there."""
        found = sorted(filter(wanted, self.models.rglob("*")))
        found += sorted(filter(wanted, (self.home / "outside").rglob("*")))
        return found[pick % len(found)] if found else None

    def _tell_file(self, path: Path, *, told: bool, in_place: bool = False) -> None:
        """Do what the file system and the watcher do after a change of a file."""
        outside = Path(os.path.realpath(path)).is_relative_to(self.home / "outside")
        is_model = path.name.endswith((".h5", ".keras", ".json", *NEIGHBOURS))
        if not in_place:
            self._age(path.parent)
        elif not (told and is_model) or outside or path.is_symlink():
            self.unseen.add(Path(os.path.realpath(path)).name)
        if told and is_model and not outside:
            self.hints.add(os.path.realpath(path.parent))

    def _tell_folder(self, parent: Path, *, told: bool) -> None:
        self._age(parent)
        self.all_hinted = self.all_hinted or told

    def _make_folders(self, folder: Path) -> None:
        if not folder.exists():
            self._make_folders(folder.parent)
            folder.mkdir()
            self._age(folder.parent)

    def _age(self, folder: Path) -> None:
        """Give a folder in which something changed a time that nothing had before."""
        self.times += 10
        os.utime(folder, (self.times, self.times))

    @staticmethod
    def _may_fail() -> contextlib.AbstractContextManager[None]:
        """For what cannot be done as things are, such as making a folder where a file is."""
        return contextlib.suppress(OSError)


Changes.TestCase.settings = settings(deadline=None, max_examples=60, stateful_step_count=25)
TestChanges = Changes.TestCase
