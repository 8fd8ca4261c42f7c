"""Where documents say otherwise: found, grouped, dated, balanced, and nobody chosen."""

import json
from datetime import UTC, datetime

import pytest
from typer.testing import CliRunner

from hippograph.cli.app import app
from hippograph.engine import Hippograph
from hippograph.types import Document

ASKED = "When was the Iron Bridge over the Tamm built?"
OLD, NEW = datetime(2001, 1, 1, tzinfo=UTC), datetime(2020, 6, 1, tzinfo=UTC)
DOCUMENTS = [
    Document("guide", "Guide", "The Iron Bridge over the Tamm was built in 1871.", timestamp=OLD),
    Document("leaflet", "Leaflet", "The Iron Bridge over the Tamm was built in 1871.", timestamp=OLD),
    Document("survey", "Survey", "The Iron Bridge over the Tamm was built in 1874.", timestamp=NEW),
    Document("tower", "Tower", "The Grey Tower is a lighthouse near Lund.", timestamp=NEW),
]


@pytest.fixture
def memory(tmp_path, settings, parts):
    with Hippograph.build(DOCUMENTS, tmp_path / "index", settings=settings, parts=parts) as memory:
        yield memory


def test_both_sides_are_shown_with_their_dates_the_newest_first(memory):
    """Who says 1871 and who says 1874, and when each was written."""
    (conflict,) = memory.conflicts(memory.ask(ASKED))

    assert [side.newest for side in conflict.sides] == [NEW, OLD]
    assert [side.citations[0].document for side in conflict.sides] == ["survey", "leaflet"]
    assert "1871" in " ".join(cited.sentence for side in conflict.sides for cited in side.citations)


def test_no_side_is_shown_longer_than_the_other(memory):
    """Two documents against one: one sentence each, and the count of all."""
    (conflict,) = memory.conflicts(memory.ask(ASKED))

    assert [len(side.citations) for side in conflict.sides] == [1, 1]
    assert [side.documents for side in conflict.sides] == [1, 2]


def test_where_documents_agree_there_is_no_conflict(memory):
    """And none where there is no answer."""
    memory.remove(["survey"])

    assert memory.conflicts(memory.ask(ASKED)) == ()
    assert memory.conflicts(memory.ask("Who is Zebulon Quirk?")) == ()


def test_the_command_shows_them_when_asked(memory, environment_without_a_model):
    """For people and for programs; without the option nothing is compared."""

    def run(*more):
        return CliRunner().invoke(app, ["ask", ASKED, "--index", str(memory._folder), *more])

    shown = run("--show-conflicts").stdout
    record = json.loads(run("--show-conflicts", "--json").stdout)

    assert "documents differ" in shown
    assert "2020-06-01" in shown
    assert [side["documents"] for side in record["conflicts"][0]["sides"]] == [1, 2]
    assert "conflicts" not in json.loads(run("--json").stdout)
