"""Planning: what extraction would take, in calls, tokens and money, before anything is spent."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from hippograph.adapters.llm_extractor.asking import Refusal, whole
from hippograph.adapters.llm_extractor.extractor import LlmExtractor
from hippograph.adapters.llm_extractor.steps import ENTRY_TOKENS, NOTHING, Piece, Step, StepName
from hippograph.adapters.openai_generator.tokens import count_tokens
from hippograph.errors import GenerationError, ModelRefused
from hippograph.settings import ExtractionSettings, GeneratorSettings
from hippograph.types import ModelReply, ModelRequest, Passage, Usage

MILLION = 1_000_000
BATCH_DISCOUNT = 0.5
"""What OpenAI takes for a batch, as a share of the usual price."""


@dataclass(frozen=True, slots=True)
class PlannedStep:
    """One kind of call. Tokens are estimates."""

    name: str
    passages: int
    calls: int
    prompt_tokens: int
    completion_tokens: int
    cost: float


@dataclass(frozen=True, slots=True)
class Plan:
    """What reading some passages takes at most."""

    passages: int
    steps: tuple[PlannedStep, ...]
    read: int
    """Passages of which everything is in the journal: they cost nothing."""
    unfit: int
    """Passages with a sentence that does not fit the model's window: they will be refused."""
    currency: str

    @property
    def total(self) -> PlannedStep:
        """All steps together."""
        return PlannedStep(
            "all",
            self.passages,
            sum(step.calls for step in self.steps),
            sum(step.prompt_tokens for step in self.steps),
            sum(step.completion_tokens for step in self.steps),
            round(sum(step.cost for step in self.steps), 6),
        )


def plan_extraction(
    passages: Sequence[Passage],
    generator: GeneratorSettings,
    extraction: ExtractionSettings,
    extractor: LlmExtractor | None = None,
    batch: bool = False,
) -> Plan:
    """What it takes to read the passages. Nothing is sent, and no key is needed.

    With the extractor that is to do the work, what its journal holds is taken off. Every round of gleaning is counted
    for every passage, although it ends early where nothing is missing; replies that have to be asked for again are
    not foreseen.
    """
    reader = extractor or LlmExtractor(Unasked(generator), extraction)
    steps = list(dict.fromkeys(reader.steps))
    pieces, read, unfit = _missing(passages, reader)
    share = BATCH_DISCOUNT if batch else 1.0
    planned = tuple(_planned(reader, step, pieces.get(step.name, []), generator, share) for step in steps)
    return Plan(len(passages), planned, read, unfit, generator.currency)


class Unasked:
    """Stands in for a model where nothing is asked: it counts tokens.

    With the model's fingerprint it is known what that one has read already.
    """

    name = "unasked"
    fingerprint = "unasked:1"

    def __init__(self, settings: GeneratorSettings, fingerprint: str = "") -> None:
        self.context_tokens = settings.context_tokens
        self.fingerprint = fingerprint or type(self).fingerprint

    def generate(self, request: ModelRequest) -> ModelReply:
        """Raises ModelRefused: there is no model."""
        raise ModelRefused("A plan asks no model.")

    def generate_many(self, requests: Iterable[ModelRequest]) -> Iterator[ModelReply | GenerationError]:
        """A refusal for each."""
        return (ModelRefused("A plan asks no model.") for _ in requests)

    def stream(self, request: ModelRequest) -> Iterator[str]:
        """Raises ModelRefused."""
        raise ModelRefused("A plan asks no model.")

    def token_count(self, text: str) -> int:
        """By the shape of the text's characters."""
        return count_tokens(text)

    def usage(self) -> Mapping[str, Usage]:
        """Nothing."""
        return {}


def _missing(
    passages: Sequence[Passage], reader: LlmExtractor
) -> tuple[dict[StepName, list[Piece]], int, int]:
    """The pieces each step has yet to read, how many passages are read already, and how many never will be."""
    pieces: dict[StepName, list[Piece]] = {}
    read = unfit = 0
    names = [step.name for step in reader.steps]
    for passage in passages:
        question = reader.next_question(passage)
        if question is None:
            fits = not isinstance(reader.asker.parts(reader.steps[0], whole(passage)), Refusal)
            read += fits
            unfit += not fits
            continue
        step, missing = question
        pieces.setdefault(step.name, []).extend(missing)
        for later in names[names.index(step.name) + 1 :]:
            pieces.setdefault(later, []).append(whole(passage))
    return pieces, read, unfit


def _planned(
    reader: LlmExtractor, step: Step, pieces: Sequence[Piece], prices: GeneratorSettings, share: float
) -> PlannedStep:
    asker = reader.asker
    calls = prompt = completion = 0
    bare = [replace(piece, known=NOTHING) for piece in pieces]
    for pack in asker.packs(step, bare):
        calls += 1
        prompt += asker.prompt_tokens(step, pack) + sum(_known_tokens(reader, step, piece) for piece in pack)
        completion += asker.reply_tokens(step, pack)
    cost = share * (prompt * prices.prompt_price + completion * prices.completion_price) / MILLION
    passages = len({piece.passage.id for piece in pieces})
    return PlannedStep(step.name.value, passages, calls, prompt, completion, round(cost, 6))


def _known_tokens(reader: LlmExtractor, step: Step, piece: Piece) -> int:
    """What earlier steps will have found and this one is told: as long as their replies."""
    before = {StepName.FACTS: StepName.ENTITIES, StepName.MISSED: StepName.BOTH}.get(step.name)
    if before is None:
        return 0
    tokens = reader.asker.generator.token_count(piece.text)
    return reader.every_step[before].expected_reply_tokens(tokens) - ENTRY_TOKENS
