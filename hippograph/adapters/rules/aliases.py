"""Aliases: the short names of a passage (a surname, an acronym) and the full names they stand for."""

from __future__ import annotations

import re
from collections.abc import Sequence

from hippograph.adapters.rules.proper import Lexicon, is_common
from hippograph.text.names import normal_name

_BRACKETED = re.compile(
    r"\(\s*(?:the |or |abbreviated (?:as )?|also known as |\")?([A-Z][A-Za-z&.-]{1,9})\"?\s*\)"
)


class Aliases:
    """Maps the short names of one passage to full ones; a short name of two full names stands for itself."""

    def __init__(self, topic: str, names: Sequence[str], texts: Sequence[str], lexicon: Lexicon) -> None:
        self._full: dict[str, str] = {}
        self._topic = topic
        self._topic_form = normal_name(topic)
        self._topic_words = set(self._topic_form.split())
        distinct = list(dict.fromkeys([topic, *names]))
        self._add({part: {topic} for part in _parts_of_topic(topic, lexicon) if part in distinct})
        short: dict[str, set[str]] = {}
        for name in distinct:
            for part in _short_forms(name, lexicon):
                short.setdefault(part, set()).add(name)
        self._add({part: full for part, full in short.items() if part in distinct})
        acronyms = _acronyms(distinct, texts)
        self._add(acronyms)
        self.acronyms = frozenset(acronyms)

    def _add(self, candidates: dict[str, set[str]]) -> None:
        for part, full in candidates.items():
            forms = {normal_name(name): name for name in sorted(full)}
            if len(forms) == 1:
                self._full.setdefault(part, next(iter(forms.values())))

    def subject(self, name: str) -> str:
        """As `full`, and the title for the longer form of its name: "Enrique José Bolaños Geyer"."""
        full = self.full(name)
        if normal_name(full) == self._topic_form:
            return self._topic
        if (
            len(self._topic_words) > 1
            and self._topic_words <= set(normal_name(full).split())
            and full[:1].isupper()
        ):
            return self._topic if len(full.split()) <= len(self._topic_words) + 3 else full
        return full

    def full(self, name: str) -> str:
        """The full name of a name, or the name itself."""
        return self._full.get(name, name)


def _short_forms(name: str, lexicon: Lexicon) -> list[str]:
    """The first and last word of a person-like name: two to four capitalised words, none common."""
    parts = name.split()
    if not 2 <= len(parts) <= 4 or not all(part[:1].isupper() for part in parts):
        return []
    if any(is_common(part, lexicon) for part in parts):
        return []
    return [parts[-1], parts[0]] if parts[-1].isalpha() else [parts[0]]


def _parts_of_topic(topic: str, lexicon: Lexicon) -> list[str]:
    """The first and last word of a title that looks like a name: "Tang" in a text about Tang Baiqiao."""
    parts = topic.split()
    if not 2 <= len(parts) <= 4 or not all(part[:1].isupper() for part in parts):
        return []
    return [] if all(is_common(part, lexicon) for part in parts) else [parts[-1], parts[0]]


def _acronyms(names: Sequence[str], texts: Sequence[str]) -> dict[str, set[str]]:
    """Bracketed short names whose letters are the initials of a name."""
    bracketed = {match.group(1) for text in texts for match in _BRACKETED.finditer(text)}
    found: dict[str, set[str]] = {}
    for name in names:
        parts = [part for part in re.split(r"[\s-]+", name) if part]
        forms = {"".join(p[0] for p in parts if p[0].isupper()), "".join(p[0] for p in parts).upper()}
        for form in forms & bracketed if len(parts) > 1 else ():
            found.setdefault(form, set()).add(name)
    return found
