"""One sentence cut into the statements it makes: brackets, appositions, relative clauses, coordination."""

from __future__ import annotations

import re

from hippograph.generation.claims.subjects import Opening, find_opening, first_verb, name_of
from hippograph.generation.claims.words import AUXILIARIES, BE, PRONOUNS, is_verb
from hippograph.generation.overlap import FUNCTION_WORDS

MOST_PARTS = 8
"""A sentence that would give more statements than this is a list or a table: it stays whole."""

_LIFE = re.compile(
    r"\s*\((?P<birth>(?:born\s+)?(?:[cC]\.\s*)?[\w ,.]*?\d{3,4})\s*[–—-]\s*(?P<death>(?:[cC]\.\s*)?[\w ,.]*?\d{3,4})\)"
)
_BORN = re.compile(r"\s*\((?:born|b\.)\s+(?P<birth>[\w ,.]*?\d{4})\)")
_APPOSITION = re.compile(r",\s+(?P<phrase>(?:an?|the)\s+[^,;:()]{3,90}),\s+")
_RELATIVE = re.compile(r",\s+(?P<word>who|which)\s+(?P<clause>[^,;:()]{5,160})(?:,\s+|(?=[.!]?$))")
_SEMICOLON = re.compile(r";\s+(?:and\s+|but\s+)?")
_CLAUSE_JOINT = re.compile(r",\s+(?:and|but|while|whereas|so)\s+")
_VERB_JOINT = re.compile(
    r",?\s+(?:and|but|then|and then)\s+(?:(?:then|later|also|subsequently|finally|eventually)\s+)?"
)
_SUBJECT = re.compile(
    r"(?:(?:the|a|an|his|her|its|their|this|these|many|most|several|some)\s+[\w'’-]+|he|she|it|they|[A-Z])"
)
_OWN_SUBJECT_WORDS = 7
_AFTER_PARTICIPLE = frozenset(["by", "in", "as", "to", "from", "at", "on", "with", "for", "into"])
_PARTICIPLE_ONLY = frozenset(
    [
        "born",
        "done",
        "gone",
        "seen",
        "known",
        "taken",
        "given",
        "written",
        "shown",
        "grown",
        "driven",
        "chosen",
        "spoken",
    ]
)


def split_sentence(sentence: str) -> list[str]:
    """The statements of one sentence, each a sentence of its own; the sentence itself where rules are unsure.

    >>> split_sentence("Ada Lovelace (1815–1852), an English countess, wrote notes and died in London.")
    ['Ada Lovelace was born in 1815.', 'Ada Lovelace died in 1852.', 'Ada Lovelace was an English countess.', \
'Ada Lovelace wrote notes.', 'Ada Lovelace died in London.']
    """
    aside, rest = _asides(sentence.strip())
    parts = [part for clause in _clauses(rest) for part in _verb_phrases(clause)]
    parts = [*aside, *parts]
    return [_ended(part) for part in parts] if len(parts) <= MOST_PARTS else [_ended(sentence.strip())]


def _asides(sentence: str) -> tuple[list[str], str]:
    """What brackets, appositions and relative clauses state, and the sentence without them."""
    stated: list[str] = []
    for take in (_take_life, _take_apposition, _take_relative):
        found, sentence = take(sentence)
        stated += found
    return stated, sentence


def _take_life(sentence: str) -> tuple[list[str], str]:
    bracket = _LIFE.search(sentence) or _BORN.search(sentence)
    if bracket is None:
        return [], sentence
    before = sentence[: bracket.start()]
    name = name_of(before)
    if not name or "," in before or first_verb(before) is not None:
        return [], sentence
    birth, death = bracket.group("birth"), bracket.groupdict().get("death")
    stated = [f"{name} was born {_on(birth.removeprefix('born '))}"]
    if death:
        stated.append(f"{name} died {_on(death)}")
    return stated, sentence[: bracket.start()] + sentence[bracket.end() :]


def _on(date: str) -> str:
    date = re.sub(r"^[cC]\.\s*", "around ", date.strip())
    return date if date.startswith("around") else f"{'in' if date.isdigit() else 'on'} {date}"


def _take_apposition(sentence: str) -> tuple[list[str], str]:
    """ "Ada, an English countess, wrote" says that Ada was one."""
    found = _APPOSITION.search(sentence)
    if found is None:
        return [], sentence
    name = name_of(sentence[: found.start()])
    rest = sentence[found.end() :]
    verb = re.match(r"[\w'’-]+", rest)
    if not name or verb is None or not is_verb(verb.group().lower()):
        return [], sentence
    copula = "is" if verb.group() in ("is", "are", "has", "have") or verb.group().endswith("s") else "was"
    if verb.group() == "was":
        copula = "was"
    return [f"{name} {copula} {found.group('phrase')}"], f"{sentence[: found.start()]} {rest}"


def _take_relative(sentence: str) -> tuple[list[str], str]:
    """ "Ada, who wrote notes, died" says that Ada wrote notes."""
    found = _RELATIVE.search(sentence)
    if found is None or not is_verb(found.group("clause").split()[0].lower()):
        return [], sentence
    name = _last_name(sentence[: found.start()])
    if not name:
        return [], sentence
    rest = sentence[found.end() :]
    stated = [f"{name} {found.group('clause')}"]
    return stated, f"{sentence[: found.start()]} {rest}".rstrip() if rest.strip(" .") else sentence[
        : found.start()
    ]


