"""What changed: by marks and by content, what is gone and may not be, and whose an id is."""

from dataclasses import dataclass, field, replace

import pytest

from hippograph.errors import ConnectorError, SourceShrunk, SourceUnavailable
from hippograph.storage.changes import apply_changes, find_changes, find_copies, forget_source
from hippograph.storage.stage import Stage
from hippograph.types import Document, SourceFailure, Unchanged


@pytest.fixture
def stage(tmp_path):
    """An empty stage."""
    with Stage(tmp_path / "index") as stage:
        yield stage


def texts(*names, **changed):
    """A document a name, whose text is its name unless another is given."""
    return [Document(name, name, changed.get(name, f"text of {name}"), f"x:///{name}") for name in names]


def many(count):
    return texts(*(f"d{number:03}" for number in range(count)))


@dataclass
class Plain:
    """A source of these documents, that may break off after them."""

    given: list
    source: str = "plain"
    error: BaseException | None = None

    def documents(self, since=None):
        yield from self.given
        if self.error:
            raise self.error


@dataclass
class Marked(Plain):
    """The same, which knows its documents by their marks; it counts those it had to give in full."""

    read: list = field(default_factory=list)

    def changed_documents(self, marks):
        self.read.clear()
        for item in self.given:
            if isinstance(item, Document) and item.mark and marks.get(item.id) == item.mark:
                yield Unchanged(item.id)
            else:
                if isinstance(item, Document):
                    self.read.append(item.id)
                yield item
        if self.error:
            raise self.error


def look(stage, *sources, exact=False, size=4, **kept):
    return find_changes(stage, sources, not exact, size, **kept)


def ids(stage, source=None):
    return sorted(id_ for id_, known in stage.known_documents().items() if source in (None, known.source))


# ---------------------------------------------------------------------- what changed


def test_new_changed_gone_and_unchanged_documents_are_told_apart(stage):
    """By content, where the source has no marks."""
    look(stage, Plain(texts("a", "b", "c")))
    changes = look(stage, Plain(texts("a", "b", "d", b="other")))

    assert (changes.added, changes.changed, changes.deleted) == (["d"], ["b"], ["c"])
    assert changes.unchanged == 1
    assert stage.document("b").text == "other"
    assert ids(stage) == ["a", "b", "d"]


def test_a_source_that_knows_what_changed_is_read_where_it_changed(stage):
    """The marks of the last time come back to it; what it says is unchanged is taken as it was."""
    marked = [replace(document, mark="1") for document in texts("a", "b", "c")]
    source = Marked(marked)
    look(stage, source)
    source.given = [marked[0], replace(marked[1], text="other", mark="2")]
    changes = look(stage, source)

    assert source.read == ["b"]
    assert (changes.added, changes.changed, changes.deleted, changes.unchanged) == ([], ["b"], ["c"], 1)
    assert stage.known_documents()["b"].mark == "2"


def test_unchanged_documents_are_not_looked_at(stage, monkeypatch):
    """Not one record of the stage is decoded, and nothing is written."""
    source = Marked([replace(document, mark="1") for document in many(30)])
    look(stage, source)
    for name in ("document", "put_documents", "put_marks"):
        monkeypatch.setattr(stage, name, None)

    assert look(stage, source).unchanged == 30


def test_a_new_mark_of_the_same_content_is_kept_and_changes_nothing(stage):
    """Whether the source says unchanged, or gives the document once more."""
    one, other = (replace(document, mark="1") for document in texts("a", "b"))
    look(stage, Marked([one, other]))

    class Touched(Plain):
        def changed_documents(self, marks):
            yield Unchanged("a", "2")
            yield replace(other, mark="2")

    changes = look(stage, Touched([]))

    assert changes.unchanged == 2
    assert (changes.changed, changes.deleted) == ([], [])
    assert {known.mark for known in stage.known_documents().values()} == {"2"}


