"""Growing: by hand on two tiny passages, and any sequence of changes against tables built from what is left."""

import hashlib
from collections import Counter
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from hippograph.errors import StorageError
from hippograph.graph.knowledge_graph import UNIT
from hippograph.index_tables import IndexTables
from hippograph.settings import GraphSettings
from hippograph.storage.grow import DocumentState, find_names, grow, passage_strings
from hippograph.storage.records import passage_from_json
from hippograph.tables import Files
from hippograph.text.names import normal_name, words
from hippograph.types import (
    Document,
    Extraction,
    Grade,
    Mention,
    MentionKind,
    Passage,
    Sentence,
    Triple,
    content_id,
)
from hippograph.vectors import to_steps

SETTINGS = GraphSettings(fact_weight=0.5)

DIMENSION = 8


# ---------------------------------------------------------------------- small worlds


def passage(document, position, title, *sentences):
    spans, start = [], 0
    for text in sentences:
        spans.append(Sentence(text, start, start + len(text)))
        start += len(text) + 1
    text = " ".join(sentences)
    id_ = content_id(document, str(position), title, text)
    return Passage(id_, document, title, "", text, 0, len(text), position, tuple(spans))


def named(name, sentence, kind=MentionKind.NAME):
    return Mention(name, kind, sentence)


def state(document, passages, extractions, text=None):
    """A document as it is now, one of its passages after the other."""
    text = "\n".join(each.text for each in passages) if text is None else text
    kept = [replace(found, passage=each.id) for found, each in zip(extractions, passages, strict=True)]
    return DocumentState(document, Document(document, document.title(), text), tuple(passages), tuple(kept))


def gone(document):
    return DocumentState(document, None)


def vector_of(string):
    """Texts that begin with the same letter mean nearly the same: their cosine is above 0.9; others' is about 0."""
    direction = np.zeros(DIMENSION)
    direction[ord(string[:1].casefold() or "a") % (DIMENSION - 1)] = 1
    direction[DIMENSION - 1] = hashlib.sha256(string.encode("utf-8", "surrogatepass")).digest()[0] / 255 * 0.4
    return direction / np.linalg.norm(direction)


def steps_alike(strings):
    return to_steps(np.array([vector_of(string) for string in strings]).reshape(-1, DIMENSION))


def steps_apart(strings):
    """No two texts mean the same."""
    return to_steps(np.eye(len(strings), DIMENSION))


def grown(*changes, settings=SETTINGS, steps_of=steps_apart):
    """Tables after some changes, each a list of states of documents."""
    tables = IndexTables(Files(), DIMENSION)
    for states in changes:
        grow(tables, states, settings, steps_of)
    return tables


PASSAGES = [
    passage("ada", 0, "Ada", "Ada wrote notes.", "She met Babbage."),
    passage("babbage", 0, "Babbage", "Charles Babbage knew the ADA."),
]
EXTRACTIONS = [
    Extraction(
        "",
        (named("Ada", 0, MentionKind.TITLE), named("notes", 0), named("Babbage", 1)),
        (Triple("Ada", "met", "Babbage", 1, 0.5), Triple("Ada", "wrote", "many things", 0)),
    ),
    Extraction("", (named("Babbage", 0, MentionKind.TITLE), named("ADA", 0), named("Ada", 0)), ()),
]
NOTHING = Extraction("", (), ())


def two(extractions=EXTRACTIONS, **other):
    """The two passages in tables, each of a document of its own."""
    states = [state(p.document, [p], [e]) for p, e in zip(PASSAGES, extractions, strict=True)]
    return grown(states, **other)


# ---------------------------------------------------------------------- what tables say, whatever the numbers


def names_of(tables):
    return [tables.entities[number] for number in range(len(tables.entities))]


def edges_of(tables):
    """Every edge by what its ends are: an entity's normal name, or a passage's id."""
    names = names_of(tables)

    def name(node):
        if node >= tables.first_entity:
            return names[node - tables.first_entity]
        return passage_from_json(tables.passages[node]).id

    return {tuple(sorted((name(a), name(b)))): weight for a, b, weight in tables.graph.edges()}


def counts_of(pages, names):
    return {
        name: count
        for name, count in zip(names, pages[np.arange(len(names))][:, 0].tolist(), strict=True)
        if count
    }


