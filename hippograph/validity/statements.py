"""Statements: sentences and header lines that say what something's relation to something else is."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime

from hippograph.generation.names import name_spans
from hippograph.generation.overlap import FUNCTION_WORDS
from hippograph.text.moments import UnreadableDate, read_date
from hippograph.text.names import normal_name, title_name, words
from hippograph.types import Citation, Document, Extraction, Grade, Passage, Statement, StatementForm
from hippograph.validity.stated_times import Stated, read_stated

LONGEST_RELATION = 8
LONGEST_OBJECT = 12
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

_ADVERBS = "now|currently|presently|still|again|today|officially|since then|henceforth"
_BE = (
    rf"(?P<be>is|are|was|were|became|becomes|has become|have become|has been|have been|remains|remained|will be)"
    rf"(?:\s+(?:{_ADVERBS}))*(?P<no>\s+(?:no longer|not any more|not))?(?:\s+(?:{_ADVERBS}))*"
)
_ROLE = r"(?P<role>(?:(?!of\s+(?:the\s+)?[A-Z\d\"“])[a-z][\w-]*\s+){0,5}?[a-z][\w-]*)"
_LEFT = r"(?P<subject>(?:the\s+)?[A-Z\d\"“](?:(?!\s(?:is|are|was|were)\s).)*?)"
_ROLE_OF = re.compile(rf"^(?:[Tt]he|[Ii]ts|[Oo]ur)\s+{_ROLE}\s+of\s+{_LEFT}\s+{_BE}\s+(?P<object>.+)$")
_ROLE_AFTER = re.compile(rf"^{_LEFT}(?:['’]s|(?<=s)['’])\s+{_ROLE}\s+{_BE}\s+(?P<object>.+)$")
_IS_ROLE_OF = re.compile(
    rf"^(?P<object>[A-Z\d\"“][^,;:]*?)\s+{_BE}\s+the\s+{_ROLE}\s+of\s+(?P<subject>(?:the\s+)?[A-Z\d\"“].*)$"
)
_FORMER = re.compile(r"\b(?:former|previous|past|late|first|last|next|erstwhile|ex|acting)\b")
_FRESH = re.compile(r"^(?:current|new|present|newest|latest|now)\s+")

_PARTICIPLE = re.compile(
    r"[a-z]+(?:ed|en|wn|lt|nt|de|ld|ught|ung)\s+(?:in|by|at|on|to|from|with|as|for|of|into)\b"
)

_NEGATION = re.compile(r"\b(?:not|never|neither|nor|no|n't)\b|n['’]t\b")
_NO_LONGER = re.compile(r"\b(?:no longer|not any more|not anymore|ceased to be|stopped being)\s*")
_NOT_SAID = re.compile(
    r"\b(?:[Ii]f|[Ww]hether|[Mm]aybe|[Pp]erhaps|might|may|could|would|should|[Uu]nless|[Aa]ccording|[Aa]llegedly"
    r"|[Rr]eportedly|[Rr]umou?red)\b|\?\s*$"
)
"""What makes a sentence no statement. "May" with a capital is a month."""
_CLAUSE = re.compile(
    r"[,;:()]|\s[-–—]\s|\b(?:which|who|whom|whose|that|because|while|when|but|although|where)\b"
)
_JOINED = re.compile(r"\s*,\s*and\s+|\s+and\s+|\s*,\s*")
_LISTED_NOT_VERBS = """
of in on at by for from with to and or as than like near per via the a an not no also both either
"""
_NOT_VERBS = frozenset(_LISTED_NOT_VERBS.split())
_LISTED_AUXILIARIES = """
is are was were be been being am has have had do does did will now currently presently still again today the a an
its his her their officially then later also recently
"""
_AUXILIARIES = frozenset(_LISTED_AUXILIARIES.split())
_LAST_JOINT = re.compile(r"^(.*\b(?:of|in|at|for|by|to|as|with|from|on|is|are|was|a|an|the)\b)\s+(.+)$")
_LISTED_STATES = """
based located headquartered situated married engaged employed owned led headed called named known governed ruled
chaired managed run affiliated registered licensed hosted maintained sponsored
"""
_STATES = frozenset(_LISTED_STATES.split())
"""Participles that tell a state: what "was based in Lund" is over, what "was born in Lund" is not."""
_INDEFINITE = (
    "nothing nobody none everything everyone everybody something someone somebody anything anyone anybody"
)
_NO_SUBJECTS = FUNCTION_WORDS | frozenset(_INDEFINITE.split())
_PRESENT_S = re.compile(r"(?:[^s]s|sses|shes|ches|xes|zes)$")


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


def relation_key(relation: str) -> str:
    """The form under which two wordings are one relation: without auxiliaries, articles and adverbs.

    >>> relation_key("was born in the city of"), relation_key("Is now married to"), relation_key("Status")
    ('born in city of', 'married to', 'status')
    """
    said = words(relation)
    return " ".join(word for word in said if word not in _AUXILIARIES) or " ".join(said)


def object_key(value: str) -> str:
    """The form under which two objects are one."""
    return normal_name(value)


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
    if _NOT_SAID.search(text):
        return
    serial = int(own[1]) if own else _serial_before(passage, number, before)
    stated = read_stated(text)
    citation = _citation(passage, origin, sentence.start, sentence.end)
    for said in dict.fromkeys([stated.rest, text]):
        frames = list(_frames(said))
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


Frame = tuple[str, str, str, StatementForm, bool, bool]
"""Subject, relation, object, form, whether it is said to have ended, whether it is said in the past tense."""


def _frames(text: str) -> Iterator[Frame]:
    """The statements of a plain sentence; none of one that is not plain."""
    for pattern in (_ROLE_OF, _ROLE_AFTER, _IS_ROLE_OF):
        if match := pattern.match(text):
            yield from _role(match)
            return
    yield from _verb(text)


def _role(match: re.Match[str]) -> Iterator[Frame]:
    role = _FRESH.sub("", match["role"])
    negated, be = match["no"] or "", match["be"]
    if "not" in negated.split() and "more" not in negated:
        return
    if _CLAUSE.search(match["subject"]) or len(role.split()) > LONGEST_RELATION:
        return
    if _PARTICIPLE.match(match["object"]):
        return  # "the bridge of Lund was built in 1950" tells no role
    past = be in ("was", "were") or bool(_FORMER.search(role))
    for object_ in _objects(match["object"]):
        yield _bare(match["subject"]), role, object_, StatementForm.ROLE, bool(negated), past


def _verb(text: str) -> Iterator[Frame]:
    """A name, a verb with what belongs to it, and a name or a phrase."""
    gone = bool(_NO_LONGER.search(text))
    text = _NO_LONGER.sub("", text)
    spans = name_spans(text)
    if not spans or spans[0][0] != 0 or _NEGATION.search(text):
        return
    subject, rest = text[: spans[0][1]], text[spans[0][1] :]
    if not rest.startswith(" ") or subject.lower() in _NO_SUBJECTS:
        return
    later = [start - spans[0][1] for start, _ in spans[1:]]
    quoted = re.search(r"[\"“]", rest)
    starts = sorted([*later, *([quoted.start()] if quoted else [])])
    between, object_ = (rest[: starts[0]], rest[starts[0] :]) if starts else _cut(rest)
    said = between.split()
    article = said[-1:] if said and said[-1] in ("the", "a", "an") else []
    said = said[: len(said) - len(article)]
    if not said or len(said) > LONGEST_RELATION or said[0] in _NOT_VERBS or _CLAUSE.search(between):
        return
    if not all(word[0].islower() for word in said) or not relation_key(" ".join(said)).strip():
        return
    if all(word in _AUXILIARIES for word in said):
        return
    form, past = _tense(said)
    for each in _objects(object_):
        yield _bare(subject), " ".join(said), each, form, gone, past


def _cut(rest: str) -> tuple[str, str]:
    """A verb and an object without a capital: cut at the last small word, else after the verb."""
    match = _LAST_JOINT.match(rest)
    if match:
        return match[1], match[2]
    verb, _, object_ = rest.strip().partition(" ")
    return verb, object_


def _tense(said: list[str]) -> tuple[StatementForm, bool]:
    """Whether a verb tells a state or an event, and whether a state is over."""
    first, second = said[0], next((word for word in said[1:] if word not in _AUXILIARIES), "")
    if first in ("was", "were"):
        past = second in _STATES or second.endswith("ing") or not second.endswith(("ed", "en", "n", "t"))
        return (StatementForm.STATE if past else StatementForm.EVENT), past
    if first in ("is", "are", "has", "have", "remains"):
        return StatementForm.STATE, False
    return (StatementForm.STATE if _PRESENT_S.search(first) else StatementForm.EVENT), False


def _objects(text: str) -> list[str]:
    """The objects that a phrase names: what is joined by "and" are several."""
    text = _CLAUSE.split(text.replace(" , ", ", "), maxsplit=1)[0] if "," not in text else text
    parts = _JOINED.split(text) if re.search(r"\band\b|,", text) else [text]
    if any(_CLAUSE.search(part) for part in parts):
        parts = [_CLAUSE.split(text, maxsplit=1)[0]]
    kept = [_bare(part) for part in parts]
    return [part for part in kept if part and object_key(part) and len(part.split()) <= LONGEST_OBJECT]


def _bare(text: str) -> str:
    return text.strip(" \"“”„'’.,;")


# --------------------------------------------------------------------------- a model's facts


def _facts(passage: Passage, origin: Document, extraction: Extraction) -> Iterator[Statement]:
    for triple in extraction.triples:
        if triple.sentence >= len(passage.sentences):
            continue
        sentence = passage.sentences[triple.sentence]
        stated = read_stated(" ".join(sentence.text.split()))
        citation = _citation(passage, origin, sentence.start, sentence.end)
        said = triple.relation.split() or ["is"]
        form, past = _tense(said)
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
