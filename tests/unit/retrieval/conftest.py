"""Small worlds whose mentions are written by hand, and any documents in an index."""

from __future__ import annotations

from dataclasses import replace

import pytest

from hippograph.engine import Hippograph
from hippograph.types import Document, Extraction, Mention, MentionKind

RIVER = {
    "bridge": ("Iron Bridge", ["The Iron Bridge crosses the Tamm.", "Ada Quist designed it."]),
    "quist": ("Ada Quist", ["Ada Quist was born in Ribe.", "She also drew maps."]),
    "ribe": ("Ribe", ["Ribe is a town with a cathedral."]),
    "tamm": ("Tamm", ["The Tamm is a river."]),
    "cake": ("", ["Nobody here likes cake."]),
}
"""Title and sentences of five documents, each of one passage."""
NAMES = ("Iron Bridge", "Ada Quist", "Ribe", "Tamm", "maps")


class HandMade:
    """Mentions the title everywhere and each known name where it stands."""

    fingerprint = "hand-made:1"

    def __init__(self, names):
        self.names = names

    def extract(self, passages):
        for passage in passages:
            found = [Mention(passage.title, MentionKind.TITLE, 0)] if passage.title else []
            found += [
                Mention(name, MentionKind.NAME, place)
                for place, sentence in enumerate(passage.sentences)
                for name in self.names
                if name in sentence.text
            ]
            yield Extraction(passage.id, tuple(found), ())


@pytest.fixture
def build_index(tmp_path, settings, parts):
    """Index texts by id, each a title and its sentences, with hand-made mentions of some names."""
    opened = []

    def build(texts, names=NAMES, **retrieval):
        documents = [Document(id_, title, " ".join(lines)) for id_, (title, lines) in texts.items()]
        own = replace(parts, extractor=HandMade(names))
        chosen = settings.model_copy(update={"retrieval": settings.retrieval.model_copy(update=retrieval)})
        folder = tmp_path / f"world-{len(opened)}"
        opened.append(Hippograph.build(documents, folder, settings=chosen, parts=own))
        return opened[-1]

    yield build
    for memory in opened:
        memory.close()


@pytest.fixture
def river(build_index):
    """The five documents. Rows by id: bridge 0, cake 1, quist 2, ribe 3, tamm 4.

    Entities, behind room for 1,024 passages: ada quist 1024 (in 2 passages), iron bridge 1025 (1), maps 1026 (1),
    ribe 1027 (2), tamm 1028 (2). Sentences: 0 and 1 of the bridge, 2 of the cake, 3 and 4 of Quist, 5 of Ribe, 6 of
    the Tamm.
    """
    return build_index(RIVER)