def spellings_of(tables):
    spelled = {}
    for number, name in enumerate(names_of(tables)):
        places, counts = tables.entity_spellings.row(number)
        if len(places):
            spelled[name] = {
                tables.spellings[at]: n for at, n in zip(places.tolist(), counts.tolist(), strict=True)
            }
    return spelled


def entities_at(tables, nodes):
    return [tables.entities[node - tables.first_entity] for node in nodes]


def passage_said(tables, row):
    """All that the tables say of one passage, by content."""
    starts, lengths = tables.sentence_bounds(np.array([row]))
    sentences = range(int(starts[0]), int(starts[0] + lengths[0]))
    document = int(tables.passage_documents.values[row])
    title = int(tables.titles.values[row])
    return {
        "extraction": tables.extractions[row],
        "document": tables.document_ids[document],
        "key": int(tables.passage_keys.values[row]),
        "title": entities_at(tables, [title]) if title >= 0 else [],
        "sentence entities": [
            sorted(entities_at(tables, tables.sentence_entities.row(s))) for s in sentences
        ],
        "vector": tables.passage_vectors.values[row].tolist(),
        "sentence vectors": [tables.sentence_vectors.values[s].tolist() for s in sentences],
        "contributed": len(tables.contributions.row(row)),
    }


def documents_said(tables):
    states = tables.document_states[np.arange(len(tables.document_ids))][:, 0].tolist()
    return {
        tables.document_ids[number]: (
            tables.document_records[record - 1],
            tables.document_texts[record - 1],
            sorted(tables.document_passages.row(number)[1].tolist()),
        )
        for number, record in enumerate(states)
        if record
    }


def said(tables):
    """Everything that tables say, by names and ids: what must not depend on what came and went."""
    live = tables.live_passages().tolist()
    vocabulary = [tables.lexical._words[number] for number in range(len(tables.lexical._words))]
    return {
        "documents": documents_said(tables),
        "passages": {tables.passages[row]: passage_said(tables, row) for row in live},
        "edges": edges_of(tables),
        "edge count": tables.graph.edge_count,
        "entities": counts_of(tables.entity_counts, names_of(tables)),
        "spellings": spellings_of(tables),
        "passages with a word": counts_of(tables.lexical._passages_with, vocabulary),
        "sentences with a word": counts_of(tables.lexical._sentences_with, vocabulary),
        "word totals": tables.lexical._totals(),
        "moments": tables.moments.tolist(),
        "counts": tables.counts,
        "passage count": tables.passage_count,
        "contributions": Counter(
            (kind, weight) for _, _, kind, weight in tables.all_contributions().tolist()
        ),
    }


# ---------------------------------------------------------------------- by hand


def test_two_passages_are_linked_as_on_paper():
    """Ada's passage names three things, Babbage's two; the title is meant in every sentence of its passage.

    Together in a sentence weigh 0.3 (1229 of 4096), so Ada and Babbage 0.3 + 0.3 and half of a fact's 0.5.
    """
    tables = two()
    ada, babbage = PASSAGES[0].id, PASSAGES[1].id

    assert names_of(tables) == ["ada", "babbage", "notes"]
    assert edges_of(tables) == {
        tuple(sorted(pair)): weight
        for pair, weight in {
            (ada, "ada"): 1.0,
            (ada, "babbage"): 1.0,
            (ada, "notes"): 1.0,
            (babbage, "ada"): 1.0,
            (babbage, "babbage"): 1.0,
            ("ada", "babbage"): (1229 + 1229 + 1024) / UNIT,
            ("ada", "notes"): 1229 / UNIT,
        }.items()
    }
    assert counts_of(tables.entity_counts, names_of(tables)) == {"ada": 2, "babbage": 2, "notes": 1}
    assert entities_at(tables, tables.titles.values) == ["ada", "babbage"]
    assert tables.sentence_ends.values.tolist() == [2, 3]
    assert [entities_at(tables, tables.sentence_entities.row(sentence)) for sentence in range(3)] == [
        ["ada", "notes"],
        ["ada", "babbage"],
        ["ada", "babbage"],
    ]
    assert tables.counts == {"documents": 2, "entities": 3, "facts": 2, "upgraded": 0}


