"""Readers while versions are published: each keeps the version it opened, whole, for as long as it likes."""

import pytest

from eval.bench.readers import edition, growth, measure_readers
from hippograph.engine import Hippograph

QUESTION = "Is the harbour of Marren open?"


def told(step, done, total):
    """Nobody listens."""


@pytest.fixture
def open_(tmp_path, settings, parts):
    """Open the newest version."""
    return lambda: Hippograph.open(tmp_path / "index", settings=settings, parts=parts)


@pytest.fixture
def writer(tmp_path, settings, parts):
    """An index of which version n holds edition n."""
    with Hippograph.build(edition(1), tmp_path / "index", settings=settings, parts=parts) as memory:
        yield memory


@pytest.mark.parametrize("compacts", [False, True])
def test_a_reader_that_has_not_looked_yet_keeps_its_version(writer, open_, compacts):
    """Whatever was published, retired and compacted since it was opened, the first look shows what was opened."""
    with open_() as early:
        expected = everything(early)
    with open_() as reader:
        for number in range(2, 8):
            writer.add(edition(number))
            if compacts:
                writer.compact()
        shown = everything(reader)

    assert shown == expected
    assert any("edition 1" in text for text in expected["found"])


def everything(memory):
    """What a reader can be shown of a version."""
    return {
        "passages": [passage.text for passage in memory.index.passages()],
        "facts": memory.index.facts(),
        "edges": memory.index.named_edges(),
        "found": [ranked.passage.text for ranked in memory.search(QUESTION, k=5)],
        "answer": memory.ask(QUESTION).text,
    }


def test_a_reader_sees_the_next_version_when_it_asks_for_it(writer, open_):
    """Refreshing shows what is visible now, and says whether that is something new."""
    with open_() as reader:
        before = reader.refresh()
        writer.add(edition(2))
        after = reader.refresh()
        texts = [ranked.passage.text for ranked in reader.search(QUESTION, k=5)]

    assert (before, after) == (False, True)
    assert all("edition 2" in text for text in texts)


def test_readers_in_other_processes_see_whole_versions_only():
    """While versions are published and compacted, no search fails, tears or keeps files open."""
    report = measure_readers(2, 11, told)

    assert report["problems"] == []
    assert (report["lost_readers"], report["open_files_growth"], report["mapped_files_growth"]) == (0, 0, 0)
    assert report["openings"] >= 2


@pytest.mark.slow
def test_eight_readers_during_fifty_publishes_see_whole_versions_only():
    """The same at length."""
    report = measure_readers(8, 50, told)

    assert report["problems"] == []
    assert (report["lost_readers"], report["open_files_growth"], report["mapped_files_growth"]) == (0, 0, 0)


def test_growth_is_what_the_end_has_beyond_the_beginning():
    """A count that goes up and down does not grow; one that only goes up does."""
    assert growth([5, 9, 5, 9, 5, 9, 5, 9]) == 0
    assert growth([5, 6, 7, 8]) == 3
    assert growth([]) == 0