def test_a_source_that_says_unchanged_of_what_it_never_gave_is_in_error(stage):
    """It would otherwise be counted and not be there."""

    class Wrong(Plain):
        def changed_documents(self, marks):
            yield Unchanged("ghost")

    with pytest.raises(ConnectorError, match="never gave"):
        look(stage, Wrong([]))


def test_what_cannot_be_read_just_now_is_not_gone(stage):
    """A document, all of a folder, or the rows of a file."""
    given = [
        replace(document, uri=f"x:///{uri}")
        for document, uri in zip(texts("a", "b", "c", "d"), ("a", "f/b", "t#1", "ff/d"), strict=True)
    ]
    look(stage, Plain(given))
    failures = [SourceFailure(f"x:///{uri}", "It is broken.") for uri in ("a", "f", "t")]
    changes = look(stage, Plain([*failures, *texts("e")]))

    assert changes.deleted == ["d"]
    assert changes.failures == failures


# ---------------------------------------------------------------------- sources that break off


@pytest.mark.parametrize(
    ("error", "raised"),
    [
        (SourceUnavailable("away"), SourceUnavailable),
        (TimeoutError("slow"), SourceUnavailable),
        (ConnectionResetError("cut"), SourceUnavailable),
        (KeyboardInterrupt(), KeyboardInterrupt),
    ],
)
def test_a_source_that_breaks_off_removes_nothing_and_what_it_gave_is_kept(stage, error, raised):
    """The next reading is told its marks, and reads the rest."""
    marked = [replace(document, mark="1") for document in many(30)]
    look(stage, Marked(marked[20:]))
    source = Marked(marked[:7], error=error)
    with pytest.raises(raised):
        look(stage, source)
    kept = ids(stage)
    source.given, source.error = marked, None
    changes = look(stage, source)

    assert kept == [document.id for document in [*marked[:7], *marked[20:]]]
    assert source.read == [document.id for document in marked[7:20]]
    assert changes.deleted == []


def test_only_an_outage_says_that_trying_again_may_help(stage):
    """An error of another kind passes as it is."""
    with pytest.raises(ZeroDivisionError):
        look(stage, Plain([], error=ZeroDivisionError()))
    with pytest.raises(SourceUnavailable) as caught:
        look(stage, Plain([], error=TimeoutError("slow")))
    assert caught.value.retryable
    assert "slow" in str(caught.value)


# ---------------------------------------------------------------------- sources that shrink


def state_of(stage):
    return {id_: (known, stage.document(id_)) for id_, known in stage.known_documents().items()}


@pytest.mark.parametrize("left", [0, 4])
def test_a_source_that_lost_too_much_is_asked_about_and_leaves_nothing_behind(stage, left):
    """Numbers, some names and the way to say yes; what it changed and added is not taken over either."""
    look(stage, Plain(many(10)), Plain(texts("x"), "other"))
    before = state_of(stage)
    shrunk = [*texts("aa"), *many(left), *texts("new", d000="changed")] if left else []

    with pytest.raises(SourceShrunk) as caught:
        look(stage, Plain(shrunk))

    assert state_of(stage) == before
    said = str(caught.value)
    numbers = (
        "gives 6 documents now and gave 10 before: 6 are gone"
        if left
        else "gives no documents now and gave 10"
    )
    assert numbers in said
    assert ", …)" in said
    assert "--accept-loss" in said


def test_a_loss_that_is_accepted_is_taken_over(stage):
    """In part or as a whole."""
    look(stage, Plain(many(10)), Plain(texts("x"), "other"))
    partly = look(stage, Plain(many(4)), accept_loss=True)
    wholly = look(stage, Plain([]), accept_loss=True)
    again = look(stage, Plain([]), accept_loss=True)

    assert len(partly.deleted) == 6
    assert len(wholly.deleted) == 4
    assert again.deleted == []
    assert ids(stage) == ["x"]