def test_words_and_vectors_are_counted_as_on_paper():
    """Document frequencies, and the sums of vectors and of their outer products in steps."""
    tables = two(steps_of=steps_alike)
    texts, sentences = passage_strings(PASSAGES)
    whole = steps_alike(texts).astype(np.int64)

    assert texts == ["Ada\nAda wrote notes. She met Babbage.", "Babbage\nCharles Babbage knew the ADA."]
    assert sentences == [
        "Ada: Ada wrote notes.",
        "Ada: She met Babbage.",
        "Babbage: Charles Babbage knew the ADA.",
    ]
    assert said(tables)["passages with a word"] == Counter(w for text in texts for w in set(words(text)))
    assert said(tables)["sentences with a word"] == Counter(w for text in sentences for w in set(words(text)))
    assert tables.moments[0].tolist() == whole.sum(axis=0).tolist()
    assert tables.moments[1:].tolist() == (whole.T @ whole).tolist()
    assert tables.passage_vectors.values.tolist() == (whole / 4096).tolist()


def test_an_entity_is_spelled_as_it_was_mentioned():
    """Ada is written so twice and ADA once."""
    assert spellings_of(two()) == {
        "ada": {"Ada": 2, "ADA": 1},
        "babbage": {"Babbage": 2},
        "notes": {"notes": 1},
    }


def holder(document, *names):
    """A document of one sentence that names some things."""
    line = passage(document, 0, "", f"{' '.join(names)}.")
    return state(document, [line], [Extraction("", tuple(named(name, 0) for name in names), ())])


def test_synonyms_are_joined_by_their_names_vectors():
    """In one change or in two: bab and babbage weigh 0.3 times their cosine, to the nearest unit."""
    first, other = holder("a", "Bab"), holder("b", "Babbage")
    left, right = (steps_alike([name])[0].astype(int) for name in ("bab", "babbage"))
    expected = round(0.3 * float(left @ right / 4096**2) * UNIT) / UNIT

    assert edges_of(grown([first, other], steps_of=steps_alike))["bab", "babbage"] == expected
    assert edges_of(grown([first], [other], steps_of=steps_alike))["bab", "babbage"] == expected
    assert 0.29 < expected < 0.3


@pytest.mark.parametrize("off", [GraphSettings(synonymy_weight=0), GraphSettings(synonymy_threshold=1)])
def test_synonymy_can_be_switched_off(off):
    """By its weight, or by asking for identity."""
    tables = grown([holder("a", "Bab"), holder("b", "Babbage")], steps_of=steps_alike, settings=off)

    assert ("bab", "babbage") not in edges_of(tables)
    assert tables.graph.edge_count == 2


def test_entities_count_their_passages_whatever_a_mention_weighs():
    """How telling an entity is does not depend on the weight of an edge."""
    silent = two(settings=GraphSettings(mention_weight=0))

    assert counts_of(silent.entity_counts, names_of(silent)) == {"ada": 2, "babbage": 2, "notes": 1}
    assert not silent.graph.neighbours_of(0).size


def test_what_a_model_read_weighs_by_its_own_setting():
    """The same facts of a better grade weigh what the settings say of it, and are counted."""
    settings = GraphSettings(mention_weight=0, sentence_weight=0, fact_weight=0, model_fact_weight=2.0)
    read = [replace(EXTRACTIONS[0], grade=Grade.LLM), EXTRACTIONS[1]]

    assert edges_of(two(settings=settings)) == {}
    assert edges_of(two(read, settings=settings)) == {("ada", "babbage"): 1.0}
    assert two(read).counts["upgraded"] == 1


@pytest.mark.parametrize("place", [-1, 2, 99])
def test_what_is_placed_outside_its_passage_is_passed_over(place):
    """A mention or fact of a sentence that the passage does not have leaves no trace."""
    first = replace(
        EXTRACTIONS[0],
        mentions=(*EXTRACTIONS[0].mentions, named("Byron", place)),
        triples=(*EXTRACTIONS[0].triples, Triple("Ada", "is", "notes", place)),
    )

    assert said(two([first, EXTRACTIONS[1]])) == said(two())


