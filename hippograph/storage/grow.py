"""Growing: what a set of documents adds to the tables of an index and takes from them, at the cost of what changed.

A passage that goes takes exactly what it brought: the same contributions, the same counts, the same words. So after any
sequence of changes the tables say what they would say had only the documents that are left ever been there.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from hippograph.errors import StorageError
from hippograph.graph.build import apply, as_contributions, contributions_of, synonymy_edges, units
from hippograph.graph.knowledge_graph import CONTRIBUTION, Contributions
from hippograph.graph.synonymy import SynonymyPairs, find_new_synonyms, numerals_of
from hippograph.index_tables import IndexTables
from hippograph.settings import GraphSettings
from hippograph.storage.records import (
    extraction_from_json,
    extraction_to_json,
    passage_from_json,
    passage_to_json,
    split_document,
)
from hippograph.text.names import normal_name
from hippograph.types import Document, DocumentId, Extraction, Grade, MentionKind, Passage, Triple
from hippograph.vectors import Steps, from_steps, to_steps

Places = npt.NDArray[np.int64]

NO_CONTRIBUTIONS: Contributions = np.zeros(0, dtype=CONTRIBUTION)
NOBODY: Places = np.zeros(0, dtype=np.int64)


@dataclass(frozen=True, slots=True)
class DocumentState:
    """A document as it is now, its passages and what was found in each; without a document it is gone."""

    id: DocumentId
    document: Document | None
    passages: Sequence[Passage] = ()
    extractions: Sequence[Extraction] = ()


@dataclass(frozen=True, slots=True)
class Admitted:
    """A passage that comes in: its document's number, itself, what was found in it, and both as they are kept."""

    document: int
    passage: Passage
    extraction: Extraction
    record: str
    found: str


def grow(
    tables: IndexTables,
    states: Sequence[DocumentState],
    settings: GraphSettings,
    steps_of: Callable[[Sequence[str]], Steps],
) -> None:
    """Bring the tables in step with some documents. `steps_of` gives the vectors of texts that are embedded."""
    gone, new = _differences(tables, states)
    if not len(gone) and not new:
        return
    before = Counted(tables, gone, new)
    first_new = len(tables.entities)
    node_of = _name_entities(tables, [each.extraction for each in new], steps_of)
    with ThreadPoolExecutor(
        1
    ) as beside:  # products of matrices leave the interpreter to the rest of the work
        synonyms = beside.submit(_new_synonyms, tables, first_new, settings)
        taken = _withdraw(tables, gone)
        brought = _admit(tables, new, node_of, settings, steps_of)
        apply(tables.edges, added=brought, taken=taken)
        _keep_synonyms(tables, synonyms.result(), settings)
    parted, joined = _join_synonyms(tables, before, settings)
    apply(tables.edges, added=joined, taken=parted)


def find_names(extractions: Iterable[Extraction]) -> list[str]:
    """The normal names that some extractions mention, sorted."""
    names = {normal_name(mention.name) for each in extractions for mention in each.mentions}
    return sorted(names - {""})


def passage_strings(passages: Iterable[Passage]) -> tuple[list[str], list[str]]:
    """What is embedded and ranked by words: the text of each passage, and of every sentence of theirs."""
    texts, sentences = [], []
    for passage in passages:
        texts.append(passage.embedding_text())
        sentences += [passage.sentence_text(i) for i in range(len(passage.sentences))]
    return texts, sentences


# --------------------------------------------------------------------------- what is different


def _differences(tables: IndexTables, states: Sequence[DocumentState]) -> tuple[Places, list[Admitted]]:
    """The rows of passages that go, and the passages that come. A passage that is as it was keeps its row."""
    gone: list[int] = []
    new: list[Admitted] = []
    known_ids = tables.document_ids.find([state.id for state in states]) >= 0
    states = [
        state for state, known in zip(states, known_ids.tolist(), strict=True) if known or state.document
    ]
    numbers = tables.document_ids.add([state.id for state in states])
    _keep_documents(tables, numbers, [state.document for state in states])
    for number, state in zip(numbers.tolist(), states, strict=True):
        rows, positions = tables.document_passages.row(number)
        known = dict(zip(positions.tolist(), rows.tolist(), strict=True))
        for passage, extraction in zip(state.passages, state.extractions, strict=True):
            extraction = within(passage, extraction)
            record, found = passage_to_json(passage), extraction_to_json(extraction)
            row = known.get(passage.position + 1)
            if row is not None and (tables.passages[row], tables.extractions[row]) == (record, found):
                del known[passage.position + 1]
            else:
                new.append(Admitted(number, passage, extraction, record, found))
        gone += known.values()
    return np.array(sorted(gone), dtype=np.int64), new