def _last_name(text: str) -> str:
    """The name a text ends with, where the whole noun phrase is that name."""
    found = re.search(r"(?:^|[\s(])((?:[A-Z][\w'’.-]*)(?:\s+(?:of|de|van|von|the|[A-Z][\w'’.-]*))*)$", text)
    if not found:
        return ""
    before = text[: found.start(1)].split()
    return "" if before and before[-1].lower() in ("the", "a", "an", "and", "or") else name_of(found.group(1))


def _clauses(sentence: str) -> list[str]:
    """Clauses with a subject of their own; a pronoun takes the first clause's subject."""
    opening = find_opening(sentence)
    clauses: list[str] = []
    for piece in _SEMICOLON.split(sentence):
        start = 0
        for joint in _CLAUSE_JOINT.finditer(piece):
            if find_opening(piece[start : joint.start()]) and _is_clause(piece[joint.end() :]):
                clauses.append(piece[start : joint.start()])
                start = joint.end()
        clauses.append(piece[start:])
    if not all(_is_clause(clause) for clause in clauses[1:]):
        return [sentence]
    return [clauses[0], *(_with_subject(clause, opening) for clause in clauses[1:])]


def _is_clause(text: str) -> bool:
    """Whether a stretch begins with a subject and has a verb of its own soon after."""
    first = re.match(r"[\w'’-]+", text)
    if first is None or is_verb(first.group()) or not _SUBJECT.match(text):
        return False
    verb = first_verb(text)
    if verb is None or _in_relative(text[:verb]):
        return False
    return 0 < len(text[:verb].split()) <= _OWN_SUBJECT_WORDS


def _with_subject(clause: str, opening: Opening | None) -> str:
    word = clause.split()[0].lower() if clause.split() else ""
    if opening is None or word not in PRONOUNS or not name_of(opening.text):
        return clause
    return f"{opening.text}{clause[len(word) :]}"


def _verb_phrases(clause: str) -> list[str]:
    """ "She wrote notes and died in London" makes two statements about her."""
    opening = find_opening(clause)
    if opening is None or len(opening.text.split()) > _OWN_SUBJECT_WORDS:
        return [clause]
    group = _verb_group(clause[opening.verb :])
    phrases: list[str] = []
    start = 0
    for joint in _VERB_JOINT.finditer(clause, opening.verb):
        following = clause[joint.end() :]
        if joint.start() < start or not _says_something(clause[max(start, opening.verb) : joint.start()]):
            continue
        lead = _lead(group, following)
        if lead is None or _in_relative(clause[start : joint.start()]):
            continue
        phrases.append(
            clause[start : joint.start()]
            if not phrases
            else f"{phrases.pop()}{clause[start : joint.start()]}"
        )
        phrases.append(f"{opening.text} {lead}")
        start = joint.end()
    if not phrases:
        return [clause]
    phrases[-1] += clause[start:]
    return phrases


def _verb_group(text: str) -> list[str]:
    """The auxiliaries and the verb that a clause's predicate begins with."""
    group: list[str] = []
    for word in re.findall(r"[\w'’-]+", text)[:4]:
        if word.lower() in AUXILIARIES or word.endswith("ly"):
            group.append(word)
            continue
        return [*group, word]
    return group


def _lead(group: list[str], following: str) -> str | None:
    """What to put between the subject and a second predicate: its auxiliary, nothing, or None for no predicate."""
    words = re.findall(r"[\w'’-]+", following)[:3]
    if len(words) < 2 or not words[0].islower() or not is_verb(words[0]):
        return None
    if words[0] in AUXILIARIES:
        return ""
    after = words[1].lower()
    has_object = (
        after in FUNCTION_WORDS or words[1][0].isupper() or words[1][0].isdigit() or after.endswith("ly")
    )
    auxiliaries = [word for word in group[:-1] if word.lower() in AUXILIARIES]
    is_passive = bool(auxiliaries) and auxiliaries[-1].lower() in BE
    if is_passive and is_verb(group[-1].lower()) and after in _AFTER_PARTICIPLE:
        return " ".join(auxiliaries) + " "
    if not has_object or after == "by":
        return None
    if words[0] in _PARTICIPLE_ONLY:
        return " ".join(auxiliaries) + " " if auxiliaries else None
    return ""


def _says_something(predicate: str) -> bool:
    """Whether a predicate has more than its verb: "was founded" waits for "and led by Ada"."""
    words = [word for word in re.findall(r"[\w'’-]+", predicate) if word.lower() not in AUXILIARIES]
    return len(words) > 1 and any(word.lower() not in FUNCTION_WORDS for word in words[1:])


def _in_relative(text: str) -> bool:
    """Whether a stretch runs inside "that ..." or "who ...", whose verbs belong to another subject."""
    return (
        re.search(r"\b(?:who|which|that|whom|whose|where|when|to|while|after|before|if|because)\b", text)
        is not None
    )


def _ended(part: str) -> str:
    part = re.sub(r"\s+([,.;])", r"\1", " ".join(part.split())).strip(" ,;")
    part = part[:1].upper() + part[1:]
    return part if part.endswith((".", "!", "。")) or not part else f"{part}."
