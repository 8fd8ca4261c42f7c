"""An answer that is checked while it is written, and memories that close one another; no key and no network.

    python examples/checked_answer.py

A scripted model errs on purpose: it says that Luigi Menabrea was born in Turin.
"""

from __future__ import annotations

import re
import tempfile
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from hippograph import Hippograph, toy
from hippograph.adapters.scripted_generator import ScriptedGenerator
from hippograph.generation.model_answer import LlmAnswerer
from hippograph.settings import Settings
from hippograph.types import ModelRequest
from hippograph.wiring import build_parts
from hippograph.working_memory.log import replay

QUESTION = "Who was Luigi Menabrea?"
FALSE = "Luigi Menabrea was born in Turin in 1809."
TRUE = "Luigi Menabrea was born in Chambéry in 1809."
OFFICE = "From 1867 to 1869 Luigi Menabrea was prime minister of Italy."


class ErringModel:
    """Says what is false once, and what is true when it is asked again."""

    def __init__(self) -> None:
        self.has_erred = False

    def __call__(self, request: ModelRequest) -> dict[str, object]:
        """The sentences that are not written yet, each citing a line that it was shown."""
        prompt = request.messages[-1].content
        birth, self.has_erred = (TRUE if self.has_erred else FALSE), True
        found = {"born in": birth, "prime minister": OFFICE}
        sentences = []
        for words, sentence in found.items():
            line = re.search(rf"^\[(\d+)\] .*{words}", prompt, re.MULTILINE)
            if line and f"written so far: {sentence}" not in prompt:
                cites = [int(line[1])]
                sentences.append({"text": sentence, "cites": cites, "quotes": [], "certainty": 0.9})
        return {"in_documents": bool(sentences), "sentences": sentences, "short": "", "certainty": 0.9}


def main() -> None:
    """Ask, show the refresh log, tell the answer again from it; then remember, replace and forget."""
    plain = {"splitter": "plain", "embedder": "hashing", "vectors": "numpy"}
    settings = Settings(models=plain)
    model = ScriptedGenerator(ErringModel())
    parts = replace(build_parts(settings), generator=model, answerer=LlmAnswerer(model))
    with (
        tempfile.TemporaryDirectory() as folder,
        Hippograph.build(toy.documents(), Path(folder) / "index", settings=settings, parts=parts) as memory,
    ):
        answer = memory.ask(QUESTION, working_memory=True)
        print(answer.text)
        for line in answer.trace.refreshes:
            if line.sentence:
                print(f"  {line.step}  {line.kind:<9}  {line.sentence.text}  ({line.why})")
        print("told again from its log:", replay(answer.trace.refreshes).text() == answer.text)

        january, march = (datetime(2026, month, 1, tzinfo=UTC) for month in (1, 3))
        memory.remember("I live in Ribe.", source="chat", speaker="Ada Quist", at=january)
        moved = memory.remember("I moved to Hull.", source="chat", speaker="Ada Quist", at=march)
        print(f"{moved.operation}: {moved.closed[0].text} held until {moved.closed[0].valid_to:%B %Y}")
        print("in February:", [each.text for each in memory.memories(at=datetime(2026, 2, 1, tzinfo=UTC))])


if __name__ == "__main__":
    main()
