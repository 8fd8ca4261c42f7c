"""Answers with a planted falsehood: whether checking while writing removes it, and what it costs in true sentences.

A scripted model answers with true statements of one passage and, among them, one of them with an entity replaced
(`claim_pairs`), each under a citation of its source. Every other model corrects itself when it is asked once more; the
others insist. No language model is needed: what is measured are the loop, the evidence it finds and the verifier.
"""

from __future__ import annotations

import json
import random
import statistics
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from eval.claim_pairs import Pair, make_pairs, statements_of
from hippograph.adapters.scripted_generator import ScriptedGenerator
from hippograph.checked_answering import ask_checked
from hippograph.generation.model_answer import LlmAnswerer
from hippograph.ports import Verifier
from hippograph.prompts.fencing import as_data
from hippograph.types import Answer, ModelRequest, Passage, RefreshKind, Row
from hippograph.working_memory.log import log_records, read_log, replay

if TYPE_CHECKING:
    from hippograph import Hippograph

FEWEST, MOST = 2, 4
"""How many true sentences an answer has beside the planted one."""
PAIRS_AN_ANSWER = 6
"""How many pairs are drawn for each answer: not every passage states enough."""

Watch = Callable[[Sequence["Plan"], str], Iterable["Plan"]]


@dataclass(frozen=True, slots=True)
class Plan:
    """What the scripted model is going to write."""

    pair: Pair
    question: str
    sentences: tuple[str, ...]
    """The planted falsehood stands among them."""
    sources: tuple[str, ...]
    """The sentence of the document that each is cited to."""
    corrects_itself: bool

    def true(self) -> tuple[str, ...]:
        """The sentences that are not planted."""
        return tuple(each for each in self.sentences if each != self.pair.false)


@dataclass(frozen=True, slots=True)
class Rewritten:
    """What became of one answer."""

    plan: Plan
    kept: tuple[str, ...]
    was_written: bool
    """Whether the falsehood was written at all, before a bound was reached."""
    is_replayed: bool
    """Whether its log alone tells the same answer."""
    most_held: int
    model_calls: int
    milliseconds: float
    why_lost: Mapping[str, str]
    """Why each true sentence that is missing was removed."""

    def planted_is_gone(self) -> bool:
        """Whether the falsehood is not in the answer."""
        return self.plan.pair.false not in self.kept

    def lost(self) -> tuple[str, ...]:
        """The true sentences that are not in the answer."""
        return tuple(each for each in self.plan.true() if each not in self.kept)


class PlantedModel(ScriptedGenerator):
    """Writes its plan on from what is written so far, piece by piece, and knows which pieces were read."""

    def __init__(self, plan: Plan) -> None:
        super().__init__(lambda request: "", name="planted")
        self.plan = plan
        self.times_false = 0

    def stream(self, request: ModelRequest) -> Iterator[str]:
        """The sentences that are not written yet; what nobody reads on to is never said."""
        self.requests.append(request)
        lines = "\n".join(message.content for message in request.messages).splitlines()
        written = {
            line.removeprefix("written so far: ") for line in lines if line.startswith("written so far: ")
        }
        numbers = {
            line.partition("] ")[2]: line[1 : line.index("]")] for line in lines if line.startswith("[")
        }
        yield '{"in_documents": true, "sentences": ['
        is_first = True
        for sentence, source in zip(self.plan.sentences, self.plan.sources, strict=True):
            said = self._says(sentence)
            if as_data(said) in written or as_data(sentence) in written:
                continue
            if said == self.plan.pair.false:
                self.times_false += 1
            number = int(numbers.get(as_data(source), "1"))
            record = {"text": said, "cites": [number], "quotes": [], "certainty": 0.9}
            yield ("" if is_first else ", ") + json.dumps(record)
            is_first = False
        yield '], "short": "", "certainty": 0.9}'

    def _says(self, sentence: str) -> str:
        is_corrected = sentence == self.plan.pair.false and self.times_false and self.plan.corrects_itself
        return self.plan.pair.true if is_corrected else sentence


def measure_rewriting(
    name: str,
    memory: Hippograph,
    verifier: Verifier,
    answers: int,
    seed: int,
    watch: Watch = lambda plans, _: plans,
) -> dict[str, Any]:
    """The report of one run over so many answers."""
    plans = make_plans(memory, answers, seed)
    done = [rewrite(plan, memory, verifier) for plan in watch(plans, "answers")]
    return {"dataset": name, "verifier": verifier.name, "seed": seed, **summary(done)}


