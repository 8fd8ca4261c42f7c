"""What memories state: turns of a conversation in the third person, so that two of them can be about one thing."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from hippograph.text.names import normal_name
from hippograph.types import Document, Extraction, Passage, Sentence, Statement, StatementForm
from hippograph.validity.statements import read_statements

_TURN = re.compile(r"^(?P<speaker>[^\W\d_][\w .'’-]{0,38}):\s+(?P<said>\S.*)$")
_MOST_NAME_WORDS = 4
_CONTRACTED = (
    (re.compile(r"\b[Ii]['’]m\b"), "{} is"),
    (re.compile(r"\b[Ii]['’]ve\b"), "{} has"),
    (re.compile(r"\b[Ii]['’]ll\b"), "{} will"),
    (re.compile(r"\b[Ii]['’]d\b"), "{} would"),
    (re.compile(r"\bI am\b"), "{} is"),
    (re.compile(r"\bI was\b"), "{} was"),
    (re.compile(r"\bI have\b"), "{} has"),
    (re.compile(r"\bI do\b"), "{} does"),
    (re.compile(r"\b[Mm]y\b"), "{}'s"),
    (re.compile(r"\b[Mm]ine\b"), "{}'s"),
)
_PRESENT = re.compile(
    r"\bI (?P<adverb>(?:now|currently|still|also|just|really) )?"
    r"(?P<verb>live|work|study|teach|own|drive|play|prefer|like|love|hate|want|need|run|manage|lead|support|use|eat|stay)\b"
)
_LEFT_OUT = re.compile(r"\bI\b")
_OPENING = re.compile(
    r"^(?:(?:well|so|oh|hey|hi|yes|yeah|no|actually|by the way|anyway|guess what|good news|big news|also|and|but|now)"
    r"\b[\s,:!.…-]*)+",
    re.IGNORECASE,
)

_FAMILIES = (
    (
        "lives in",
        "lives in, live in, living in, moved to, moved into, relocated to, settled in, resides in, stays in",
    ),
    (
        "works at",
        "works at, works for, working at, working for, started at, started working at, employed by",
    ),
    ("studies", "studies, studying, majors in"),
    ("married to", "married to, married, engaged to"),
)
_FAMILY = {form.strip(): name for name, forms in _FAMILIES for form in forms.split(",")}
"""Relations whose objects take each other's place: who moved to a town lives there, and no longer where they lived."""
_VERB = "|".join(sorted(map(re.escape, _FAMILY), key=len, reverse=True))
_MOVED = re.compile(
    rf"^(?P<subject>[^\W\d_][\w.'’-]*(?:\s[A-Z][\w.'’-]*){{0,3}})\s+(?:(?:is|has|have|just|now|recently|finally)\s+)*"
    rf"(?P<verb>{_VERB})\s+(?:the\s+|a\s+|an\s+)?(?P<object>[^\s,.;:!?].*)$"
)
_ENDS_OBJECT = re.compile(
    r"[,;:.!?()]|\s[-–—]\s|\s(?:in|at|on|with|for|since|from|because|and|but|to|near|by|after|before|now|again|today"
    r"|yesterday|this|last|next|these|as|who|which|where|when)\b",
    re.IGNORECASE,
)
_TRAILING = re.compile(
    r"\s+(?:now|again|today|as ever|these days|nowadays|(?:this|last|next)\s+\w+|on\s+\w+day|since\s.+)$"
)
PLACE = "lives in"
_LISTED = "everyone everybody someone somebody nobody we you they he she it this that who which one some many people"
_NOBODY = frozenset(_LISTED.split())
"""Subjects of which nothing is known the next time."""
_NEGATED = re.compile(
    r"\b(?:not|never|no longer|n['’]t)\b|n['’]t\b|\?\s*$|\b(?:if|would|might|may|could)\b", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Said:
    """One thing that a memory states, in the form in which two memories compare: normal names."""

    subject: str
    relation: str
    object: str
    can_change: bool
    """Whether another object takes the place of this one: a role, a line of a header, where one lives."""

    @property
    def about(self) -> tuple[str, str]:
        """What must be the same for another object to be a change."""
        return self.subject, self.relation


def what_is_said(passage: Passage, origin: Document, extraction: Extraction) -> list[Said]:
    """What a passage states, its turns by their speakers."""
    turns = dict(_turns(passage))
    sentences = tuple(turns.get(number, sentence) for number, sentence in enumerate(passage.sentences))
    moved = [said for sentence in sentences if (said := _moved(sentence.text))]
    # Only a first passage has a header, and "Ana: hello" is a turn, not what the document says of itself.
    told = replace(passage, sentences=sentences, position=1 if turns else passage.position)
    found = [_said(each) for each in read_statements(told, origin, extraction) if not each.past]
    known = {said.about for said in moved}
    return [*moved, *(said for said in found if said.object and said.subject and said.about not in known)]


def _said(statement: Statement) -> Said:
    relation = _FAMILY.get(statement.relation_key, statement.relation_key)
    if relation == PLACE and not statement.object[:1].isupper():
        relation = statement.relation_key
    is_single = relation in _FAMILY.values() and (relation != PLACE or statement.object[:1].isupper())
    can_change = is_single or statement.form in (StatementForm.ROLE, StatementForm.LINE)
    return Said(statement.subject_key, relation, normal_name(_TRAILING.sub("", statement.object)), can_change)


def _moved(sentence: str) -> Said | None:
    """Where somebody lives, works or studies from now on, whatever the object is spelled like."""
    match = _MOVED.match(sentence)
    if match is None or _NEGATED.search(sentence):
        return None
    if normal_name(match["subject"]) in _NOBODY:
        return None
    if _FAMILY[match["verb"]] == PLACE and not match["object"][0].isupper():
        return None  # who moved to the sofa lives where they lived
    object_ = normal_name(_ENDS_OBJECT.split(match["object"], maxsplit=1)[0])
    return (
        Said(normal_name(match["subject"]), _FAMILY[match["verb"]], object_, can_change=True)
        if object_
        else None
    )


def speakers_of(passage: Passage) -> frozenset[str]:
    """The normal names of who speaks in a passage."""
    return frozenset(normal_name(speaker) for speaker, _ in _speakers(passage).values())


def _turns(passage: Passage) -> Iterator[tuple[int, Sentence]]:
    """The sentences that belong to turns, by number, in the third person; places are those of the originals."""
    for number, (speaker, said) in _speakers(passage).items():
        sentence = passage.sentences[number]
        yield number, Sentence(third_person(speaker, said), sentence.start, sentence.end)


def _speakers(passage: Passage) -> dict[int, tuple[str, str]]:
    """Who says each sentence, and the sentence without its speaker's name."""
    found: dict[int, tuple[str, str]] = {}
    for number, sentence in enumerate(passage.sentences):
        begin = sentence.start - passage.start
        line_start = passage.text.rfind("\n", 0, begin) + 1
        line_end = passage.text.find("\n", begin)
        line = passage.text[line_start : line_end if line_end >= 0 else len(passage.text)]
        match = _TURN.match(line)
        if match is None or len(match["speaker"].split()) > _MOST_NAME_WORDS:
            continue
        speaker = match["speaker"].strip()
        text = " ".join(sentence.text.split())
        found[number] = (speaker, text.removeprefix(f"{speaker}:").strip())
    return found


def third_person(speaker: str, sentence: str) -> str:
    """A sentence as somebody else would report it.

    >>> third_person("Ana", "Guess what! I moved to Marren, and my job is fine.")
    "Ana moved to Marren, and Ana's job is fine."
    >>> third_person("Bo", "I live in Ribe.")
    'Bo lives in Ribe.'
    """
    text = _OPENING.sub("", sentence) or sentence
    for pattern, form in _CONTRACTED:
        text = pattern.sub(form.format(speaker), text)
    text = _PRESENT.sub(lambda m: f"{speaker} {m['adverb'] or ''}{_with_s(m['verb'])}", text)
    return _LEFT_OUT.sub(speaker, text)


def _with_s(verb: str) -> str:
    if verb.endswith(("ch", "sh", "s", "x")):
        return f"{verb}es"
    return f"{verb[:-1]}ies" if verb.endswith("y") and verb[-2] not in "aeiou" else f"{verb}s"