def within(passage: Passage, extraction: Extraction) -> Extraction:
    """What an extractor found in the passage's own sentences; what it places elsewhere is passed over."""
    places = range(len(passage.sentences))
    return Extraction(
        passage.id,
        tuple(mention for mention in extraction.mentions if mention.sentence in places),
        tuple(triple for triple in extraction.triples if triple.sentence in places),
        extraction.grade,
    )


def _keep_documents(tables: IndexTables, numbers: Places, documents: Sequence[Document | None]) -> None:
    """Note each document's present record; None for one that is gone. Records stay for versions that show them."""
    states = tables.document_states[numbers][:, 0].copy()
    records, texts = [], []
    alive_before = int((states > 0).sum())
    for i, document in enumerate(documents):
        if document is None:
            states[i] = 0
            continue
        record, text = split_document(document)
        known = int(states[i]) - 1
        if known < 0 or (tables.document_records[known], tables.document_texts[known]) != (record, text):
            records.append(record)
            texts.append(text)
            states[i] = len(tables.document_records) + len(records)
    changed = states != tables.document_states[numbers][:, 0]
    tables.document_records.extend(records)
    tables.document_texts.extend(texts)
    tables.document_states.set(numbers[changed], states[changed][:, None])
    tables.count(documents=int((states > 0).sum()) - alive_before)


# --------------------------------------------------------------------------- what goes


def _withdraw(tables: IndexTables, rows: Places) -> Contributions:
    """Take back all that some passages brought; what they brought to the graph is given."""
    if not len(rows):
        return NO_CONTRIBUTIONS
    passages = [passage_from_json(tables.passages[row]) for row in rows.tolist()]
    extractions = [
        extraction_from_json(tables.extractions[row], passage.id)
        for row, passage in zip(rows.tolist(), passages, strict=True)
    ]
    _, contributions = tables.contributions.gather(rows)
    _count_names(tables, extractions, -1)
    tables.lexical.remove(*passage_strings(passages))
    _count_vectors(tables, to_steps(tables.passage_vectors.values[rows]), -1)
    positions = np.array([passage.position + 1 for passage in passages])
    tables.document_passages.add(tables.passage_documents.values[rows], rows, -positions)
    tables.bury(rows)
    return contributions


# --------------------------------------------------------------------------- what comes


def _admit(
    tables: IndexTables,
    new: Sequence[Admitted],
    node_of: Mapping[str, int],
    settings: GraphSettings,
    steps_of: Callable[[Sequence[str]], Steps],
) -> Contributions:
    """Append passages and all that they bring; what they bring to the graph is given."""
    if not new:
        return NO_CONTRIBUTIONS
    first = len(tables.passages)
    if first + len(new) > tables.first_entity:
        raise StorageError(f"The index has room for {tables.first_entity} passages. Run: hippograph compact")
    passages = [each.passage for each in new]
    extractions = [each.extraction for each in new]
    _count_names(tables, extractions, 1)
    contributions = _link(tables, first, passages, extractions, node_of, settings)
    texts, sentences = passage_strings(passages)
    tables.lexical.add(texts, sentences)
    steps = steps_of(texts)
    tables.passage_vectors.extend(from_steps(steps))
    tables.sentence_vectors.extend(steps_of(sentences))
    _count_vectors(tables, steps, 1)
    rows = np.arange(first, first + len(new))
    documents = np.array([each.document for each in new])
    positions = np.array([passage.position + 1 for passage in passages])
    tables.passages.extend(each.record for each in new)
    tables.extractions.extend(each.found for each in new)
    tables.passage_documents.extend(documents)
    tables.passage_keys.extend(np.array([_key(passage.id) for passage in passages], dtype=np.uint64))
    lengths = [len(passage.sentences) for passage in passages]
    ends = tables.sentence_ends.values
    tables.sentence_ends.extend((int(ends[-1]) if len(ends) else 0) + np.cumsum(lengths))
    tables.document_passages.add(documents, rows, positions)
    return contributions


