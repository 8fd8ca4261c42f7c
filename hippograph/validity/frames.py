"""Frames: the few plain forms of a sentence that state one relation.

The words are English. What does not fit a form states nothing, so that a doubtful sentence costs a statement and not a
wrong one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from hippograph.generation.names import name_spans
from hippograph.generation.overlap import FUNCTION_WORDS
from hippograph.text.names import normal_name, words
from hippograph.types import StatementForm

LONGEST_RELATION = 8
LONGEST_OBJECT = 12
"""In words."""

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
_LISTED_LEADING = """
is are was were has have had became becomes become remains remained will led won wrote made built held ran sold bought
met left began took gave grew knew spoke taught told wore drew drove chose lost kept sang
"""
_LEADING = frozenset(_LISTED_LEADING.split())
"""Verbs that no ending tells."""
_INDEFINITE = (
    "nothing nobody none everything everyone everybody something someone somebody anything anyone anybody"
)
_NO_SUBJECTS = FUNCTION_WORDS | frozenset(_INDEFINITE.split())
_PRESENT_S = re.compile(r"(?:[^s]s|sses|shes|ches|xes|zes)$")

Frame = tuple[str, str, str, StatementForm, bool, bool]
"""Subject, relation, object, form, whether it is said to have ended, whether it is said in the past tense."""


def read_frames(text: str) -> Iterator[Frame]:
    """The statements of a plain sentence; none of one that is not plain."""
    for pattern in (_ROLE_OF, _ROLE_AFTER, _IS_ROLE_OF):
        if match := pattern.match(text):
            yield from _role(match)
            return
    yield from _verb(text)


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
    if all(word in _AUXILIARIES for word in said) or not _is_verb(said[0]):
        return
    form, past = tense_of(said)
    for each in _objects(object_):
        yield _bare(subject), " ".join(said), each, form, gone, past


def _cut(rest: str) -> tuple[str, str]:
    """A verb and an object without a capital: cut at the last small word, or before a number; else in no place."""
    match = _LAST_JOINT.match(rest) or re.match(r"^(\s*[^\W\d]+)\s+(\d.*)$", rest)
    return (match[1], match[2]) if match else (rest, "")


def _is_verb(word: str) -> bool:
    """Whether a word can be the verb that its subject stands before, as far as its ending tells."""
    return word in _LEADING or word.endswith("ed") or bool(_PRESENT_S.search(word))


def tense_of(said: list[str]) -> tuple[StatementForm, bool]:
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
