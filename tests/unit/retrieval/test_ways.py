"""Further ways in: segments and neighbours, communities and what is dealt from them, units, clues, fusion."""

from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest

from hippograph import toy
from hippograph.engine import Hippograph
from hippograph.errors import GenerationError
from hippograph.graph.communities import group_passages
from hippograph.retrieval.rankings import Ranking
from hippograph.retrieval.ways import summary_forest as forests
from hippograph.retrieval.ways.contiguous import ALONE, SHARE
from hippograph.retrieval.ways.fusion import fuse
from hippograph.retrieval.ways.segments import boundaries
from hippograph.types import Document, Extraction, ReasonKind, Triple
from tests.scripted_model import RepliesInTurn

QUESTION = "Where was the designer of the Iron Bridge born?"


@pytest.fixture(autouse=True)
def _a_cache_of_our_own(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def ids(passages):
    return [found.passage.document for found in passages]


def along(*axes):
    """Unit vectors along axes of four dimensions, one a sentence."""
    return np.eye(4, dtype=np.float32)[list(axes)]


def ties(*pairs):
    """Passages, names and equal weights, as the grouping reads them."""
    passages, names = zip(*sorted(pairs), strict=True)
    return np.array(passages), np.array(names), np.ones(len(pairs))


# --------------------------------------------------------------------------- fusion


def test_fusion_adds_reciprocal_ranks(river):
    """1/61 + 1/62 for a passage that is first and second; 1/61 for one that is first once."""
    lists = [Ranking(np.array([3, 1]), np.array([9.0, 8.0])), Ranking(np.array([1, 4]), np.array([0.2, 0.1]))]
    fused = fuse(river.index, lists)

    assert fused.rows.tolist() == [1, 3, 4]
    assert fused.scores == pytest.approx([1 / 62 + 1 / 61, 1 / 61, 1 / 62])


def test_hybrid_puts_first_what_both_rankings_have_high(river):
    """Its order is that of the sums of reciprocal ranks in dense and bm25."""
    dense, lexical = (ids(river.search(QUESTION, 5, method)) for method in ("dense", "bm25"))
    sums = {
        name: sum(1 / (61 + ranked.index(name)) for ranked in (dense, lexical) if name in ranked)
        for name in dense
    }
    found = river.search(QUESTION, 5, "hybrid")

    assert [p.score for p in found] == pytest.approx(sorted(sums.values(), reverse=True))
    assert [sums[name] for name in ids(found)] == pytest.approx([p.score for p in found])


# --------------------------------------------------------------------------- segments and neighbours


def test_a_segment_ends_where_the_embedding_changes():
    """Three sentences of one thing, three of another."""
    assert boundaries(along(0, 0, 0, 1, 1, 1)).tolist() == [0, 3]


@pytest.mark.parametrize("vectors", [along(0, 0, 0, 0), np.zeros((5, 4), dtype=np.float32), along(2)])
def test_where_nothing_changes_more_than_usual_there_is_one_segment(vectors):
    """The same throughout, no direction at all, a single sentence."""
    assert boundaries(vectors).tolist() == [0]


def test_nothing_has_no_segment():
    """No sentence, no beginning."""
    assert boundaries(np.zeros((0, 4), dtype=np.float32)).tolist() == []


def test_a_boundary_moves_to_where_the_two_sides_part_best():
    """The jump is after the second sentence, but the third is more like the first two: modularity says so.

    Cosines: sentences 0 to 2 lean on the first axis (the third by 0.8), 3 to 5 on the second.
    """
    third = np.array([[0.8, 0.0, 0.6, 0.0]], dtype=np.float32)
    vectors = np.concatenate([along(0, 0), third, along(1, 1, 1)])

    assert boundaries(vectors).tolist() == [0, 3]


TALE = [
    "The bridge was drawn in ink. The ink was black. The drawing was large.",
    "The drawing went to the archive. The archive is cold. It opens on Mondays.",
    "Salt came in barges. The barges were slow. Men pulled the barges.",
    "The town grew rich on salt. Its wall was doubled. Its gate was painted.",
]


@pytest.fixture
def tale(tmp_path, settings):
    """One document of several passages, and five of one."""
    documents = [Document("tale", "A tale", "\n\n".join(TALE))]
    documents += [
        Document(f"d{n}", f"Matter {n}", f"Twelve men pulled barges of salt, number {n}.") for n in range(5)
    ]
    short = settings.model_copy(update={"passage": settings.passage.model_copy(update={"max_tokens": 20})})
    with Hippograph.build(documents, tmp_path / "tale", settings=short) as memory:
        yield memory


def test_neighbours_are_of_the_same_document_and_take_three_tenths_at_most(tale):
    """In every beginning of the list; the trace counts them, and each says beside what it stands."""
    question = "Who pulled the barges of salt?"
    result = tale.explain(question, 9, "contiguous+dense")
    brought = [
        any("A tale, part" in reason.text for reason in found.reasons if reason.kind is ReasonKind.PATH)
        for found in result.passages
    ]

    assert any(brought)
    assert all(sum(brought[:n]) <= SHARE * n for n in range(1, 10))
    assert all(
        found.passage.document == "tale" for found, b in zip(result.passages, brought, strict=True) if b
    )
    assert result.trace.notes == (
        f"{sum(brought)} of {len(brought)} passages are neighbours in time of one that was found",
    )


def test_neighbours_change_no_order_of_documents(tale):
    """What recall of documents sees is the method it goes round."""
    question = "Who pulled the barges of salt?"
    order = list(dict.fromkeys(ids(tale.search(question, 9, "contiguous+dense"))))

    assert order == list(dict.fromkeys(ids(tale.search(question, 9, "dense"))))


def test_where_every_document_is_one_passage_nothing_is_brought(river):
    """The order is that of the search, and the trace says why."""
    result = river.explain(QUESTION, 5, "contiguous")

    assert ids(result.passages) == ids(river.search(QUESTION, 5))
    assert result.trace.notes == (ALONE,)


# --------------------------------------------------------------------------- communities and the forest


def test_passages_that_share_names_lie_in_one_group():
    """Two triangles over two names each, joined by nothing; the seventh names nothing and stands apart."""
    pairs = [(p, 7) for p in (0, 1, 2)] + [(p, 8) for p in (0, 1, 2)] + [(p, 9) for p in (3, 4, 5)]
    grouping = group_passages(7, ties(*pairs))
    leaves = grouping.leaves.tolist()

    assert leaves[0] == leaves[1] == leaves[2]
    assert leaves[3] == leaves[4] == leaves[5]
    assert len({leaves[0], leaves[3], leaves[6]}) == 3
    assert grouping.parents.tolist() == [-1, -1, -1]


def test_a_group_that_is_too_large_is_parted_by_the_edges_within_it():
    """Eight pairs hold together by a name of their own, and all by one that is everywhere."""
    pairs = [(p, 16 + p // 2) for p in range(16)] + [(p, 24) for p in range(0, 16, 2)]
    grouping = group_passages(16, ties(*pairs), largest=2)

    assert all(grouping.leaves[2 * n] == grouping.leaves[2 * n + 1] for n in range(8))
    assert len(set(grouping.leaves.tolist())) == 8
    assert all(parent < group for group, parent in enumerate(grouping.parents.tolist()))


def test_the_same_ties_give_the_same_groups_and_chance_elsewhere_is_left_alone():
    """Whatever was drawn before."""
    import random

    chance = random.Random(3)
    pairs = sorted({(chance.randrange(60), 60 + chance.randrange(25)) for _ in range(200)})
    first = group_passages(60, ties(*pairs))
    random.random()
    again = group_passages(60, ties(*pairs))

    assert first.leaves.tolist() == again.leaves.tolist()
    assert first.parents.tolist() == again.parents.tolist()


def test_passages_without_ties_are_one_group():
    """Nothing joins them, so nothing parts them."""
    none = np.zeros(0, dtype=np.int64)
    grouping = group_passages(3, (none, none, np.zeros(0)))

    assert grouping.leaves.tolist() == [0, 0, 0]
    assert grouping.parents.tolist() == [-1]


def themes():
    """Nine documents of salt and three of bees, tied by names of their own."""
    salt = {f"salt{n}": f"Salt Master Brandt sold salt in Ribe in lot {n}." for n in range(9)}
    bees = {f"bees{n}": f"Bee Keeper Moss fed bees at Lund in hive {n}." for n in range(3)}
    return [Document(name, name.title(), text) for name, text in {**salt, **bees}.items()]


@pytest.fixture
def two_themes(tmp_path, settings, parts):
    with Hippograph.build(themes(), tmp_path / "themes", settings=settings, parts=parts) as memory:
        yield memory


def test_places_are_dealt_by_the_root_of_a_groups_size(two_themes):
    """Nine and three passages, both as near: weights 3 and 1.73, so by D'Hondt 3, 1.73, 1.5, 1, 0.87."""
    nowhere = np.zeros(two_themes.embedder.dimension, dtype=np.float32)
    found = two_themes.search_vector("What is told here?", nowhere, 5, "forest").passages

    assert [name.rstrip("0123456789") for name in ids(found)] == ["salt", "bees", "salt", "salt", "bees"]
    assert [p.score for p in found] == pytest.approx([3, 3**0.5, 1.5, 1, 3**0.5 / 2])


def test_the_trace_of_a_forest_says_what_its_groups_are_about(two_themes):
    """Names that are held throughout, central sentences, and how many groups there are."""
    trace = two_themes.explain("What is told here?", 6, "forest").trace

    assert {"Ribe", "Lund"} <= {seed.name for seed in trace.seeds.entities}
    assert any("Brandt sold salt" in told for told in trace.seeds.facts)
    assert trace.notes[0].startswith("all passages in 2 groups, 2 of them outermost")


def test_a_forest_is_kept_for_the_next_process_and_made_again_where_it_is_damaged(
    two_themes, tmp_path, monkeypatch
):
    """One file in the cache; what cannot be read counts as nothing."""
    first = ids(two_themes.search("What is told here?", 6, "forest"))
    (kept,) = (tmp_path / "cache" / "hippograph" / "forest").glob("*.npz")
    two_themes._searching = None
    with monkeypatch.context() as patched:
        patched.setattr(forests, "group_passages", None)
        again = ids(two_themes.search("What is told here?", 6, "forest"))
    kept.write_bytes(b"not a forest")
    two_themes._searching = None

    assert again == first
    assert ids(two_themes.search("What is told here?", 6, "forest")) == first
    assert kept.read_bytes() != b"not a forest"


def test_another_version_has_another_forest(two_themes, tmp_path):
    """What was grouped before a document came is not read after it."""
    two_themes.search("What is told here?", 3, "forest")
    two_themes.add([Document("owl", "Owl", "Owl Watcher Lind saw Bee Keeper Moss at Lund.")])

    assert "owl" in ids(two_themes.search("What did the owl watcher Lind see?", 13, "forest"))
    assert len(list((tmp_path / "cache" / "hippograph" / "forest").glob("*.npz"))) == 2


def test_a_model_sums_up_a_group_once(tmp_path, settings, parts):
    """Its words stand in the trace, are kept for the next question, and order nothing."""
    model = RepliesInTurn({"summary": "Brandt sold salt."}, {"summary": "Moss fed bees."})
    own = replace(parts, generator=model)
    with Hippograph.build(themes(), tmp_path / "told", settings=settings, parts=own) as memory:
        first = memory.explain("What is told here?", 6, "forest")
        again = memory.explain("What is told here?", 6, "forest")

    assert set(first.trace.seeds.facts) == {"Brandt sold salt.", "Moss fed bees."}
    assert again.trace.seeds.facts == first.trace.seeds.facts
    assert [request.purpose for request in model.requests] == ["summarise", "summarise"]
    with Hippograph.build(themes(), tmp_path / "lite", settings=settings, parts=parts) as memory:
        assert ids(memory.search("What is told here?", 6, "forest")) == ids(first.passages)


@pytest.mark.parametrize("reply", [GenerationError("it is away"), {"summary": " "}])
def test_where_the_model_sums_up_nothing_a_groups_own_sentences_tell_of_it(tmp_path, settings, parts, reply):
    """With one warning, however many groups there are."""
    own = replace(parts, generator=RepliesInTurn(reply, reply))
    with Hippograph.build(themes(), tmp_path / "told", settings=settings, parts=own) as memory:
        trace = memory.explain("What is told here?", 6, "forest").trace

    assert any("Brandt sold salt" in told for told in trace.seeds.facts)
    assert len(trace.warnings) == 1
    assert trace.warnings[0].startswith("Groups are told by their own sentences")


@pytest.mark.parametrize("method", ["hybrid", "structural", "forest", "clues", "contiguous"])
def test_a_search_as_of_a_moment_lists_what_had_been_written_by_then(tmp_path, settings, parts, method):
    """Later documents are in no ranking, no group and no neighbourhood."""
    dated = [
        replace(each, timestamp=datetime(2020 + number // 6, 1, 1, tzinfo=UTC))
        for number, each in enumerate(themes())
    ]
    with Hippograph.build(dated, tmp_path / "dated", settings=settings, parts=parts) as memory:
        found = memory.search("What did Brandt sell in Ribe?", 12, method, as_of="2020-06-01")

    assert sorted(ids(found)) == [f"salt{n}" for n in range(6)]


def test_a_corpus_too_large_is_grouped_around_the_question(two_themes, monkeypatch):
    """Then the trace says how many passages were."""
    from hippograph.retrieval.ways import forest, methods

    for module in (forest, methods):
        monkeypatch.setattr(module, "MOST_PASSAGES", 5)
    monkeypatch.setattr(forest, "NEAREST", 6)
    result = two_themes.explain("Where were bees fed?", 12, "forest")

    assert len(result.passages) == 12
    assert result.trace.notes[0].startswith("the 6 nearest passages in ")


# --------------------------------------------------------------------------- units


class Claims:
    """One fact for each sentence that holds "designed"."""

    fingerprint = "claims:1"

    def extract(self, passages):
        for passage in passages:
            triples = [
                Triple("Ada Quist", "designed", "the Iron Bridge", place)
                for place, sentence in enumerate(passage.sentences)
                if "designed" in sentence.text
            ]
            yield Extraction(passage.id, (), tuple(triples))


@pytest.fixture
def open_units(tmp_path, settings, parts):
    """Three documents under other settings of retrieval."""
    opened = []
    documents = [
        Document("bridge", "Iron Bridge", "It crosses the Tamm. Ada Quist designed it. It is red."),
        Document("cake", "Cake", "Nobody here likes cake."),
        Document("tamm", "Tamm", "The Tamm is a river."),
    ]

    def open_(extractor=None, **retrieval):
        chosen = settings.model_copy(update={"retrieval": settings.retrieval.model_copy(update=retrieval)})
        own = replace(parts, extractor=extractor or Claims())
        folder = tmp_path / f"units-{len(opened)}"
        opened.append(Hippograph.build(documents, folder, settings=chosen, parts=own))
        return opened[-1]

    yield open_
    for memory in opened:
        memory.close()


@pytest.mark.parametrize("unit_search", ["single", "reranked", "iterative"])
@pytest.mark.parametrize("units", ["passages", "facts", "atomic", "summaries", "mixed"])
def test_units_of_every_kind_lead_to_their_passages(open_units, units, unit_search):
    """By every way of looking; the reason is the unit, and passages without one follow by meaning."""
    memory = open_units(units=units, unit_search=unit_search)
    result = memory.explain("Who designed the Iron Bridge?", 3, "structural")
    kind = {"passages": "passage: Iron Bridge", "facts": "fact: Ada Quist designed the Iron Bridge"}
    (reason,) = result.passages[0].reasons

    assert ids(result.passages)[0] == "bridge"
    assert sorted(ids(result.passages)) == ["bridge", "cake", "tamm"]
    assert reason.kind is ReasonKind.UNIT
    assert reason.text.startswith(
        kind.get(units, {"atomic": "atomic fact:", "summaries": "summary:"}.get(units, ""))
    )
    assert f"among {units}, {unit_search}" in result.trace.notes[0]


def test_without_facts_a_search_among_facts_ranks_by_meaning_and_says_so(open_units):
    """It is no error: the index is only poorer than the question."""
    memory = open_units(units="facts", extractor=Nothing())
    result = memory.explain("Who designed the Iron Bridge?", 3, "structural")

    assert "dense similarity alone" in result.trace.fallback
    assert ids(result.passages) == ids(memory.search("Who designed the Iron Bridge?", 3, "dense"))


class Nothing:
    """Finds nothing."""

    fingerprint = "nothing:2"

    def extract(self, passages):
        for passage in passages:
            yield Extraction(passage.id, (), ())


def test_an_answer_from_units_reads_only_their_sentences(open_units):
    """Facts alone stand in one sentence of the bridge: nothing else of it can be cited."""
    memory = open_units(units="facts", answer_from="units")
    (bridge, *_) = memory.search("Who designed the Iron Bridge?", 3, "structural")
    answer = memory.ask("Who designed the Iron Bridge?", method="structural")

    assert bridge.sentences == (1,)
    assert {cited.sentence for cited in answer.citations} == {"Ada Quist designed it."}
    assert len(bridge.passage.sentences) == 3


def test_an_answer_from_passages_reads_them_whole(open_units):
    """Which is the default."""
    found = open_units(units="facts").search("Who designed the Iron Bridge?", 3, "structural")

    assert [each.sentences for each in found] == [(), (), ()]


# --------------------------------------------------------------------------- clues


@pytest.fixture
def open_toy(tmp_path, settings, parts):
    """The toy world under a model that gives these replies, or under none."""
    opened = []

    def open_(*replies):
        own = replace(parts, generator=RepliesInTurn(*replies) if replies else None)
        folder = tmp_path / f"toy-{len(opened)}"
        opened.append(Hippograph.build(toy.documents(), folder, settings=settings, parts=own))
        return opened[-1], own.generator

    yield open_
    for memory in opened:
        memory.close()


def test_without_a_model_the_best_sentences_of_the_first_hop_are_the_clues(open_toy):
    """They stand in the trace, with their titles."""
    memory, _ = open_toy()
    trace = memory.explain(toy.QUESTIONS[0].question, 5, "clues").trace

    assert "Charles Babbage: He designed the Analytical Engine." in trace.queries
    assert "from the best sentences of the first search" in trace.notes[0]
    assert trace.warnings == ()


def test_a_models_clues_and_draft_are_searched_for(open_toy):
    """Once each, in one call, and what they name is walked from."""
    clue, draft = "The fountain with elephants stands in Chambéry.", "He was born near elephants."
    memory, model = open_toy({"clues": [clue, clue, 7, " "], "draft": draft})
    trace = memory.explain("Where was the designer born?", 5, "clues").trace

    assert trace.queries == (clue, draft)
    assert "Chambéry" in [seed.name for seed in trace.seeds.entities]
    assert [request.purpose for request in model.requests] == ["clues"]
    assert "written by the model" in trace.notes[0]


@pytest.mark.parametrize("reply", [GenerationError("it is away"), {"clues": [], "draft": ""}])
def test_where_the_model_gives_no_clue_the_first_hops_stand_in(open_toy, reply):
    """With a warning; the list is the one without a model."""
    memory, _ = open_toy(reply)
    without, _ = open_toy()
    result = memory.explain(toy.QUESTIONS[0].question, 5, "clues")

    assert ids(result.passages) == ids(without.search(toy.QUESTIONS[0].question, 5, "clues"))
    assert result.trace.warnings[0].startswith("The clues are the first hop's sentences")
