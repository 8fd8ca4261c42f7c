"""What a remembered sentence says: who, in which relation, to what; read by rules for English statements.

"Ada lives in Ribe", "Ada's favourite colour is green", "The deadline of the bridge is 5 May", "I no longer work for
Vestas". What the rules cannot read says nothing here, and so neither ends nor repeats anything.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from hippograph.text.names import normal_name, words
from hippograph.text.sentences import split_sentences

_LISTED = """
live in; live at; reside in; work at; work as; be based in; be located in; be headquartered in; be married to;
be engaged to; be employed by; be employed at; be called; be named; report to; study at; be born in; be born on;
be assigned to; be owned by; be led by; be managed by; be chaired by; be scheduled for; be due on; stay in; stay at
"""
FUNCTIONAL = frozenset(each.strip() for each in _LISTED.replace("\n", " ").split(";"))
"""Relations of one object at a time. Roles ("the capital of A is B") and ages have one, too."""
_LISTED_ROLES = """
address number email name nickname surname birthday age job employer boss manager title role status deadline date due
location home city town country capital ceo president chair chairman chairwoman owner leader head mayor version price
colour color size weight height language team budget zone wife husband spouse partner password birthplace hometown
temperature population headquarters successor director editor maintainer plan school university salary currency
"""
SINGLE_ROLES = frozenset(_LISTED_ROLES.split())
"""Roles that one holds at a time; a friend, a brother or a hobby may be one of several."""
_ONLY_ONE = frozenset(["favourite", "favorite", "current", "main", "primary", "default", "preferred"])
BEGINS = {
    "move to": "live in",
    "relocate to": "live in",
    "join": "work at",
    "start at": "work at",
    "marry": "be married to",
    "rename to": "be called",
}
ENDS = {"leave": "work at", "quit": "work at", "divorce": "be married to", "move out of": "live in"}
_SAME = {"work for": "work at", "be wed to": "be married to", "be due": "be due on"}
_IRREGULAR = {
    "moved": "move", "joined": "join", "started": "start", "married": "marry", "left": "leave", "quit": "quit",
    "divorced": "divorce", "relocated": "relocate", "has": "have", "had": "have", "am": "be", "is": "be", "are": "be",
    "was": "be", "were": "be", "does": "do", "did": "do", "goes": "go", "renamed": "rename",
}  # fmt: skip
_ADVERBS = re.compile(
    r"\b(?:now|currently|presently|today|still|just|recently|actually|finally|already|also|these days)\b,?",
    re.IGNORECASE,
)
_NO_LONGER = re.compile(
    r"\b(?:no longer|not\b(?=.*\b(?:any ?more|any longer)\b)|stopped|has stopped|ceased to)\s*|"
    r"\b(?:do|does|did)(?:n['’]t| not)(?=.*\b(?:any ?more|any longer)\b)\s*",
    re.IGNORECASE,
)
_ANY_MORE = re.compile(r"\s*\b(?:any ?more|any longer)\b", re.IGNORECASE)
_UNSURE = re.compile(
    r"\?\s*$|\b(?:[Ii]f|[Ww]hether|[Mm]aybe|[Pp]erhaps|might|may|could|would|should|[Nn]ever|not)\b|n['’]t\b"
)
"""What makes a sentence no statement. "May" with a capital is a month."""
_NAME = re.compile(r"[A-Z\d][\w'’.-]*(?:\s+(?:(?:of|de|the|upon|am|an der)\s+)?[A-Z\d][\w'’.-]*)*")
"""A name at the start of an object: what follows it is said of something else."""
_SEVERAL = re.compile(r",|\band\b|\bor\b|&")
_PRONOUNS = frozenset(
    ["he", "she", "it", "they", "we", "you", "this", "that", "these", "those", "his", "her", "their"]
)
_ROLE_OF = re.compile(
    r"^(?:the|my)\s+(?P<role>[a-z][\w -]*?)\s+of\s+(?P<subject>.+?)\s+(?P<be>is|was)\s+(?P<object>.+)$",
    re.IGNORECASE,
)
_OWNED = re.compile(
    r"^(?P<subject>my|(?:the\s+)?\w[\w .-]*?(?:['’]s|s['’]))\s+(?P<role>[a-z][\w -]*?)\s+(?P<be>is|are|was|were)\s+"
    r"(?P<object>.+)$",
    re.IGNORECASE,
)
_AGE = re.compile(r"^(?P<subject>.+?)\s+(?:is|am)\s+(?P<object>\d{1,3})\s+years?\s+old$", re.IGNORECASE)
_PLAIN_WITHOUT_E = frozenset(["work", "study", "stay", "report", "own"])
_PREPOSITIONS = frozenset(
    ["in", "at", "to", "for", "as", "on", "by", "with", "of", "from", "out", "into", "about"]
)
_SPEAKERS = frozenset(["i", "my", "me"])
_VERBS = r"(?P<verb>(?:is|are|was|were|am)\s+[a-z]+(?:ed|t|n|d)\b|[a-z]+)"
_VERB = re.compile(
    rf"^(?P<subject>I|(?:[Tt]he\s+)?(?:user|customer|team|company|project)|[A-Z][\w'’.-]*(?:\s+[A-Z][\w'’.-]*)*)\s+"
    rf"{_VERBS}(?P<prep>(?:\s+(?:{'|'.join(sorted(_PREPOSITIONS))})\b)*)\s+(?P<object>\S.*)$"
)


@dataclass(frozen=True, slots=True)
class Said:
    """One statement in comparable words."""

    subject: str
    relation: str
    object: str
    is_functional: bool
    """Whether a subject has one such object at a time."""
    ends: bool = False
    """Whether it says that this holds no longer."""
    is_whole: bool = True
    """Whether it says all that its sentence does: "Ada lives in Ribe with Noor" says more than where."""

    def key(self) -> str:
        """Of what it speaks: subject and relation."""
        return f"{self.subject}|{self.relation}"


def read_said(text: str, speaker: str = "", functional: Collection[str] = ()) -> tuple[Said, ...]:
    """The statements of a text that the rules can read, in order. "I" and "my" are the speaker.

    >>> [(s.subject, s.relation, s.object) for s in read_said("I moved to Hull. My cat is called Tom.", "Ada")]
    [('ada', 'live in', 'hull'), ('ada cat', 'be called', 'tom')]
    """
    found = []
    for start, end in split_sentences(text):
        if said := _read(" ".join(text[start:end].split()).strip(" .!"), speaker, functional):
            found.append(said)
    return tuple(found)


def is_all_read(text: str, said: Sequence[Said]) -> bool:
    """Whether the statements say all that the text does."""
    return len(split_sentences(text)) == len(said) and all(each.is_whole for each in said)


def _read(sentence: str, speaker: str, functional: Collection[str]) -> Said | None:
    plain = " ".join(_ADVERBS.sub("", sentence).split()).strip(" ,")
    ends = bool(_NO_LONGER.search(plain))
    if ends:
        plain = " ".join(_ANY_MORE.sub("", _NO_LONGER.sub("", plain)).split())
    if _UNSURE.search(plain):
        return None
    if match := _AGE.match(plain):
        return _said(match["subject"], "be years old", match["object"], speaker, True, ends)
    if match := _ROLE_OF.match(plain) or _OWNED.match(plain):
        owner = re.sub(r"['’]s$|(?<=s)['’]$", "", match["subject"])
        if match["role"].split()[-1].lower() in _PREPOSITIONS:
            return None
        is_single = match["be"].lower() == "is" and _is_single(match["role"], functional)
        if match["be"].lower() == "is" and (named := re.match(r"(?:called|named)\s+(.+)", match["object"])):
            return _said(f"{owner} {match['role']}", "be called", named[1], speaker, True, ends)
        return _said(
            owner, f"have {' '.join(words(match['role']))}", match["object"], speaker, is_single, ends
        )
    match = _VERB.match(plain)
    return _of_verb(match, speaker, functional, ends) if match else None


def _is_single(role: str, functional: Collection[str]) -> bool:
    """Whether one holds a role at a time, by its last word, by "favourite" before it, or as it was declared."""
    said = [word.lower() for word in role.split()]
    declared = {each.lower() for each in functional}
    return (
        said[-1] in SINGLE_ROLES or said[0] in _ONLY_ONE or role.lower() in declared or said[-1] in declared
    )


def _of_verb(match: re.Match[str], speaker: str, functional: Collection[str], ends: bool) -> Said | None:
    verb = match["verb"].split()
    base = " ".join([_base(verb[0]), *verb[1:]])
    relation = " ".join(f"{base} {match['prep']}".split())
    relation = _SAME.get(relation, relation)
    if relation in ENDS:
        relation, ends = ENDS[relation], True
    relation = BEGINS.get(relation, relation)
    is_past = match["verb"].lower().startswith(("was", "were")) and not relation.startswith("be born")
    is_named = match["object"][0].isupper() or match["object"][0].isdigit()
    if match["verb"].lower() == "moved" and not is_named:
        return None  # to another desk, another job, another topic
    has_one = relation in FUNCTIONAL or relation in {_base_of(each) for each in functional}
    name = _NAME.match(match["object"])
    object_ = name.group() if has_one and name else match["object"]
    is_one = not _SEVERAL.match(match["object"][len(object_) :].strip())
    is_functional = has_one and is_named and is_one and not is_past
    said = _said(match["subject"], relation, object_, speaker, is_functional, ends)
    return replace(said, is_whole=len(object_) == len(match["object"])) if said else None


def _base_of(relation: str) -> str:
    first, _, rest = relation.lower().partition(" ")
    return f"{_base(first)} {rest}".strip()


def _base(verb: str) -> str:
    """A verb's plain form, as far as the present tense hides it.

    >>> [_base(verb) for verb in ("lives", "studies", "is", "moved", "works", "passes")]
    ['live', 'study', 'be', 'move', 'work', 'pass']
    """
    verb = verb.lower()
    if verb in _IRREGULAR:
        return _IRREGULAR[verb]
    if verb.endswith("ing") and len(verb) > 5:
        return verb[:-3] if verb[:-3] in _PLAIN_WITHOUT_E else f"{verb[:-3]}e"
    if verb.endswith("ies") and len(verb) > 4:
        return f"{verb[:-3]}y"
    if verb.endswith(("sses", "shes", "ches", "xes")):
        return verb[:-2]
    return verb[:-1] if verb.endswith("s") and not verb.endswith("ss") else verb


def _said(
    subject: str, relation: str, object_: str, speaker: str, is_functional: bool, ends: bool
) -> Said | None:
    told = [word for word in words(subject) if word not in ("the", "a", "an")]
    if told and told[0] in _SPEAKERS:
        told = [*(words(speaker) or ["speaker"]), *told[1:]]
    if not told or told[0] in _PRONOUNS or not normal_name(object_):
        return None  # nobody says here who that is
    bare = re.sub(r"^(?:the|a|an|my|his|her|their)\s+", "", object_.strip(" \"“”'’.,;"), flags=re.IGNORECASE)
    is_functional = is_functional and not _SEVERAL.search(bare)
    return Said(" ".join(told), relation, normal_name(bare), is_functional, ends)