def _name_entities(
    tables: IndexTables, extractions: Sequence[Extraction], steps_of: Callable[[Sequence[str]], Steps]
) -> dict[str, int]:
    """The node of every normal name; new names become entities."""
    names = find_names(extractions)
    before = len(tables.entities)
    numbers = tables.entities.add(names)
    new = [name for name, number in zip(names, numbers.tolist(), strict=True) if number >= before]
    if new:
        tables.entity_vectors.extend(steps_of(new))
        tables.entity_keys.extend(np.array([_key(name) for name in new], dtype=np.uint64))
        tables.entity_numerals.extend(numerals_of(new))
    return dict(zip(names, (numbers + tables.first_entity).tolist(), strict=True))


def _link(
    tables: IndexTables,
    first: int,
    passages: Sequence[Passage],
    extractions: Sequence[Extraction],
    node_of: Mapping[str, int],
    settings: GraphSettings,
) -> Contributions:
    """The entities of each sentence, each passage's title, and the contributions to the graph, which are given."""
    rows: list[tuple[int, int, int, int]] = []
    counts: list[int] = []
    named: list[list[int]] = []
    titles: list[int] = []
    for passage, extraction in zip(passages, extractions, strict=True):
        sentences = _entities_by_sentence(passage, extraction, node_of)
        facts = _facts_between(extraction, node_of)
        contributed = contributions_of(first + len(counts), sentences, facts, settings, extraction.grade)
        rows += contributed
        counts.append(len(contributed))
        named += sentences
        titles.append(_title_node(extraction, node_of))
    contributions = as_contributions(rows)
    tables.contributions.extend(np.array(counts), contributions)
    flat = np.array([node for sentence in named for node in sentence], dtype=np.int32)
    tables.sentence_entities.extend(np.array([len(sentence) for sentence in named], dtype=np.int64), flat)
    tables.titles.extend(np.array(titles, dtype=np.int32))
    return contributions


def _facts_between(extraction: Extraction, node_of: Mapping[str, int]) -> list[tuple[int, int, Triple]]:
    """The facts whose two ends the passage names; a phrase that it does not mention as a thing is no node."""
    own = {normal_name(mention.name) for mention in extraction.mentions}
    ends = (
        (normal_name(triple.subject), normal_name(triple.object), triple) for triple in extraction.triples
    )
    return [
        (node_of[a], node_of[b], triple)
        for a, b, triple in ends
        if a in own and b in own and a in node_of and b in node_of
    ]


def _entities_by_sentence(
    passage: Passage, extraction: Extraction, node_of: Mapping[str, int]
) -> list[list[int]]:
    """The nodes each sentence names. What the passage is about by its title is meant in every one of them."""
    named: list[set[int]] = [set() for _ in passage.sentences]
    for mention in extraction.mentions:
        node = node_of.get(normal_name(mention.name))
        if node is None:
            continue
        for sentence in named if mention.kind is MentionKind.TITLE else [named[mention.sentence]]:
            sentence.add(node)
    return [sorted(sentence) for sentence in named]


def _title_node(extraction: Extraction, node_of: Mapping[str, int]) -> int:
    titles = (mention.name for mention in extraction.mentions if mention.kind is MentionKind.TITLE)
    return next((node_of.get(normal_name(title), -1) for title in titles), -1)


# --------------------------------------------------------------------------- counts


def _count_names(tables: IndexTables, extractions: Sequence[Extraction], sign: int) -> None:
    """How many passages name each entity, and how often each of its spellings stands somewhere."""
    passages: Counter[str] = Counter()
    spellings: Counter[tuple[str, str]] = Counter()
    for extraction in extractions:
        spelled = [(normal_name(mention.name), mention.name) for mention in extraction.mentions]
        passages.update({name for name, _ in spelled if name})
        spellings.update((name, spelling) for name, spelling in spelled if name)
    tables.count(
        facts=sign * sum(len(extraction.triples) for extraction in extractions),
        upgraded=sign * sum(extraction.grade is Grade.LLM for extraction in extractions),
    )
    if not passages:
        return
    names = sorted(passages)
    number = dict(zip(names, tables.entities.find(names).tolist(), strict=True))
    tables.entity_counts.add(
        np.array([number[name] for name in names]), sign * np.array([passages[name] for name in names])
    )
    pairs = sorted(spellings)
    tables.entity_spellings.add(
        np.array([number[name] for name, _ in pairs]),
        tables.spellings.add([spelling for _, spelling in pairs]),
        sign * np.array([spellings[pair] for pair in pairs]),
    )


