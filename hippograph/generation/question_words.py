"""English nouns that tell what kind of answer a question asks for."""

from __future__ import annotations


def _nouns(listed: str) -> frozenset[str]:
    return frozenset(listed.split())


DATE_HEADS = _nouns(
    """
    year date day month decade century season time era birthday birthdate weekday
    """
)
"""Nouns that ask for a time."""

NUMBER_HEADS = _nouns(
    """
    number population percentage percent amount price cost age height length weight distance score total
    share width depth size salary area temperature duration quantity rate sum capacity elevation
    altitude speed output
    """
)
"""Nouns that ask for a number."""

PLACE_HEADS = _nouns(
    """
    city town village country nation state province county region district island continent river lake
    mountain sea ocean place location street capital municipality territory borough suburb neighborhood
    neighbourhood prefecture port valley hometown birthplace venue stadium bay peninsula harbour harbor
    """
)
"""Nouns that ask for a place."""

PERSON_HEADS = _nouns(
    """
    person man woman people king queen prince princess emperor actress wife husband mother father son
    daughter brother sister spouse child parent grandfather grandmother uncle aunt cousin president
    minister mayor general captain pope saint bishop poet chef coach star friend character figure
    monarch duke earl boss host heir athlete champion
    """
)
"""Nouns that ask for a person and do not end like an agent."""

NAME_HEADS = _nouns(
    """
    band group company film movie album song single book novel series show magazine newspaper team club
    label school university college game war battle party organization organisation airline brand studio
    network channel station award medal church ship aircraft museum franchise restaurant league
    institution tribe festival programme program episode orchestra airport hotel theatre theater play
    opera
    """
)
"""Nouns that ask for a name of another sort."""

EMPTY_HEADS = _nouns(
    """
    name title kind type sort identity full first last real other part
    """
)
"""Nouns that stand for the one after their of-phrase."""

NOT_AGENTS = _nouns(
    """
    number river order chapter member letter water weather winter summer tower paper power matter colour
    color flower career computer character center monster quarter
    """
)
"""Words that end like an agent and are none."""

ADJECTIVE_HEADS = _nouns(
    """
    nationality citizenship language ethnicity
    """
)
"""Nouns that ask for an adjective of a country."""

COMMON_NOUN_HEADS = _nouns(
    """
    profession occupation job career genre position role cause instrument sport colour color material
    kind subject field topic industry ingredient purpose activity skill disease animal plant food drink
    dish species device tool
    """
)
"""Nouns that ask for a word in lower case."""
