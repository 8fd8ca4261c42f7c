"""Repositories that grew are read where they changed, and say what a first reading would say."""

import os
import random
import shutil
import subprocess
from collections import Counter

import pytest

from connectors import git_program
from connectors.git import GitConnector
from hippograph.types import Document, SourceFailure, Unchanged

pytestmark = pytest.mark.skipif(shutil.which("git") is None, reason="needs the program git")


class Work:
    """A repository whose commits are dated by hand, and its reader with the documents an index would hold."""

    def __init__(self, root):
        root.mkdir()
        self.root, self.time, self.held = root, 1_700_000_000, {}
        self("init", "-q", "-b", "main")

    def __call__(self, *arguments):
        clean = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
        dates = dict.fromkeys(("GIT_AUTHOR_DATE", "GIT_COMMITTER_DATE"), f"{self.time} +0000")
        names = {f"GIT_{who}_{what}": "a@b" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
        done = subprocess.run(
            ["git", "-C", str(self.root), *arguments],
            env=os.environ | clean | dates | names,
            check=True,
            capture_output=True,
            text=True,
        )
        return done.stdout.strip()

    def commit(self, **texts):
        """Write files, or remove those without a text, and commit; a minute passes."""
        self.time += 60
        for name, text in texts.items():
            path = self.root / name.replace("_", ".")
            path.unlink(missing_ok=True)
            if text is not None:
                path.write_text(text)
        self("add", "-A")
        self("commit", "-q", "--allow-empty", "-m", "A change")

    def read(self):
        """The ids that had to be read; what is held is brought in step."""
        marks = {id_: document.mark for id_, document in self.held.items()}
        items = list(GitConnector(self.root).changed_documents(marks))
        read = {item.id: item for item in items if isinstance(item, Document)}
        held = {item.id: self.held[item.id] for item in items if isinstance(item, Unchanged)}
        self.held = held | read
        return sorted(read)

    def afresh(self):
        """What a first reading gives."""
        return {
            item.id: item
            for item in GitConnector(self.root).changed_documents({})
            if isinstance(item, Document)
        }


@pytest.fixture
def work(tmp_path):
    return Work(tmp_path / "work")


def test_only_files_of_new_commits_are_read(work, monkeypatch):
    """Other files' blobs are not fetched, and the history before the last reading is not looked through."""
    work.commit(a_md="a", b_md="b", c_csv="id,x\n1,x\n2,y\n")
    work.commit(d_md="d")
    first = work.read()
    counted, whole, blob = Counter(), git_program._made_object, git_program.Blobs.read
    monkeypatch.setattr(git_program, "_made_object", lambda line: (counted.update(["log"]), whole(line))[1])
    monkeypatch.setattr(
        git_program.Blobs, "read", lambda self, name: (counted.update(["blob"]), blob(self, name))[1]
    )
    unchanged = work.read()
    calm = dict(counted)
    work.commit(b_md="B")
    second = work.read()

    assert first == ["a.md", "b.md", "c.csv#1", "c.csv#2", "d.md"]
    assert (unchanged, calm) == ([], {})
    assert second == ["b.md"]
    assert counted == {"log": 1, "blob": 1}


def test_a_file_that_was_changed_back_is_dated_by_the_commit_that_did_so(work):
    """It has its old blob under a new date, as a first reading would say."""
    work.commit(a_md="a", b_md="b")
    work.read()
    work.commit(a_md="other")
    work.commit(a_md="a")

    assert work.read() == ["a.md"]
    assert work.held == work.afresh()


def test_a_rewritten_history_dates_files_anew(work):
    """The commits that were known are not part of it any more."""
    work.commit(a_md="a")
    work.commit(b_md="b")
    work.read()
    work.time += 60
    work("commit", "-q", "--amend", "-m", "Another word")

    assert work.read() == ["b.md"]
    assert work.held == work.afresh()


def test_known_commits_that_are_gone_cost_a_whole_look_and_no_error(work):
    """A copy may have forgotten what was rewritten long ago."""
    work.commit(a_md="a")
    work.read()
    work.held = {
        id_: Document(id_, "", "", mark=document.mark.replace(document.metadata["commit"], "0" * 40))
        for id_, document in work.held.items()
    }

    assert work.read() == ["a.md"]
    assert work.held == work.afresh()


def test_a_file_that_is_refused_is_told_each_time(work):
    """It is not known by a mark."""
    work.commit(a_md="a", b_md="\0")
    work.read()
    marks = {id_: document.mark for id_, document in work.held.items()}

    again = list(GitConnector(work.root).changed_documents(marks))

    assert [type(item) for item in again] == [Unchanged, SourceFailure]


@pytest.mark.parametrize("seed", range(6))
def test_reading_on_gives_what_a_first_reading_gives(work, seed):
    """Random commits on two branches, merges, rewritten ends, and readings in between: dates and commits agree."""
    chance = random.Random(seed)
    work.commit(**{f"{name}_md": name for name in "abcd"})
    work("branch", "side")
    for _ in range(14):
        what = chance.choice(["main", "main", "side", "merge", "amend", "read", "read"])
        if what in ("main", "side"):
            work("checkout", "-q", what)
            names = chance.sample("abcdef", 2)
            work.commit(**{f"{name}_md": chance.choice([None, "x", "y", name]) for name in names})
            work("checkout", "-q", "main")
        elif what == "merge":
            work.time += 60
            if not _conflicts(work):
                work("merge", "-q", "--no-ff", "-X", "ours", "-m", "Merge", "side")
        elif what == "amend":
            work.time += 60
            work("commit", "-q", "--amend", "--allow-empty", "-m", f"Word {work.time}")
        else:
            work.read()
            assert work.held == work.afresh()
    work.read()

    assert work.held == work.afresh()


def _conflicts(work):
    """Whether the branches cannot be merged by themselves: a file changed here and removed there."""
    try:
        work("merge-tree", "--write-tree", "-X", "ours", "main", "side")
    except subprocess.CalledProcessError:
        return True
    return False