def _count_vectors(tables: IndexTables, steps: Steps, sign: int) -> None:
    """Sums of whole numbers: doubles hold them exactly up to 2^53."""
    whole = steps.astype(np.float64)
    moments = np.vstack([whole.sum(axis=0)[None], whole.T @ whole]).astype(np.int64)
    tables.add_to_moments(sign * moments)


def _key(content: str) -> int:
    """A number made from an id or a name."""
    data = content.encode("utf-8", "surrogatepass")
    return int.from_bytes(hashlib.blake2b(data, digest_size=8).digest(), "little")


# --------------------------------------------------------------------------- synonyms


class Counted:
    """Which entities some changes may bring to life or take from it, as they were before."""

    def __init__(self, tables: IndexTables, gone: Places, new: Sequence[Admitted]) -> None:
        extractions = [each.extraction for each in new]
        extractions += [
            extraction_from_json(tables.extractions[row], new_id)
            for row, new_id in ((row, passage_from_json(tables.passages[row]).id) for row in gone.tolist())
        ]
        self._names = find_names(extractions)
        found = tables.entities.find(self._names)
        self._lived = np.zeros(len(found), dtype=bool)
        known = found >= 0
        self._lived[known] = tables.entity_counts[found[known]][:, 0] > 0

    def changes(self, tables: IndexTables) -> tuple[Places, Places]:
        """The entities that came to life since, and those that went."""
        numbers = tables.entities.find(self._names)
        lives = tables.entity_counts[numbers][:, 0] > 0
        return np.sort(numbers[lives & ~self._lived]), np.sort(numbers[self._lived & ~lives])


def _new_synonyms(tables: IndexTables, first_new: int, settings: GraphSettings) -> SynonymyPairs | None:
    """The pairs that new entities are in; None where such edges are not wanted."""
    if settings.synonymy_weight <= 0:
        return None
    return find_new_synonyms(
        tables.entity_vectors.values, tables.entity_numerals.values, first_new, settings.synonymy_threshold
    )


def _keep_synonyms(tables: IndexTables, pairs: SynonymyPairs | None, settings: GraphSettings) -> None:
    if pairs is None or not len(pairs):
        return
    weights = np.array([units(settings.synonymy_weight * cosine) for cosine in pairs.cosine.tolist()])
    tables.synonyms.add(
        np.concatenate([pairs.left, pairs.right]),
        np.concatenate([pairs.right, pairs.left]),
        np.concatenate([weights, weights]),
    )


def _join_synonyms(
    tables: IndexTables, before: Counted, settings: GraphSettings
) -> tuple[Contributions, Contributions]:
    """The synonymy edges that go and those that come: they stand between entities that some passage names."""
    born, died = before.changes(tables)
    tables.count(entities=len(born) - len(died))
    if settings.synonymy_weight <= 0:
        return NO_CONTRIBUTIONS, NO_CONTRIBUTIONS
    return _edges_of(tables, died, born), _edges_of(tables, born, NOBODY)


def _edges_of(tables: IndexTables, changed: Places, born: Places) -> Contributions:
    """The edges between entities that changed and their synonyms that are alive, or were before `born` came to life."""
    lengths, partners, weights = tables.synonyms.gather(changed)
    ends = np.repeat(changed, lengths)
    also_changed = np.isin(partners, changed)
    lives = (tables.entity_counts[partners][:, 0] > 0) & ~np.isin(partners, born)
    # Of two that change together the pair is counted from the smaller end alone.
    kept = np.where(also_changed, ends < partners, lives)
    return synonymy_edges(ends[kept], partners[kept], weights[kept], tables.first_entity)
