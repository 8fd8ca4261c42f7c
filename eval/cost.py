"""What a language model costs: prompt tokens of each way to read passages and to answer questions.

Nothing is sent. Prompts are made as they would be, from the data set's own texts, and counted. Beside them stands what
is known of HippoRAG: two calls a passage, by its prompts 1,000 to 3,000 tokens together, and for a question one call
for recognition and one for reading (arXiv 2405.14831 and 2502.14802).
"""

from __future__ import annotations

import importlib.util
import json
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from eval.datasets import Dataset, open_dataset
from eval.extraction import EXTRACTIONS
from hippograph.adapters.llm_extractor.asking import whole
from hippograph.adapters.llm_extractor.steps import NOTHING, Step, StepName, Types
from hippograph.adapters.openai_generator.tokens import count_tokens
from hippograph.adapters.scripted_generator import ScriptedGenerator
from hippograph.generation.decompose import decompose
from hippograph.generation.ircot import ircot
from hippograph.generation.model_answer import LlmAnswerer
from hippograph.retrieval.hipporag_methods import entities_request
from hippograph.retrieval.recognition import recognition_request
from hippograph.text.passages import make_passages
from hippograph.text.readings import Reading, read_reading
from hippograph.types import Document, Evidence, Message, ModelRequest, Passage, RankedPassage, Row

Count = Callable[[str], int]

MESSAGE_TOKENS = 4
"""What a message takes beside its text: its role and its marks."""
FACTS = 5
"""Candidate facts that recognition is shown (HippoRAG 2: linking_top_k)."""
PASSAGES = 5
"""Passages that a reader is shown (HippoRAG 2: qa_top_k)."""
TOGETHER = 8
PUBLISHED = {
    "two calls": "HippoRAG: 2, 1-3 k",
    "entity linking": "HippoRAG: 1",
    "recognition": "HippoRAG 2: 1",
    "a thought of ircot": "IRCoT: 2 to 4",
    "answer": "HippoRAG 2: 1",
}


def measure_cost(folder: Path) -> dict[str, Any]:
    """Prompt tokens for each passage and question of a data set, by variant; replies where they were recorded."""
    dataset = open_dataset(folder)
    passages = [passage for document in dataset.documents for passage in _passages(document)]
    recorded = _recorded(folder / EXTRACTIONS)
    known = [recorded.get(passage.document, NOTHING) for passage in passages]
    count, name = token_counter()
    reading = list(_reading_rows(passages, known, count, bool(recorded)))
    two = next(row["prompt_tokens"] for row in reading if row["variant"] == "two calls")
    for row in reading:
        row["of_two_calls"] = round(row["prompt_tokens"] / two, 3)
    return {
        "dataset": dataset.name,
        "passages": len(passages),
        "questions": len(dataset.questions),
        "counted_by": name,
        "text_tokens": _mean([count(passage.embedding_text()) for passage in passages]),
        "per_passage": reading,
        "per_question": list(_question_rows(dataset, passages, known, count)),
    }


def token_counter() -> tuple[Count, str]:
    """The tokenizer of current OpenAI models, from files that are installed, else an estimate; and its name."""
    spec = importlib.util.find_spec("llama_index.core") if importlib.util.find_spec("llama_index") else None
    for place in (spec.submodule_search_locations or []) if spec else []:
        folder = Path(place) / "_static" / "tiktoken_cache"
        if folder.is_dir() and importlib.util.find_spec("tiktoken"):
            os.environ.setdefault("TIKTOKEN_CACHE_DIR", str(folder))
            import tiktoken

            encode = tiktoken.get_encoding("o200k_base").encode_ordinary
            return partial(_length, encode), "o200k_base"
    return count_tokens, "estimate"


def _length(encode: Callable[[str], list[int]], text: str) -> int:
    return len(encode(text))


def _reading_rows(
    passages: Sequence[Passage], known: Sequence[Reading], count: Count, has_replies: bool
) -> Iterator[dict[str, Any]]:
    """One row a way of reading: how often the model is called for a passage, and what that takes."""
    for name, steps in (
        ("two calls", (StepName.ENTITIES, StepName.FACTS)),
        ("one call", (StepName.BOTH,)),
        ("a round of gleaning", (StepName.MISSED,)),
    ):
        for together in (1, TOGETHER):
            made = [Step(step, Types()) for step in steps]
            total = sum(_prompt_tokens(step, passages, known, together, count) for step in made)
            replies = [_reply_tokens(reading, count) for reading in known]
            has_own_replies = has_replies and StepName.MISSED not in steps
            yield {
                "variant": name if together == 1 else f"{name} for {together} passages",
                "calls": round(len(steps) / together, 3),
                "prompt_tokens": round(total / len(passages), 1),
                "reply_tokens": _mean(replies) if has_own_replies else None,
                "published": PUBLISHED.get(name) if together == 1 else None,
            }


