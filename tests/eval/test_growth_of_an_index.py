"""Recorded histories, and whether two indexes are the same: every kind of difference is seen and named."""

import json
from dataclasses import replace

import pytest

from eval.__main__ import main
from eval.datasets import DatasetError, DatasetNotFound
from eval.growth import compare_folders, compare_indexes, make_questions, measure_growth
from eval.histories import final_documents, open_history
from hippograph import toy
from hippograph.engine import Hippograph
from hippograph.types import Document
from tests.conftest import WITHOUT_A_MODEL


def write(path, rows):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")


@pytest.fixture
def pages(tmp_path):
    """A history of help pages: added, changed, gone, and one that came back."""
    states = [
        ("pages/osx/say.md", "2020-01-01", "# say\n\n> Convert text to speech.\n"),
        ("pages/osx/open.md", "2020-01-01", "# open\n\n> Open files, as the Finder of Mac OS X does.\n"),
        ("pages/osx/say.md", "2020-04-01", "# say\n\n> Convert text to speech. It knows Alex.\n"),
        ("pages/osx/open.md", "2020-07-01", None),
        ("pages/osx/open.md", "2020-10-01", "# open\n\n> Open files, as the Finder of Mac OS X does.\n"),
    ]
    write(
        tmp_path / "pages" / "osx_windows_versions.jsonl",
        [{"path": path, "date": date, "text": text} for path, date, text in states],
    )
    return tmp_path / "pages"


@pytest.fixture
def proposals(tmp_path):
    """A history of proposals: two months of headers, one body, one removal."""
    folder = tmp_path / "proposals"
    write(
        folder / "snapshots_monthly.jsonl",
        [
            {"date": "2001-01-01", "added": [1, 2], "modified": [], "deleted": []},
            {"date": "2001-02-01", "added": [], "modified": [1], "deleted": [2]},
        ],
    )
    fields = [
        (1, "2001-01-01", "Title", "Purpose"),
        (1, "2001-01-01", "Status", "Draft"),
        (2, "2001-01-01", "Title", "Iterators"),
        (1, "2001-02-01", "Status", "Final"),
    ]
    write(
        folder / "header_events.jsonl",
        [
            {"pep": pep, "date": date, "field": field, "old": None, "new": new}
            for pep, date, field, new in fields
        ],
    )
    write(
        folder / "typing_peps_quarterly_versions.jsonl",
        [
            {
                "pep": 1,
                "date": "2001-01-01",
                "header": {},
                "text": "PEP: 1\nTitle: Purpose\n\nAbstract\n\nWhat for.",
            }
        ],
    )
    return folder


def test_pages_change_go_and_come_back(pages):
    """Each date is a delta; a page without a text is gone; the title is the heading."""
    history = open_history(pages)

    assert [(delta.date, len(delta.put), delta.removed) for delta in history.deltas] == [
        ("2020-01-01", 2, ()),
        ("2020-04-01", 1, ()),
        ("2020-07-01", 0, ("pages/osx/open.md",)),
        ("2020-10-01", 1, ()),
    ]
    assert {document.id: document.title for document in final_documents(history)} == {
        "pages/osx/say.md": "say",
        "pages/osx/open.md": "open",
    }


def test_a_proposal_is_its_header_and_its_body(proposals):
    """Headers change month by month above a body that stays; what a snapshot deletes is removed."""
    history = open_history(proposals)
    (first, second) = history.deltas

    assert [document.text for document in first.put] == [
        "PEP: 1\nTitle: Purpose\nStatus: Draft\n\nAbstract\n\nWhat for.",
        "PEP: 2\nTitle: Iterators",
    ]
    assert [document.text.splitlines()[2] for document in second.put] == ["Status: Final"]
    assert second.removed == ("pep-0002",)


def test_a_limited_history_keeps_the_first_documents_through_all_dates(pages):
    """Their changes and removals stay; the others never were."""
    limited = open_history(pages).limited(1)

    assert len(limited.deltas) == 4
    assert {document.id for delta in limited.deltas for document in delta.put} == {"pages/osx/say.md"}
    assert [delta.removed for delta in limited.deltas] == [(), (), (), ()]


def test_a_folder_without_a_history_is_refused(tmp_path):
    """What is no history is told, and so is one whose rows are not what their file's name says."""
    with pytest.raises(DatasetNotFound, match="no recorded history"):
        open_history(tmp_path)
    write(tmp_path / "osx_windows_versions.jsonl", [{"date": "2020-01-01"}])
    with pytest.raises(DatasetError, match="no history"):
        open_history(tmp_path)