@pytest.mark.parametrize(
    ("before", "left", "max_loss", "is_asked"),
    [
        (10, 5, 0.5, False),
        (10, 4, 0.5, True),
        (10, 9, 0.0, True),
        (10, 1, 1.0, False),
        (9, 1, 0.0, False),
        (1, 0, 1.0, True),
    ],
)
def test_the_share_that_may_go_is_a_setting(stage, before, left, max_loss, is_asked):
    """It counts from ten documents on; the last one never goes without a question."""
    look(stage, Plain(many(before)))
    try:
        look(stage, Plain(many(left)), max_loss=max_loss)
        was_asked = False
    except SourceShrunk:
        was_asked = True

    assert was_asked is is_asked


def test_losses_count_by_source(stage):
    """A large source does not make up for a small one that is gone."""
    look(stage, Plain(many(100)), Plain(texts("x", "y"), "small"))

    with pytest.raises(SourceShrunk, match=r"^small gives no documents now and gave 2 before"):
        look(stage, Plain(many(100)), Plain([], "small"))


def test_documents_that_moved_are_not_lost(stage):
    """A folder within the source was renamed, or its documents came to another source of the same run."""
    look(stage, Plain(many(20)))
    moved = [replace(document, id=f"new/{document.id}") for document in many(20)]
    renamed = look(stage, Plain(moved))
    shared = look(stage, Plain([], "plain"), Plain(moved, "other"))

    assert len(renamed.deleted) == 20
    assert shared.deleted == []
    assert ids(stage) == ids(stage, "other") == [document.id for document in moved]


def test_what_cannot_be_read_is_not_lost(stage):
    """Ten broken files are told as such; there is nothing to ask."""
    look(stage, Plain(many(10)))
    broken = [SourceFailure(document.uri, "It is broken.") for document in many(9)]
    changes = look(stage, Plain([*broken, *many(10)[9:]]))

    assert changes.deleted == []
    assert len(ids(stage)) == 10


def test_a_source_that_states_all_there_is_is_not_asked(stage):
    """It says exactly what the index holds, and other sources' documents go too."""
    look(stage, Plain(many(30)), Plain(texts("x"), "other"))
    changes = look(stage, Plain(texts("d000", d000="other"), "all"), exact=True)

    assert len(changes.deleted) == 30
    assert changes.changed == ["d000"]
    assert stage.sources() == {"all": 1}


def test_a_source_that_never_gave_anything_is_a_mistake(stage):
    """It was misnamed, or everything in it is broken: that is no loss, and the reason is told."""
    with pytest.raises(ConnectorError, match="no document that can be read"):
        look(stage, Plain([]))
    look(stage, Plain(many(10)))
    broken = Plain([SourceFailure("x:///", "It may not be read by this user.")])
    for accepted in (False, True):
        with pytest.raises(ConnectorError, match="may not be read by this user") as caught:
            look(stage, broken, accept_loss=accepted)
        assert not isinstance(caught.value, SourceShrunk)


def test_changes_are_not_held_back_longer_than_needed(stage):
    """Once enough is there, what a source gives is written down batch by batch, so that a kill loses little."""
    look(stage, Plain(many(10)))
    written = []
    look(stage, Plain([*many(10), *texts(*"abcdefgh")]), told=lambda count: written.append(len(ids(stage))))

    assert written == [10, 10, 12, 16, 18]


# ---------------------------------------------------------------------- ids of several sources


def test_another_text_of_the_same_id_is_kept_under_an_id_that_names_its_source(stage):
    """It stays so whatever becomes of the first, is known by its mark, changes and goes like any other."""
    first, second = Plain(texts("readme"), "one"), Marked([Document("readme", "R", "two", mark="1")], "two")
    added = look(stage, first, second).added
    again = look(stage, first, second)
    read = list(second.read)
    second.given = [Document("readme", "R", "three", mark="2"), *texts("other")]
    changed = look(stage, second).changed
    look(stage, Plain(texts("else"), "one"))
    look(stage, second)

    assert added == ["readme", "readme @ two"]
    assert (again.unchanged, read) == (2, [])
    assert changed == ["readme @ two"]
    assert ids(stage) == ["else", "other", "readme @ two"]
    assert stage.document("readme @ two") == Document("readme @ two", "R", "three")


