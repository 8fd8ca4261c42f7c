"""Sentences that are not English: which they are, and what can be named in scripts without capitals."""

from __future__ import annotations

import re
from collections.abc import Sequence

from hippograph.adapters.rules.items import Item, ItemKind, word_set
from hippograph.adapters.rules.proper import Lexicon

# Han: runs between the most frequent function characters; kana end a run as well.
_HAN = re.compile(r"[\u3400-\u9fff\uf900-\ufaff]+")
_HAN_FUNCTION = re.compile(
    r"[的了在是和与及对被把从到为于以之其这那有也都就而或并但则由等个们很吗呢吧我你他她它不]"
)
_KATAKANA = re.compile(r"[\u30a1-\u30ff]{3,}")
# Words of scripts without capitals that are written with spaces: Hebrew, Arabic, the scripts of India,
# Ethiopic ...
_CASELESS = re.compile(r"[\u0590-\u08ff\u0900-\u0963\u0966-\u0dff\u1200-\u137f\uac00-\ud7af]{4,}")
_CASELESS_FUNCTION = word_set(
    """الذي التي هذا هذه ذلك كانت يكون على إلى عليه اللذين أيضا حيث بعد قبل यहाँ लेकिन क्योंकि इसके उसके
    उनके अपने किया गया होता करने"""
)
_LONGEST_RUN = 8


def is_english(items: Sequence[Item], lexicon: Lexicon) -> bool:
    """Whether the grammar rules apply: at least a third of the plain words are in the English word list."""
    plain = [item.lower for item in items if item.kind is ItemKind.WORD and item.text[:1].isalpha()]
    if not plain:
        return True
    return sum(word in lexicon for word in plain) * 3 >= len(plain)


def foreign_mentions(text: str) -> list[str]:
    """Runs of letters that may name something, in scripts without capitals, in order."""
    found = [
        run for han in _HAN.findall(text) for run in _HAN_FUNCTION.split(han) if 1 < len(run) <= _LONGEST_RUN
    ]
    found += _KATAKANA.findall(text)
    found += [word for word in _CASELESS.findall(text) if word not in _CASELESS_FUNCTION]
    return list(dict.fromkeys(found))