def test_replaying_a_history_gives_what_building_gives(pages, settings, parts):
    """At every point the grown index is compared with a built one, and at the end byte for byte."""
    report = measure_growth(open_history(pages), settings, parts, 4, lambda step, done, total: None)

    assert [(row["document_count"], row["differences"]) for row in report["points"]] == [
        (2, []),
        (2, []),
        (1, []),
        (2, []),
    ]
    assert report["difference_count"] == 0


@pytest.fixture
def built(tmp_path, settings, parts):
    """Build an index of some documents and open it."""

    def build(name, documents):
        return Hippograph.build(documents, tmp_path / name, settings=settings, parts=parts)

    return build


QUESTIONS = ["Who designed the Analytical Engine?"]


def kinds(differences):
    return {difference.partition(":")[0] for difference in differences}


def test_equal_indexes_have_no_difference(built, tmp_path):
    """Two builds of the same documents, in other orders."""
    a, b = built("a", toy.documents()), built("b", toy.documents()[::-1])

    assert compare_indexes(a, b, QUESTIONS) == []
    assert compare_folders(tmp_path / "a", tmp_path / "b") == []


def test_another_document_differs_in_everything(built, tmp_path):
    """Passages, facts, edges, counts and rankings are each named."""
    a, b = built("a", toy.documents()), built("b", toy.documents()[:4])

    assert kinds(compare_indexes(a, b, QUESTIONS)) == {"passages", "facts", "edges", "counts", "rankings"}
    assert kinds(compare_folders(tmp_path / "a", tmp_path / "b")) == {"files"}


class Twisted:
    """An index that says one thing otherwise than it is."""

    def __init__(self, memory, **twists):
        self._memory, self._twists = memory, twists

    def __getattr__(self, name):
        return getattr(self._memory, name)

    @property
    def index(self):
        return TwistedIndex(self._memory.index, self._twists)


class TwistedIndex:
    def __init__(self, index, twists):
        self._index, self._twists = index, twists

    def __getattr__(self, name):
        value = getattr(self._index, name)
        return (lambda: self._twists[name](value())) if name in self._twists else value


@pytest.mark.parametrize(
    ("name", "twist", "kind"),
    [
        (
            "passages",
            lambda found: [replace(p, heading="!") if p.position == 0 else p for p in found],
            "passages",
        ),
        ("facts", lambda found: set(sorted(found)[1:]), "facts"),
        ("named_edges", lambda found: found | {min(found): found[min(found)] * 1.0001}, "edges"),
        ("named_edges", lambda found: found | {("entity:a", "entity:b"): 1.0}, "edges"),
    ],
)
def test_one_small_difference_is_seen(built, name, twist, kind):
    """A heading, a fact, a weight in its fourth digit, one edge more: each is a difference, and the only one."""
    memory = built("a", toy.documents())

    assert kinds(compare_indexes(memory, Twisted(memory, **{name: twist}), QUESTIONS)) == {kind}


def test_questions_are_fixed_by_the_documents():
    """Titles and first sentences by turns, whatever the order of the documents; no empty question."""
    documents = [*toy.documents(), Document("blank", "", "")]
    asked = make_questions(documents, 4)

    assert asked == make_questions(documents[::-1], 4)
    assert len(asked) == 4
    assert sum(question.startswith("What is ") for question in asked) == 2
    assert all(question.strip() for question in asked)


def test_the_command_prints_json_and_fails_on_a_difference(pages, monkeypatch, capsys):
    """Exit code 0 where all points are equal, 1 where one is not."""
    for name, value in WITHOUT_A_MODEL.items():
        monkeypatch.setenv(f"HIPPOGRAPH_MODELS__{name.upper()}", value)
    arguments = ["growth", str(pages), "--points", "2", "--json"]
    with pytest.raises(SystemExit) as equal:
        main(arguments)
    report = json.loads(capsys.readouterr().out)
    monkeypatch.setattr("eval.growth.compare_indexes", lambda a, b, questions: ["edges: one is missing"])
    with pytest.raises(SystemExit) as unequal:
        main(arguments)

    assert (equal.value.code, unequal.value.code) == (0, 1)
    assert report["difference_count"] == 0
    assert json.loads(capsys.readouterr().out)["difference_count"] == 2