def test_passages_without_anything_named_are_nodes_without_edges():
    """Text that names nothing stays to be found by its words."""
    tables = two([NOTHING, NOTHING])

    assert (len(tables.entities), tables.graph.edge_count, tables.passage_count) == (0, 0, 2)
    assert tables.titles.values.tolist() == [-1, -1]
    assert said(tables)["passages with a word"]["babbage"] == 2


@pytest.mark.parametrize("blank", ["", "  "])
def test_names_without_a_normal_form_name_nothing(blank):
    """A mention of blanks is no entity."""
    mentioned = [Extraction("", (named(blank, 0),), ()), NOTHING]

    assert names_of(two(mentioned)) == []
    assert find_names(mentioned) == []


def test_an_index_without_room_refuses_more_passages():
    """Passages never take the nodes of entities; whoever publishes sees to it in time."""
    tables = IndexTables(Files(), DIMENSION)
    tables.files.record("room", 1)
    with pytest.raises(StorageError, match=r"room for 1 passages.*compact"):
        grow(
            tables,
            [state("a", PASSAGES[:1], [NOTHING]), state("b", PASSAGES[1:], [NOTHING])],
            SETTINGS,
            steps_apart,
        )


# ---------------------------------------------------------------------- what goes, stays and comes back


def test_a_passage_that_is_as_it_was_keeps_its_row():
    """Of three passages the middle one changes: it gets a new row, the others are not written again."""
    lines = [passage("a", n, "A", f"Line {n} names Ada {n}.") for n in range(3)]
    found = [Extraction("", (named(f"Ada {n}", 0),), ()) for n in range(3)]
    other = passage("a", 1, "A", "Another line.")
    before = state("a", lines, found)
    after = state("a", [lines[0], other, lines[2]], [found[0], NOTHING, found[2]])
    tables = grown([before], [after], steps_of=steps_alike)

    assert len(tables.passages) == 4
    assert tables.gone.tolist() == [1]
    assert dict(zip(*(column.tolist() for column in tables.document_passages.row(0)), strict=True)) == {
        0: 1,
        2: 3,
        3: 2,
    }
    assert said(tables) == said(grown([after], steps_of=steps_alike))


def test_a_document_that_only_moved_keeps_all_its_rows():
    """Another address or time is a new record of the document and nothing else."""
    first = state("a", PASSAGES[:1], EXTRACTIONS[:1])
    moved = replace(first, document=replace(first.document, uri="elsewhere"))
    tables = grown([first])
    lengths = dict(tables.files.lengths)
    grow(tables, [moved], SETTINGS, steps_apart)
    changed = {name for name, length in tables.files.lengths.items() if length != lengths.get(name)}

    assert changed
    assert all(name.startswith("documents.") for name in changed)
    assert said(tables) == said(grown([moved]))


def test_nothing_new_writes_nothing():
    """The same documents again, and documents that are gone already or never came, leave every byte as it is."""
    tables = two()
    lengths, states = dict(tables.files.lengths), dict(tables.files.states)
    again = [state(p.document, [p], [e]) for p, e in zip(PASSAGES, EXTRACTIONS, strict=True)]
    grow(tables, [*again, gone("nobody")], SETTINGS, steps_apart)

    assert (tables.files.lengths, tables.files.states) == (lengths, states)


def test_an_entity_that_nobody_names_any_more_is_dead_until_somebody_does():
    """It loses its synonymy edges with its last passage, and has them again with the next."""
    everything = [holder(name, name) for name in ("Babbage", "Babage", "Baggage")]
    alive = grown(everything, steps_of=steps_alike)
    dead = grown(everything, [gone("Babage")], steps_of=steps_alike)
    revived = grown(everything, [gone("Babage")], [holder("Babage", "Babage")], steps_of=steps_alike)

    assert synonyms_of(alive) == {("babage", "babbage"), ("babage", "baggage"), ("babbage", "baggage")}
    assert synonyms_of(dead) == {("babbage", "baggage")}
    assert edges_of(revived) == edges_of(alive)
    assert (dead.counts["entities"], revived.counts["entities"]) == (2, 3)
    assert len(revived.entities) == 3


