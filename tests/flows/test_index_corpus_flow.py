"""The flow gives what the plain function gives, and leaves in Prefect what people and automations look for."""

from __future__ import annotations

from pathlib import Path

import pytest

from hippograph.adapters.scripted_generator import ScriptedGenerator
from hippograph.engine import Hippograph
from hippograph.errors import (
    ConnectorError,
    IndexDamaged,
    ModelRefused,
    PublishConflict,
    SettingsError,
    SourceUnavailable,
)
from hippograph.wiring import build_parts
from tests.recorded_extractions import RecordedExtractions

pytest.importorskip("prefect", reason="the flows extra is not installed")
pytestmark = [pytest.mark.prefect, pytest.mark.usefixtures("prefect_server", "offline")]

FACTS = {
    "Ada Berg built the Orrin mill.": (["Ada Berg", "Orrin mill"], [["Ada Berg", "built", "Orrin mill"]]),
    "The Orrin mill stands in Vale.": (["Orrin mill", "Vale"], [["Orrin mill", "stands in", "Vale"]]),
}
"""What the scripted model finds in each text: entities, and facts."""


@pytest.fixture
def client():
    from prefect.client.orchestration import get_client

    with get_client(sync_client=True) as client:
        yield client


def write(folder: Path, **texts: str) -> None:
    folder.mkdir(exist_ok=True)
    for name, text in texts.items():
        (folder / f"{name}.md").write_text(text)


def artifacts(client, key):
    """The artifacts with a key, oldest first."""
    from prefect.client.schemas.filters import ArtifactFilter, ArtifactFilterKey
    from prefect.client.schemas.sorting import ArtifactSort

    found = client.read_artifacts(
        artifact_filter=ArtifactFilter(key=ArtifactFilterKey(any_=[key])), sort=ArtifactSort.CREATED_DESC
    )
    return list(reversed(found))


def test_the_flow_publishes_what_changed(tmp_path, client):
    """A first run publishes version one, a second nothing, and after a change and a deletion a third version two.

    Each leaves a row, a report to read and a progress of 100; nothing is left to Prefect's results.
    """
    from flows.corpus import Corpus
    from flows.index_corpus import index_corpus

    source, index = tmp_path / "notes", tmp_path / "index"
    corpus = Corpus(sources=[str(source)], index=index, name="notes")
    write(
        source,
        ada="# Ada\n\nAda Berg built the Orrin mill.",
        mill="# Orrin mill\n\nThe Orrin mill stands in Vale.",
    )
    first = index_corpus(corpus)
    again = index_corpus(corpus)
    write(
        source,
        ada="# Ada\n\nAda Berg built the Tamsin bridge.",
        copy="# Ada\n\nAda Berg built the Tamsin bridge.",
    )
    (source / "mill.md").unlink()
    second = index_corpus(corpus)

    assert (first.version.number, first.is_new, first.added) == (1, True, ("ada.md", "mill.md"))
    assert (again.version, again.is_new, again.unchanged) == (first.version, False, 2)
    assert (second.version.number, second.added, second.changed) == (2, ("copy.md",), ("ada.md",))
    assert second.deleted == ("mill.md",)
    with Hippograph.open(index) as memory:
        assert "Tamsin" in memory.search("What did Ada Berg build?")[0].passage.text
    table = artifacts(client, "notes-changes")[-1].data
    assert '"added": 1, "changed": 1, "deleted": 1, "unchanged": 0, "skipped": 1' in table
    report = artifacts(client, "notes-report")[-1].data
    assert "Version 2 is published" in report
    assert "## Deleted: 1\n\n- mill.md" in report
    assert "has the same title and text" in report
    assert all(f"| {step} |" in report for step in second.step_seconds)
    assert [artifact.data for artifact in artifacts(client, "notes-progress")] == [100, 100, 100]


def test_an_event_says_that_a_version_was_published(tmp_path, monkeypatch):
    """One event for the run that published, none for the run that found nothing to do."""
    from flows import reports
    from flows.corpus import Corpus
    from flows.index_corpus import index_corpus

    told = []
    monkeypatch.setattr(
        reports, "emit_event", lambda event, resource, payload: told.append((event, resource, payload))
    )
    write(tmp_path / "notes", ada="Ada Berg built the Orrin mill.")
    corpus = Corpus(sources=[str(tmp_path / "notes")], index=tmp_path / "index", name="notes")
    first = index_corpus(corpus)
    index_corpus(corpus)

    ((event, resource, payload),) = told
    assert (event, resource["prefect.resource.id"]) == (
        "hippograph.index.published",
        "hippograph.index.notes",
    )
    assert (payload["version_id"], payload["version"], payload["added"]) == (first.version.id, 1, 1)


def test_a_run_that_fails_says_why_in_its_report(tmp_path, client):
    """A folder that is not there fails the run at once, and its report tells what it was."""
    from flows.corpus import Corpus
    from flows.index_corpus import index_corpus

    corpus = Corpus(sources=[str(tmp_path / "none")], index=tmp_path / "index", name="nowhere")
    with pytest.raises(ConnectorError):
        index_corpus(corpus)

    assert "The run failed: There is nothing at" in artifacts(client, "nowhere-report")[-1].data