def make_plans(memory: Hippograph, answers: int, seed: int) -> list[Plan]:
    """So many plans, one a pair, in the order of the pairs; fewer where the corpus has no more."""
    index = memory.index
    passages = {p.id: p for row in range(index.passage_count) if (p := index.load_passage(Row(row)))}
    plans: list[Plan] = []
    for pair in make_pairs(index, answers * PAIRS_AN_ANSWER, seed):
        passage = passages[pair.id.rpartition("-")[0]]  # type: ignore[index]
        if len(plans) < answers and (plan := _plan(pair, passage, len(plans), seed)):
            plans.append(plan)
    return plans


def _plan(pair: Pair, passage: Passage, number: int, seed: int) -> Plan | None:
    chance = random.Random(f"{seed}-{pair.id}")
    stated = {statement: sentence for sentence, statement in statements_of(passage, chance)}
    source = stated.pop(pair.true, None)
    if source is None or len(stated) < FEWEST:
        return None
    chosen = chance.sample(sorted(stated), min(len(stated), chance.randint(FEWEST, MOST)))
    place = chance.randint(0, len(chosen))
    sentences = [*chosen[:place], pair.false, *chosen[place:]]
    sources = [source if each == pair.false else stated[each] for each in sentences]
    question = f"What do the documents say of {passage.title or chosen[0]}?"
    return Plan(pair, question, tuple(sentences), tuple(sources), corrects_itself=number % 2 == 0)


def rewrite(plan: Plan, memory: Hippograph, verifier: Verifier) -> Rewritten:
    """One answer, written and checked."""
    model = PlantedModel(plan)
    parts = replace(memory.parts, generator=model, answerer=LlmAnswerer(model))
    start = time.perf_counter()
    *_, answer = ask_checked(
        plan.question, memory.searching, parts, memory.settings, lambda generator: verifier
    )
    spent = (time.perf_counter() - start) * 1000
    assert isinstance(answer, Answer)
    told = replay(read_log(log_records(answer.trace.refreshes)), memory.settings.working_memory.capacity)
    kept = tuple(each.text for each in answer.sentences)
    why: dict[str, str] = {}
    for line in answer.trace.refreshes:
        if line.kind is RefreshKind.REMOVED and line.sentence:
            why.setdefault(line.sentence.text, line.why)
    lost = [each for each in plan.true() if each not in kept]
    return Rewritten(
        plan,
        kept,
        was_written=model.times_false > 0,
        is_replayed=told.sentences == answer.sentences and (not kept or told.text() == answer.text),
        most_held=most_held(answer),
        model_calls=len(model.requests),
        milliseconds=spent,
        why_lost={each: why.get(each, "never written") for each in lost},
    )


def most_held(answer: Answer) -> int:
    """The most units that were held at once."""
    held, most = set[str](), 0
    for line in answer.trace.refreshes:
        if line.unit and line.kind is RefreshKind.ADMITTED:
            held.add(line.unit.id)
        elif line.unit and line.kind is RefreshKind.EVICTED:
            held.discard(line.unit.id)
        most = max(most, len(held))
    return most


def summary(done: Sequence[Rewritten]) -> dict[str, Any]:
    """Shares and costs."""
    planted = [each for each in done if each.was_written]
    true = sum(len(each.plan.true()) for each in done)
    lost = sum(len(each.lost()) for each in done)
    correcting = [each for each in planted if each.plan.corrects_itself]
    return {
        "answers": len(done),
        "planted_written": len(planted),
        "planted_removed": _share(sum(each.planted_is_gone() for each in planted), len(planted)),
        "true_sentences": true,
        "true_lost": _share(lost, true),
        "corrected": _share(sum(each.plan.pair.true in each.kept for each in correcting), len(correcting)),
        "replayed": _share(sum(each.is_replayed for each in done), len(done)),
        "most_units_held": max((each.most_held for each in done), default=0),
        "model_calls_mean": round(statistics.mean(each.model_calls for each in done), 2) if done else None,
        "answer_ms_p50": round(statistics.median(each.milliseconds for each in done), 1) if done else None,
        "per_answer": [_row(each) for each in done],
    }


def _row(each: Rewritten) -> dict[str, Any]:
    return {
        "id": each.plan.pair.id,
        "planted_removed": int(each.planted_is_gone()),
        "true_lost": len(each.lost()),
        "details": {
            "false": each.plan.pair.false,
            "replaced": each.plan.pair.replaced,
            "lost": each.why_lost,
        },
    }


def _share(part: int, whole: int) -> float | None:
    return round(part / whole, 4) if whole else None
