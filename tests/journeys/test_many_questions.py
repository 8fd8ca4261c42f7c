"""Many questions at once: the results that they have one by one, here and in other processes."""

from dataclasses import replace

import pytest

from hippograph import toy
from hippograph.engine import Hippograph
from hippograph.errors import IndexMismatch, QuestionError, SettingsError
from hippograph.settings import Settings
from hippograph.wiring import build_parts
from tests.conftest import WITHOUT_A_MODEL
from tests.fakes import OtherEmbedder

QUESTIONS = [question.question for question in toy.QUESTIONS]


def shown(result):
    return [(found.passage.id, found.score, found.reasons) for found in result.passages]


@pytest.fixture(scope="module", params=["here", "processes"])
def memory(request, tmp_path_factory):
    """The toy world, searched in this process or by two others."""
    folder = tmp_path_factory.mktemp("many") / "index"
    settings = Settings(models=WITHOUT_A_MODEL, workers={"kind": request.param, "count": 2})
    with Hippograph.build(toy.documents(), folder, settings=settings, parts=build_parts(settings)) as memory:
        yield memory
        memory.parts.workers.close()


def test_many_questions_have_the_results_they_have_alone(memory):
    """In their order, with passages, scores and reasons, by any method."""
    asked = QUESTIONS * 60
    for method in (None, "bm25"):
        alone = {question: shown(memory.explain(question, 3, method)) for question in QUESTIONS}
        together = list(memory.search_many(asked, 3, method))

        assert [shown(result) for result in together] == [alone[question] for question in asked]


def test_no_questions_have_no_results(memory):
    """An empty list is nothing to search for."""
    assert list(memory.search_many([])) == []


def test_a_bad_question_or_method_among_many_is_told(memory):
    """As for one question alone."""
    with pytest.raises(QuestionError):
        list(memory.search_many([*QUESTIONS, " "]))
    with pytest.raises(SettingsError, match="no_such_method"):
        list(memory.search_many(QUESTIONS, method="no_such_method"))


def test_what_was_opened_is_searched_though_a_newer_version_is_published(tmp_path):
    """Workers open the version that was asked, not the newest one."""
    settings = Settings(models=WITHOUT_A_MODEL, workers={"kind": "processes", "count": 1})
    parts, folder = build_parts(settings), tmp_path / "index"
    with Hippograph.build(toy.documents(), folder, settings=settings, parts=parts) as memory:
        before = [shown(memory.explain(question)) for question in QUESTIONS]
        with Hippograph.open(folder, settings=settings, parts=parts) as other:
            other.remove([toy.documents()[0].id])
        found = [shown(result) for result in memory.search_many(QUESTIONS)]
        parts.workers.close()

    assert found == before


def test_workers_with_another_embedder_are_refused(tmp_path):
    """An embedder that was handed in cannot be made again elsewhere."""
    settings = Settings(models=WITHOUT_A_MODEL, workers={"kind": "processes", "count": 1})
    made = build_parts(settings)
    handed_in = replace(made, embedder=OtherEmbedder(made.embedder))
    here = replace(handed_in, workers=build_parts(Settings(models=WITHOUT_A_MODEL)).workers)
    Hippograph.build(toy.documents(), tmp_path / "index", settings=settings, parts=here).close()
    with (
        Hippograph.open(tmp_path / "index", settings=settings, parts=handed_in) as memory,
        pytest.raises(IndexMismatch, match="handed in"),
    ):
        list(memory.search_many(QUESTIONS))
    made.workers.close()
