"""Statements: sentences and header lines that say what something's relation to something else is."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime

from hippograph.text.moments import UnreadableDate, read_date
from hippograph.text.names import normal_name, title_name
from hippograph.types import Citation, Document, Extraction, Grade, Passage, Statement, StatementForm
from hippograph.validity.frames import object_key, read_frames, relation_key, tense_of
from hippograph.validity.stated_times import Stated, read_stated

LONGEST_SENTENCE = 400

_KEY_LINE = re.compile(r"^(?P<key>[^\W\d_][\w /-]{0,38}?[^\W_]?)\s*:(?:\s+(?P<value>\S.*?))?\s*$")
_MOST_KEY_WORDS = 4
_SPOKEN = 3
"""How many small words make a sentence of what follows a colon."""
_NUMBER = re.compile(r"^\s*(?:[-*•]\s+)?(?:[\w ]{0,12}?\b)?#?(\d{1,9})\s*[.):]\s+")
_FROM_KEYS = frozenset(
    ["as of", "valid from", "effective", "effective date", "effective from", "in force from"]
)
_UNTIL_KEYS = frozenset(["valid until", "valid to", "valid through", "expires", "in force until"])
_NOT_SAID = re.compile(
    r"\b(?:[Ii]f|[Ww]hether|[Mm]aybe|[Pp]erhaps|might|may|could|would|should|[Uu]nless|[Aa]ccording|[Aa]llegedly"
    r"|[Rr]eportedly|[Rr]umou?red)\b|\?\s*$"
)
"""What makes a sentence no statement. "May" with a capital is a month."""
_RULED = re.compile(r"([-=~*^#+_.`])\1{3,}")
"""A heading with the rule below it, or a row of a table."""


def read_statements(
    passage: Passage, origin: Document, extraction: Extraction, before: str = ""
) -> list[Statement]:
    """What a passage states, in reading order: header lines of its document, sentences, and a model's facts.

    `before` is what stands before it in its document, where the number of a list item may have been cut off.
    """
    lines = list(_lines(passage, origin))
    headers = {statement.citation.start for statement in lines}
    found = lines
    for number, sentence in enumerate(passage.sentences):
        if sentence.start not in headers and len(sentence.text) <= LONGEST_SENTENCE:
            found += _sentence(passage, origin, number, before)
    if extraction.grade is Grade.LLM:
        found += _facts(passage, origin, extraction)
    unique = {
        (s.subject_key, s.relation_key, s.object_key, s.citation.start, s.ends): s for s in reversed(found)
    }
    return sorted(unique.values(), key=lambda s: (s.citation.start, s.relation_key, s.object_key))


# --------------------------------------------------------------------------- header lines


def _lines(passage: Passage, origin: Document) -> Iterator[Statement]:
    """`Key: value` lines of the block that opens a document: what they say is said of its title."""
    subject = title_name(passage.title)
    if passage.position or not subject:
        return
    rows = list(_header(passage.text))
    times = {key.lower(): value for key, value, _, _ in rows}
    stated = Stated(_moment_of(times, _FROM_KEYS), _moment_of(times, _UNTIL_KEYS, last=True))
    for key, value, start, end in rows:
        if key.lower() in _FROM_KEYS | _UNTIL_KEYS:
            continue
        citation = _citation(passage, origin, passage.start + start, passage.start + end)
        yield _stated(subject, key, value, citation, origin, stated, StatementForm.LINE, ends=not value)


def _header(text: str) -> Iterator[tuple[str, str, int, int]]:
    """Key, value, start and end of each line up to the first that is none; what is indented goes on."""
    rows: list[tuple[str, str, int, int]] = []
    place = 0
    for line in text.splitlines(keepends=True):
        start, place = place, place + len(line)
        bare = line.strip()
        if rows and line[0] in " \t" and bare:
            key, value, begin, _ = rows[-1]
            rows[-1] = (key, f"{value} {bare}".strip(), begin, start + len(line.rstrip()))
            continue
        match = _KEY_LINE.match(line.rstrip())
        if match is None or len(match["key"].split()) > _MOST_KEY_WORDS or _is_speech(match["value"] or ""):
            if not rows and (bare.startswith("#") or set(bare) <= set("-=+ ")):
                continue  # a heading, or the rule above front matter
            break
        rows.append((match["key"].strip(), match["value"] or "", start, start + len(line.rstrip())))
    yield from rows


def _is_speech(value: str) -> bool:
    """Whether what follows a colon is a sentence: in a chat the name in front of it speaks."""
    return value[-1:] in (".", "!", "?", "…") and sum(word[0].islower() for word in value.split()) >= _SPOKEN


def _moment_of(times: Mapping[str, str], keys: frozenset[str], last: bool = False) -> datetime | None:
    for key in sorted(keys & times.keys()):
        try:
            span = read_date(times[key])
        except UnreadableDate:
            continue
        return span.last if last else span.first
    return None


# --------------------------------------------------------------------------- sentences


def _sentence(passage: Passage, origin: Document, number: int, before: str) -> Iterator[Statement]:
    """What one sentence states."""
    sentence = passage.sentences[number]
    text = " ".join(sentence.text.split()).rstrip(".! ")
    own = _NUMBER.match(text)
    text = text[own.end() :] if own else text
    if _NOT_SAID.search(text) or _RULED.search(text):
        return
    serial = int(own[1]) if own else _serial_before(passage, number, before)
    stated = read_stated(text)
    citation = _citation(passage, origin, sentence.start, sentence.end)
    for said in dict.fromkeys([stated.rest, text]):
        frames = list(read_frames(said))
        for subject, relation, object_, form, ends, past in frames:
            when = stated if said == stated.rest else Stated()
            made = _stated(subject, relation, object_, citation, origin, when, form, ends, past)
            yield replace(made, serial=serial)
        if frames:
            return


def _serial_before(passage: Passage, number: int, before: str) -> int | None:
    """The number of the list item a sentence is: on its own line, or cut off as a sentence of its own."""
    start = passage.sentences[number].start - passage.start
    text = before + passage.text[:start]
    line = text[text.rfind("\n") + 1 :]
    match = _NUMBER.match(f"{line} ") if line.strip() else None
    return int(match[1]) if match and not line[match.end() :].strip() else None


# --------------------------------------------------------------------------- a model's facts


def _facts(passage: Passage, origin: Document, extraction: Extraction) -> Iterator[Statement]:
    for triple in extraction.triples:
        if triple.sentence >= len(passage.sentences):
            continue
        sentence = passage.sentences[triple.sentence]
        stated = read_stated(" ".join(sentence.text.split()))
        citation = _citation(passage, origin, sentence.start, sentence.end)
        said = triple.relation.split() or ["is"]
        form, past = tense_of(said)
        yield _stated(
            triple.subject,
            triple.relation,
            triple.object,
            citation,
            origin,
            stated,
            form,
            ends=False,
            past=past,
        )


# --------------------------------------------------------------------------- records


def _stated(
    subject: str,
    relation: str,
    value: str,
    citation: Citation,
    origin: Document,
    stated: Stated,
    form: StatementForm,
    ends: bool,
    past: bool = False,
) -> Statement:
    first, last = (
        stated.first or _metadata(origin, "valid_from"),
        stated.last or _metadata(origin, "valid_to", True),
    )
    notes = stated.notes
    if first and last and last < first:
        first = last = None
        notes = (*notes, "it is said to end before it begins, so only the document's date counts")
    return Statement(
        subject=subject,
        relation=relation,
        object=value,
        subject_key=normal_name(subject),
        relation_key=relation_key(relation),
        object_key=object_key(value),
        form=form,
        citation=citation,
        observed=in_utc(origin.timestamp),
        valid_from=first,
        valid_to=last,
        restated=stated.restated,
        ends=ends,
        past=past,
        notes=notes,
    )


def _metadata(origin: Document, name: str, last: bool = False) -> datetime | None:
    """What the source itself says of when its document holds."""
    value = origin.metadata.get(name)
    try:
        span = read_date(value) if isinstance(value, str) else None
    except UnreadableDate:
        return None
    return None if span is None else span.last if last else span.first


def in_utc(moment: datetime | None) -> datetime | None:
    """A moment in UTC; one without a zone is taken as UTC."""
    if moment is None:
        return None
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def _citation(passage: Passage, origin: Document, start: int, end: int) -> Citation:
    text = passage.text[start - passage.start : end - passage.start]
    return Citation(passage.id, passage.document, passage.title, origin.uri, text, start, end)