def test_the_same_text_of_the_same_id_is_a_copy_where_both_sources_stay(stage):
    """In one run or in several, in either order, nothing goes to and fro."""
    one, two = Plain(texts("licence", "a"), "one"), Plain(texts("licence", "b"), "two")
    look(stage, one)
    look(stage, one, two)
    copies = find_copies(stage)
    later = [look(stage, *sources) for sources in ([one], [two], [two, one], [one, two])]

    assert list(copies) == ["licence @ two"]
    assert [(changes.added, changes.changed, changes.deleted) for changes in later] == [([], [], [])] * 4


def test_a_source_that_is_known_takes_nothing_from_another(stage):
    """It got a file that the other one has too; that one may still be there, though it is not read in this run."""
    look(stage, Plain(texts("licence"), "one"), Plain(texts("b"), "two"))
    look(stage, Plain(texts("licence", "b"), "two"))

    assert ids(stage, "one") == ["licence"]
    assert ids(stage, "two") == ["b", "licence @ two"]


def test_a_new_source_takes_nothing_from_one_that_is_still_to_be_read(stage):
    """The order in which sources are named decides nothing about documents that are there already."""
    look(stage, Plain(texts("licence"), "one"))
    changes = look(stage, Plain(texts("licence"), "two"), Plain(texts("licence"), "one"))

    assert (changes.added, changes.unchanged, changes.failures) == (["licence @ two"], 1, [])


def test_a_source_that_was_moved_takes_its_documents_along(stage):
    """The same ids and texts under a new name, in a run of its own: nothing is copied, and the old name is gone."""
    look(stage, Plain(texts("a", "b"), "old"))
    changes = look(stage, Plain(texts("a", "b", "c"), "new"))

    assert (changes.added, changes.changed) == (["c"], ["a", "b"])
    assert stage.sources() == {"new": 3}


def test_two_documents_of_one_id_in_one_source_are_told(stage):
    """The first is kept."""
    changes = look(stage, Plain([*texts("a"), *texts("a", a="other")]))

    assert "same id 'a'" in changes.failures[0].reason
    assert stage.document("a").text == "text of a"


def test_two_connectors_of_one_name_are_one_source(stage):
    """What one of them gives is not gone for the other."""
    look(stage, Plain(many(6)), Plain(many(12)[6:]))
    changes = look(stage, Plain(many(6)), Plain(many(12)[6:]))

    assert changes.unchanged == 12
    assert changes.deleted == []


# ---------------------------------------------------------------------- handing over and forgetting


def test_a_document_that_is_handed_over_takes_the_place_of_a_sources(stage):
    """Until the source is read again, which says what its documents are."""
    source = Marked([replace(document, mark="1") for document in texts("a", "b")])
    look(stage, source)
    changes = apply_changes(stage, texts("a", "c", a="mine"), [], 4)
    mine = stage.document("a").text
    read_again = look(stage, source)

    assert (changes.added, changes.changed) == (["c"], ["a"])
    assert mine == "mine"
    assert read_again.changed == ["a"]
    assert stage.document("a").text == "text of a"
    assert stage.sources() == {"documents": 1, "plain": 2}


def test_a_source_is_forgotten_with_all_its_documents(stage, tmp_path):
    """Named as the stage knows it, or by the path of the folder, which need not be there any more."""
    folder = f"folder:{tmp_path / 'notes'}"
    look(
        stage,
        Plain(texts("a", "b"), folder),
        Plain(texts("a", "c", a="other"), "s3://b"),
        Plain(texts("d"), "x"),
    )
    by_path = forget_source(stage, str(tmp_path / "notes"))
    by_name = forget_source(stage, "s3://b")

    assert sorted(by_path.deleted) == ["a", "b"]
    assert sorted(by_name.deleted) == ["a @ s3://b", "c"]
    assert stage.sources() == {"x": 1}
    with pytest.raises(ConnectorError, match=r"(?s)nothing of the name 'y'.*x \(1 document\)"):
        forget_source(stage, "y")