def synonyms_of(tables):
    """The edges between entities, where every sentence names one thing alone."""
    names = set(names_of(tables))
    return {pair for pair in edges_of(tables) if names.issuperset(pair)}


def test_synonyms_that_die_and_are_born_in_one_change_are_counted_once():
    """Both ends go together, or one goes as the other comes: the graph is that of what is left."""

    both = grown([holder("a", "Babbage", "Babage"), holder("b", "Ada")], [gone("a")], steps_of=steps_alike)
    swapped = grown(
        [holder("a", "Babbage"), holder("b", "Baggage")],
        [gone("a"), holder("c", "Babage")],
        steps_of=steps_alike,
    )

    assert said(both) == said(grown([holder("b", "Ada")], steps_of=steps_alike))
    assert said(swapped) == said(grown([holder("b", "Baggage"), holder("c", "Babage")], steps_of=steps_alike))


# ---------------------------------------------------------------------- any history


LINES = (
    ("", "Ada met Babbage.", "Babage wrote."),
    ("Ada", "Ada met Babbage.", "She left in 1833."),
    ("Ada", "Ada left in 1843."),
    ("Babbage", "Babbage met Ada and ADA and Adah."),
    ("", "Nobody is named here."),
    ("", "..."),
    ("Zürich", "Zürich zurich Ada", "Ada, Zürich."),
)
"""Titles and sentences that share names in several spellings, near-synonyms and digits, or name nothing."""


def read(one):
    """What a simple reader finds: the title, every capitalised word, and a fact between the first two of a sentence."""
    mentions = [named(one.title, 0, MentionKind.TITLE)] if one.title else []
    triples = []
    for place, sentence in enumerate(one.sentences):
        found = [word.strip(".,") for word in sentence.text.split() if word[0].isupper() or word[0].isdigit()]
        mentions += [named(name, place) for name in found]
        triples += [Triple(a, "met", b, place, 0.5) for a, b in pairwise(found[:2])]
    return Extraction(
        one.id, tuple(mentions), tuple(triples), Grade.LLM if "Zürich" in one.text else Grade.LITE
    )


def written(document, lines):
    """A document of some of the lines, each a passage."""
    passages = [passage(document, position, *LINES[line]) for position, line in enumerate(lines)]
    return state(document, passages, [read(one) for one in passages])


contents = st.none() | st.lists(st.integers(0, len(LINES) - 1), max_size=3)
changes = st.dictionaries(st.sampled_from("abcd"), contents, min_size=1, max_size=3)


@hypothesis_settings(deadline=None, max_examples=60)
@given(st.lists(changes, min_size=1, max_size=6), st.randoms(use_true_random=False))
def test_any_sequence_of_changes_leaves_what_a_fresh_build_says(history, random):
    """Passages, facts, edges, names, spellings, words, moments: as if only what is left had ever been there."""
    tables, left = IndexTables(Files(), DIMENSION), {}
    for change in history:
        states = [gone(id_) if lines is None else written(id_, lines) for id_, lines in change.items()]
        grow(tables, states, SETTINGS, steps_alike)
        left = {id_: lines for id_, lines in {**left, **change}.items() if lines is not None}
    order = list(left)
    random.shuffle(order)
    fresh = grown([written(id_, left[id_]) for id_ in order], steps_of=steps_alike)

    assert said(tables) == said(fresh)
    for question in ("Ada Babbage", "Zürich 1843"):
        assert scores_of(tables, question) == scores_of(fresh, question)


def scores_of(tables, question):
    """BM25 of every passage that is there, by its record, and of its sentences."""
    rows = tables.live_passages()
    scores = tables.lexical.scores(question, tables.gone).of(rows)
    starts, lengths = tables.sentence_bounds(rows)
    return {
        tables.passages[row]: (
            score,
            tables.lexical.sentence_scores(question, start + np.arange(length)).tolist(),
        )
        for row, score, start, length in zip(rows.tolist(), scores.tolist(), starts, lengths, strict=True)
    }


def test_names_are_normal_in_every_table():
    """What is mentioned is found again by its normal name."""
    tables = grown([written("a", [3, 6])], steps_of=steps_alike)

    assert names_of(tables) == sorted(
        {normal_name(name) for name in ("Babbage", "Ada", "ADA", "Adah", "Zürich")}
    )