def _prompt_tokens(
    step: Step, passages: Sequence[Passage], known: Sequence[Reading], together: int, count: Count
) -> int:
    is_told = step.name in (StepName.FACTS, StepName.MISSED)
    pieces = [
        whole(passage, reading if is_told else NOTHING)
        for passage, reading in zip(passages, known, strict=True)
    ]
    packs = [pieces[start : start + together] for start in range(0, len(pieces), together)]
    return sum(_tokens(step.messages(pack), count) for pack in packs)


def _question_rows(
    dataset: Dataset, passages: Sequence[Passage], known: Sequence[Reading], count: Count
) -> Iterator[dict[str, Any]]:
    """One row a kind of call: linking, recognition over five facts, reasoning and reading over five passages, parts."""
    facts = [" ".join(fact) for reading in known for fact in reading.facts]
    of_gold = {passage.document: place for place, passage in enumerate(passages)}
    kinds = ("entity linking", "recognition", "a thought of ircot", "answer", "decomposition")
    sums: dict[str, list[int]] = {kind: [] for kind in kinds}
    for number, question in enumerate(dataset.questions):
        gold = [of_gold[document] for document in question.gold if document in of_gold]
        others = range(number, len(passages))
        shown = [passages[place] for place in list(dict.fromkeys([*gold, *others]))[:PASSAGES]]
        if facts:
            start = number * FACTS % len(facts)
            request = recognition_request(question.text, facts[start : start + FACTS])
            sums["recognition"].append(_tokens(request.messages, count))
        sums["entity linking"].append(_tokens(entities_request(question.text).messages, count))
        sums["a thought of ircot"].append(_asked(partial(_thought, question.text, shown), count))
        sums["answer"].append(_asked(partial(_answer, question.text, shown), count))
        sums["decomposition"].append(_asked(partial(decompose, question.text), count))
    for name, tokens in sums.items():
        if tokens:
            yield {
                "step": name,
                "calls": 1,
                "prompt_tokens": _mean(tokens),
                "published": PUBLISHED.get(name),
            }


def _ranked(shown: Sequence[Passage]) -> list[RankedPassage]:
    return [
        RankedPassage(rank, Row(rank), passage, 1.0, 1, "", None)
        for rank, passage in enumerate(shown, start=1)
    ]


def _thought(question: str, shown: Sequence[Passage], model: ScriptedGenerator) -> None:
    ircot(question, lambda query: _ranked(shown), model, max_hops=2)


def _answer(question: str, shown: Sequence[Passage], model: ScriptedGenerator) -> None:
    evidence = [
        Evidence(found, np.zeros((len(found.passage.sentences), 1), dtype=np.float32), (), ())
        for found in _ranked(shown)
    ]
    LlmAnswerer(model).answer(question, np.zeros(1, dtype=np.float32), evidence)


def _asked(ask: Callable[[ScriptedGenerator], object], count: Count) -> int:
    """The prompt tokens of whatever is asked of a model that knows nothing."""
    requests: list[ModelRequest] = []

    def remember(request: ModelRequest) -> str:
        requests.append(request)
        return "{}"

    ask(ScriptedGenerator(remember, context_tokens=1_000_000))
    return sum(_tokens(request.messages, count) for request in requests)


def _tokens(messages: Sequence[Message], count: Count) -> int:
    return sum(count(message.content) + MESSAGE_TOKENS for message in messages)


def _reply_tokens(reading: Reading, count: Count) -> int:
    return count(json.dumps([reading.names, reading.facts], ensure_ascii=False))


def _recorded(path: Path) -> Mapping[str, Reading]:
    """What a model found in each document, where that is known."""
    if not path.is_file():
        return {}
    rows = (json.loads(line) for line in path.read_text(encoding="utf-8").split("\n") if line.strip())
    return {row["id"]: read_reading(row.get("entities"), row.get("triples")) for row in rows}


def _passages(document: Document) -> list[Passage]:
    """A document as one passage, as the published figures have it."""
    return make_passages(document, [(0, len(document.text))], [""]) if document.text.strip() else []


def _mean(values: Sequence[int]) -> float:
    return round(sum(values) / len(values), 1) if values else 0.0
