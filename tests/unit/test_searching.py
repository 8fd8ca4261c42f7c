"""Methods that need more than an index: loops around a search, and how they are named and bounded."""

from dataclasses import replace

import pytest

from hippograph import toy
from hippograph.engine import Hippograph, index_sources
from hippograph.errors import SettingsError
from hippograph.searching import is_published, known_methods, question_names
from tests.scripted_model import RepliesInTurn

QUESTION = toy.QUESTIONS[1].question
THOUGHT = "Ada Lovelace translated an article by Luigi Menabrea."


@pytest.fixture(autouse=True)
def _a_cache_of_our_own(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


@pytest.fixture
def open_toy(tmp_path, settings, parts):
    """The toy world under a model that gives these replies, or under none."""
    opened = []

    def open_(*replies, **answer):
        chosen = settings.model_copy(update={"answer": settings.answer.model_copy(update=answer)})
        own = replace(parts, generator=RepliesInTurn(*replies) if replies else None)
        folder = tmp_path / f"toy-{len(opened)}"
        opened.append(Hippograph.build(toy.documents(), folder, settings=chosen, parts=own))
        return opened[-1], own.generator

    yield open_
    for memory in opened:
        memory.close()


def ids(passages):
    return [found.passage.document for found in passages]


def test_a_loop_searches_for_what_the_model_thinks(open_toy):
    """The question, then the thought; passages of both, each once, and the queries in the trace."""
    memory, model = open_toy(
        {"thought": THOUGHT, "has_answer": False}, {"thought": "Chambéry.", "has_answer": True}
    )
    result = memory.explain(QUESTION, 5, "ircot")

    assert result.trace.method == "ircot+hippograph"
    assert result.trace.queries == (THOUGHT,)
    assert sorted(ids(result.passages)) == sorted(toy.TEXTS)
    assert [request.purpose for request in model.requests] == ["ircot", "ircot"]


@pytest.mark.parametrize("inner", ["dense", "bm25", "hippograph"])
def test_a_loop_goes_round_the_method_after_the_plus(open_toy, inner):
    """With one hop it is that method's own order."""
    memory, model = open_toy({}, max_hops=1)
    result = memory.explain(QUESTION, 3, f"ircot+{inner}")

    assert ids(result.passages) == ids(memory.search(QUESTION, 3, inner))
    assert result.trace.method == f"ircot+{inner}"
    assert model.requests == []


def test_a_loop_goes_round_hipporag2_with_recognition_in_every_search(open_toy):
    """Two searches and a thought between them: three calls and one that ends it."""
    memory, model = open_toy(
        {"relevant": []}, {"thought": THOUGHT, "has_answer": False}, {"relevant": []},
        {"thought": "Done.", "has_answer": True},
    )  # fmt: skip
    memory.explain(QUESTION, 5, "ircot+hipporag2")

    assert [request.purpose for request in model.requests] == ["recognise", "ircot", "recognise", "ircot"]


def test_a_loop_makes_no_more_calls_than_allowed(open_toy):
    """What was found until then is returned, with a warning."""
    replies = [{"thought": f"Thought {n} of the engine.", "has_answer": False} for n in range(9)]
    memory, model = open_toy(*replies, max_model_calls=2, max_hops=9)
    result = memory.explain(QUESTION, 5, "ircot")

    assert len(model.requests) == 2
    assert len(result.trace.queries) == 2
    assert "The budget of 2 calls is spent" in result.trace.warnings[0]


def test_a_loop_without_a_model_says_what_to_set_up(open_toy):
    """It is never a search that looks like a loop."""
    memory, _ = open_toy()
    for loop in ("ircot", "refine", "decompose", "ircot+dense"):
        with pytest.raises(SettingsError, match=r"needs a language model\. Set models\.generator"):
            memory.search(QUESTION, 5, loop)


@pytest.mark.parametrize("inner", ["magic", "ircot", "dense+bm25"])
def test_a_loop_goes_round_a_known_method(open_toy, inner):
    """Not round another loop."""
    memory, _ = open_toy({})
    with pytest.raises(
        SettingsError, match=r"cannot go round .* Known are hippograph, dense, bm25, hipporag1"
    ):
        memory.search(QUESTION, 5, f"ircot+{inner}")


@pytest.mark.parametrize("method", ["magic", "", "dense+bm25", 7])
def test_an_unknown_method_is_told_with_the_known_ones(open_toy, method):
    """The published ones among them."""
    memory, _ = open_toy()
    with pytest.raises(
        SettingsError, match=r"unknown\. Known are hippograph, dense, bm25, hipporag1, hipporag2"
    ):
        memory.search(QUESTION, 5, method)


def test_a_loop_in_the_settings_is_no_methods_inner_one(tmp_path, open_toy, settings):
    """`ircot` then goes round the usual search, not round itself."""
    memory, _ = open_toy({}, max_hops=1)
    searching = memory.searching
    retrieval = settings.retrieval.model_copy(update={"method": "ircot"})
    searching._settings = searching._settings.model_copy(update={"retrieval": retrieval})
    vector = memory.embedder.embed_query(QUESTION)

    assert searching.search(QUESTION, vector, 3).trace.method == "ircot+hippograph"


def test_methods_by_name():
    """Loops, published methods and those over the index alone."""
    assert known_methods() == (
        "hippograph", "dense", "bm25", "hipporag1", "hipporag2", "hybrid", "structural", "forest", "clues",
        "contiguous", "timeline", "decompose", "ircot", "refine"
    )  # fmt: skip
    assert is_published("hipporag1")
    assert is_published("ircot+hipporag2")
    assert not is_published("ircot")


def test_a_model_is_asked_by_loops_and_by_the_published_methods(open_toy):
    """Who measures calls knows beforehand whether there will be any."""
    with_model, _ = open_toy({})
    without, _ = open_toy()

    assert [m for m in known_methods() if with_model.searching.asks_a_model(m)] == [
        "hipporag1", "hipporag2", "forest", "clues", "decompose", "ircot", "refine"
    ]  # fmt: skip
    assert not any(without.searching.asks_a_model(m) for m in known_methods())
    assert (without.model_calls(), with_model.model_calls()) == (0, 0)


@pytest.mark.parametrize(
    ("question", "names"),
    [
        ("Who designed the Iron Bridge?", ["Iron Bridge"]),
        ("In which town was Ada Quist's father born?", ["Ada Quist"]),
        ("Is Port Marren larger than Ribe?", ["Port Marren", "Ribe"]),
        ('Who wrote "The Salt Ledger"?', ["The Salt Ledger"]),
        ("what is the tamm?", []),
    ],
)
def test_names_in_a_question_by_rule(question, names):
    """Words that are capitalised only because a question begins with them are no names; quoted titles are."""
    assert question_names(question) == names


def test_known_names_go_before_the_rule(open_toy):
    """Such as those that a model once found and a data set holds."""
    memory, _ = open_toy()
    memory.searching.know_names({QUESTION: []})

    assert "names nothing" in memory.explain(QUESTION, 5, "hipporag1").trace.fallback


def test_words_alone_are_searched_for_without_a_vector(open_toy):
    """Nothing is embedded for bm25, nor for a loop round it."""
    memory, _ = open_toy({"thought": THOUGHT, "has_answer": False}, {"thought": "", "has_answer": True})
    embedded = []
    memory._parts = replace(memory._parts, embedder=Overheard(memory._parts.embedder, embedded))
    memory.searching._parts = memory._parts
    found = memory.search(QUESTION, 3, "bm25")
    memory.search(QUESTION, 3, "ircot+bm25")
    before = list(embedded)
    memory.search(QUESTION, 3, "dense")

    assert found
    assert (before, embedded) == ([], [QUESTION])


class Overheard:
    """An embedder that remembers the questions it was given."""

    def __init__(self, inner, heard):
        self.inner, self.heard = inner, heard

    def __getattr__(self, name):
        return getattr(self.inner, name)

    def embed_query(self, text):
        self.heard.append(text)
        return self.inner.embed_query(text)


def test_a_search_by_a_method_that_asks_is_bounded_too(open_toy):
    """With no calls allowed the facts stay unfiltered, with a warning, and nobody is asked."""
    memory, model = open_toy({"relevant": [1]}, max_model_calls=0)
    result = memory.explain(QUESTION, 5, "hipporag2")

    assert model.requests == []
    assert "The budget of 0 calls is spent" in result.trace.warnings[0]


def test_closing_closes_the_model_that_was_made_here_and_no_other(tmp_path, settings, parts, monkeypatch):
    """Parts that were handed in are their owner's; those made from the settings go with the memory."""
    closed = []

    class Closing(RepliesInTurn):
        def close(self):
            closed.append(self.name)

    given, own = Closing(), Closing()
    given.name, own.name = "given", "own"
    monkeypatch.setattr("hippograph.engine.build_parts", lambda _: replace(parts, generator=own))
    Hippograph.build(
        toy.documents(), tmp_path / "a", settings=settings, parts=replace(parts, generator=given)
    ).close()
    Hippograph.open(tmp_path / "a", settings=settings, parts=replace(parts, generator=given)).close()
    by_others = list(closed)
    Hippograph.open(tmp_path / "a", settings=settings).close()
    with Hippograph.build(toy.documents(), tmp_path / "b", settings=settings) as memory:
        pass
    memory.close()

    index_sources([], tmp_path / "a", settings=settings)
    index_sources([], tmp_path / "a", settings=settings, parts=replace(parts, generator=given))

    assert by_others == []
    assert closed == ["own", "own", "own"]