def test_a_step_is_tried_again_only_where_that_may_help(tmp_path, monkeypatch):
    """A source that is away for a moment is asked again; one that is wrong is not."""
    from flows import tasks
    from flows.corpus import Corpus

    asked = []

    def away_twice(*arguments, **named):
        asked.append("asked")
        raise (SourceUnavailable if len(asked) < 3 else ConnectorError)("not now")

    monkeypatch.setattr(tasks, "find_changes", away_twice)
    write(tmp_path / "notes", ada="Ada Berg built the Orrin mill.")
    corpus = Corpus(sources=[str(tmp_path / "notes")], index=tmp_path / "index")
    read = tasks.read_documents.with_options(retry_delay_seconds=0)
    with pytest.raises(ConnectorError):
        read(corpus, None)

    assert len(asked) == 3


def test_an_error_that_may_pass_is_retried_and_another_is_not():
    """Only errors that say so themselves are worth another try."""
    from flows.tasks import may_help

    class Failed:
        def __init__(self, error):
            self.error = error

        def result(self, raise_on_failure):
            return self.error

    assert may_help(None, None, Failed(PublishConflict("held")))
    assert not may_help(None, None, Failed(IndexDamaged("torn")))
    assert not may_help(None, None, Failed(ValueError("a mistake of ours")))


@pytest.mark.parametrize(
    ("fields", "words"),
    [({"grade": "llm"}, "needs a language model"), ({"budget": 100}, "spends no tokens")],
)
def test_what_a_grade_cannot_do_is_refused(tmp_path, fields, words):
    """A grade that needs a model where there is none, and a budget for one that spends nothing, are wrong settings."""
    from flows.corpus import Corpus
    from flows.index_corpus import index_corpus

    write(tmp_path / "notes", ada="Ada Berg built the Orrin mill.")
    with pytest.raises(SettingsError, match=words):
        index_corpus(Corpus(sources=[str(tmp_path / "notes")], index=tmp_path / "index", **fields))

    assert not (tmp_path / "index").exists()


def test_settings_of_a_corpus_go_before_the_environment(tmp_path, monkeypatch):
    """What a corpus says of itself holds; the rest comes from the environment as ever."""
    from flows.corpus import Corpus, settings_of

    monkeypatch.setenv("HIPPOGRAPH_PASSAGE__MAX_TOKENS", "64")
    monkeypatch.setenv("HIPPOGRAPH_PASSAGE__OVERLAP_TOKENS", "8")
    corpus = Corpus(sources=["."], index=tmp_path, settings={"passage": {"max_tokens": 32}})

    settings = settings_of(corpus)

    assert (settings.passage.max_tokens, settings.passage.overlap_tokens) == (32, 8)
    assert settings.models.embedder == "hashing"


@pytest.fixture
def model(monkeypatch, tmp_path):
    """A scripted model that finds what it is scripted to find, beside the offline parts."""
    from dataclasses import replace

    from flows import tasks

    generator = ScriptedGenerator(RecordedExtractions(FACTS))
    monkeypatch.setenv("HIPPOGRAPH_STORAGE__REPLIES", str(tmp_path / "replies.db"))
    monkeypatch.setattr(
        tasks, "build_parts", lambda settings: replace(build_parts(settings), generator=generator)
    )
    tasks._parts.cache_clear()
    yield generator
    tasks._parts.cache_clear()


def test_what_a_model_took_is_told_and_a_budget_holds(tmp_path, client, model):
    """Tokens stand in the table; what the budget did not reach is left for the next run, which reads it."""
    from flows.corpus import Corpus
    from flows.index_corpus import index_corpus

    write(tmp_path / "notes", **dict(zip(("ada", "mill"), FACTS, strict=True)))
    corpus = Corpus(sources=[str(tmp_path / "notes")], index=tmp_path / "index", name="model", grade="llm")
    short = index_corpus(corpus.model_copy(update={"budget": 1}))
    full = index_corpus(corpus)
    again = index_corpus(corpus)

    assert (short.usage.llm_calls, short.upgraded.read, short.upgraded.left) == (0, 0, 2)
    assert (full.upgraded.read, full.upgraded.left, full.version.upgraded_count) == (2, 0, 2)
    assert (again.usage.llm_calls, again.is_new) == (0, False)
    tokens = full.usage.prompt_tokens + full.usage.completion_tokens
    assert tokens > 0
    table, reports = artifacts(client, "model-changes"), artifacts(client, "model-report")
    assert f'"tokens": {tokens}' in table[1].data
    assert "2 are left for the next run, because" in reports[0].data


def test_a_model_that_serves_no_one_fails_the_run_after_the_rest_is_published(
    tmp_path, client, model, monkeypatch
):
    """A wrong key does not look like success, and what the rules found can be asked all the same."""
    from flows.corpus import Corpus
    from flows.index_corpus import index_corpus

    monkeypatch.setattr(model, "_script", lambda request: ModelRefused("the key is wrong"))
    write(tmp_path / "notes", **{f"note{n}": f"Ada Berg built the mill of Vale {n}." for n in range(9)})
    corpus = Corpus(sources=[str(tmp_path / "notes")], index=tmp_path / "index", name="refused", grade="llm")
    with pytest.raises(ModelRefused):
        index_corpus(corpus)

    with Hippograph.open(tmp_path / "index") as memory:
        assert memory.search("Who built the mill of Vale 7?")[0].passage.document == "note7.md"
    assert "9 are left for the next run, because" in artifacts(client, "refused-report")[-1].data
