"""Every splitter: exact offsets, full coverage, bounded passages, stable ids."""

import itertools
from collections import Counter
from dataclasses import replace

import pytest

from hippograph.adapters.llama_index_splitter import LlamaIndexSplitter
from hippograph.adapters.plain_splitter import PlainSplitter
from hippograph.types import Document, DocumentId

PROSE = " ".join(f"Sentence number {n} speaks of the river and its {n} boats." for n in range(60))
TEXTS = {
    "prose": PROSE,
    "paragraphs": "\n\n".join(PROSE[i : i + 300] for i in range(0, len(PROSE), 300)),
    "repeated": "The same words again. " * 200,
    "windows newlines": PROSE.replace(". ", ".\r\n").replace("9", "9\r\n\r\n"),
    "no full stop": "word " * 2000,
    "one unbroken line": "x" * 10_000,
    "chinese": "北京是中国的首都。长城很长！" * 100,
    "chinese without stops": "北京" * 1500,
    "arabic": "القاهرة مدينة كبيرة. هل تعرفها؟ " * 60,
    "hindi": "दिल्ली भारत की राजधानी है। यह बड़ी है। " * 60,
    "chat": "Ann: hello there\nBen: the boat is late again, is it not?\n" * 60,
    "blank lines around": "\n\n  \n" + PROSE + "\n\n\n\n" + PROSE + "  \n",
    "emoji": "🎉✨ " * 400,
}


def characters(text: str) -> int:
    """A token is four characters or a part of them, as a rule of thumb for tests."""
    return sum((len(word) + 3) // 4 for word in text.split())


@pytest.fixture(params=[LlamaIndexSplitter, PlainSplitter], ids=["llama_index", "plain"])
def make(request):
    return lambda max_tokens=50, overlap=0: request.param(max_tokens, overlap, characters)


def document(text: str, media_type: str = "text/plain") -> Document:
    return Document(id=DocumentId("d"), title="T", text=text, media_type=media_type)


@pytest.mark.parametrize("name", TEXTS)
@pytest.mark.parametrize("overlap", [0, 15])
def test_offsets_are_exact_and_every_visible_character_is_covered(make, name, overlap):
    """Passages and sentences are slices of the text, in order, and leave no visible character out."""
    text = TEXTS[name]

    passages = make(50, overlap).split(document(text))

    covered = bytearray(len(text))
    for passage in passages:
        assert passage.text == text[passage.start : passage.end]
        for sentence in passage.sentences:
            assert passage.start <= sentence.start < sentence.end <= passage.end
            assert sentence.text == text[sentence.start : sentence.end]
            covered[sentence.start : sentence.end] = b"\1" * (sentence.end - sentence.start)
    assert [char for place, char in enumerate(text) if not covered[place] and not char.isspace()] == []
    assert [passage.position for passage in passages] == list(range(len(passages)))
    assert [p.start for p in passages] == sorted(p.start for p in passages)
    assert len({passage.id for passage in passages}) == len(passages) > 1


@pytest.mark.parametrize("name", TEXTS)
def test_no_passage_is_longer_than_allowed(make, name):
    """Every passage fits the embedder, overlap included."""
    passages = make(50, 15).split(document(TEXTS[name]))

    assert max(characters(passage.text) for passage in passages) <= 50


def test_without_overlap_no_character_is_in_two_passages(make):
    """Zero overlap keeps every sentence in one passage."""
    passages = make(50, 0).split(document(PROSE))

    assert all(a.end <= b.start for a, b in itertools.pairwise(passages))
    assert Counter(s.text for p in passages for s in p.sentences) == Counter(
        f"Sentence number {n} speaks of the river and its {n} boats." for n in range(60)
    )


def test_overlap_repeats_whole_sentences_of_the_passage_before(make):
    """With an overlap, a passage starts with the last sentence of the one before."""
    passages = make(50, 20).split(document(PROSE))

    for before, after in itertools.pairwise(passages):
        assert after.sentences[0].text in {sentence.text for sentence in before.sentences}


def test_a_short_document_is_one_passage(make):
    """A document within the limit is one passage without the white space around it."""
    (passage,) = make().split(document("\n One. Two.\r\n\r\nThree.  "))

    assert passage.text == "One. Two.\r\n\r\nThree."
    assert [s.text for s in passage.sentences] == ["One.", "Two.", "Three."]


@pytest.mark.parametrize("text", ["", " \n\t ", "\r\n\r\n"])
def test_a_blank_document_has_no_passage(make, text):
    """Nothing to read gives nothing to find."""
    assert make().split(document(text)) == []


def test_markdown_headings_are_context_and_open_passages(make):
    """In a long Markdown document each section is cut by itself and knows the headings above it."""
    body = "Boats sail on the river every day. " * 20
    text = f"# Rivers\n\n## North\n{body}\n```\n# no heading\n```\n## South\n{body}\n# Lakes\nSmall."

    passages = make().split(document(text, "text/markdown"))

    assert list(dict.fromkeys(p.heading for p in passages)) == ["Rivers > North", "Rivers > South", "Lakes"]
    assert passages[0].text.startswith("# Rivers\n\n## North\nBoats")
    assert passages[-1].text == "# Lakes\nSmall."


def test_number_signs_are_headings_in_markdown_only(make):
    """A plain text keeps its number signs as text."""
    passages = make().split(document(f"# Rivers\n{PROSE}"))

    assert {p.heading for p in passages} == {""}


def test_unchanged_passages_keep_their_ids_when_the_document_grows(make):
    """Text added in front moves offsets, not ids, where Markdown sections hold the cuts in place."""
    body = "\n".join(f"## Part {n}\n" + f"Boat {n} sails on. " * 12 for n in range(5))
    before = make().split(document(body, "text/markdown"))

    after = make().split(document(f"## New\nThis came first.\n{body}", "text/markdown"))

    assert {p.id for p in before} <= {p.id for p in after}
    assert min(p.start for p in before) < min(p.start for p in after if p.id in {q.id for q in before})


def test_equal_passages_of_one_document_have_ids_of_their_own(make):
    """The second occurrence of a text is another passage; a second document's is too."""
    splitter = make()
    text = TEXTS["repeated"]

    ids = [p.id for p in splitter.split(document(text))]
    others = [p.id for p in splitter.split(replace(document(text), id=DocumentId("e")))]

    assert len(set(ids) | set(others)) == len(ids) + len(others)


def test_splitting_twice_gives_the_same_and_the_fingerprint_names_the_sizes(make):
    """The same document gives the same passages; other sizes give another fingerprint."""
    splitter = make(50, 0)

    assert splitter.split(document(PROSE)) == splitter.split(document(PROSE))
    assert splitter.fingerprint == make(50, 0).fingerprint != make(60, 0).fingerprint
