"""Wiring: from Settings to Parts. The only file that knows every adapter."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Any

from hippograph.budget import Budget, within
from hippograph.errors import SettingsError
from hippograph.ports import (
    Answerer,
    Critic,
    Embedder,
    Extractor,
    Generator,
    Here,
    Parts,
    Splitter,
    VectorIndexes,
    Verifier,
    Workers,
)
from hippograph.settings import Settings, WorkersSettings
from hippograph.shards import Recipe
from hippograph.upgrading import Upgrade, gaining_most

if TYPE_CHECKING:
    from hippograph.adapters.llm_extractor import LlmExtractor


def build_parts(settings: Settings) -> Parts:
    """The parts the settings name. Raises SettingsError for an unknown name, MissingExtra for a missing package."""
    from hippograph.adapters.clock import SystemClock

    embedder: Embedder = _choose("embedder", settings.models.embedder, EMBEDDERS, settings)
    splitter: Splitter = _choose("splitter", settings.models.splitter, SPLITTERS, settings, embedder)
    generator = build_generator(settings)
    extractor: Extractor = _choose("extractor", settings.models.extractor, EXTRACTORS, settings, generator)
    vectors: VectorIndexes = _choose("vectors", settings.models.vectors, VECTORS, settings)
    answerer: Answerer = _choose("answerer", settings.models.answerer, ANSWERERS, settings, generator)
    workers = build_workers(settings)
    return Parts(splitter, extractor, embedder, vectors, answerer, SystemClock(), generator, workers)


def build_generator(settings: Settings) -> Generator | None:
    """The language model the settings name; None where there is none. Raises SettingsError, MissingExtra."""
    generator: Generator | None = _choose("generator", settings.models.generator, GENERATORS, settings)
    return generator


def build_verifier(settings: Settings, embedder: Embedder, generator: Generator | None) -> Verifier:
    """Who holds claims against evidence. Raises SettingsError for an unknown name, or a model that is not set."""
    verifier: Verifier = _choose(
        "verifier", settings.models.verifier, VERIFIERS, settings, embedder, generator
    )
    return verifier


def build_critic(settings: Settings) -> Critic | None:
    """Who judges whether evidence suffices; None where nobody does. Raises SettingsError for an unknown name."""
    critic: Critic | None = _choose("critic", settings.answer.critic, CRITICS)
    return critic


def build_workers(settings: Settings) -> Workers:
    """Where shards of work run. Nothing is started before the first of them. Raises SettingsError."""
    workers: Workers = _choose("workers", settings.workers.kind, WORKERS, settings)
    return workers


def build_upgrade(
    settings: Settings,
    generator: Generator | None,
    budget_tokens: int | None = None,
    *,
    reread: bool = False,
    retry_refused: bool = False,
) -> Upgrade:
    """Reading by the language model, those passages first that gain most. Raises SettingsError where there is none."""
    if generator is None:
        raise SettingsError(
            "The grade llm needs a language model. Set models.generator, for example to 'openai', and its server and "
            "model in the section generator."
        )
    refuse_double_reading(settings)
    allowed = within(generator, Budget(tokens=budget_tokens))
    reader = build_reader(settings, allowed)
    chosen = gaining_most(
        reader.fingerprint, allowed.token_count, budget_tokens, reread=reread, retry_refused=retry_refused
    )
    return Upgrade(reader, chosen)


def build_reader(settings: Settings, generator: Generator) -> LlmExtractor:
    """The extractor by this language model, with the journal of the settings."""
    reader: LlmExtractor = _llm_extractor(settings, generator)
    return reader


def build_planner(settings: Settings) -> LlmExtractor:
    """The extractor by a language model as far as planning goes: nothing is asked, and the usual one needs no key."""
    from hippograph.adapters.llm_extractor import LlmExtractor, Unasked, kept_journal
    from hippograph.adapters.openai_generator.server import fingerprint_of

    generator: Generator | None = Unasked(settings.generator, fingerprint_of(settings.generator))
    if settings.models.generator not in ("openai", "none"):
        generator = build_generator(settings)
    assert generator is not None
    return LlmExtractor(generator, settings.extraction, kept_journal(settings.storage.replies))


def refuse_double_reading(settings: Settings) -> None:
    """Raises SettingsError where a language model reads every passage as it is."""
    if settings.models.extractor == "llm":
        raise SettingsError(
            "With models.extractor = 'llm' a model reads every passage anyway, and there is nothing to upgrade. Leave "
            "--grade llm out, or set models.extractor to 'rules'."
        )


def recipe(settings: Settings) -> Recipe:
    """How another process makes the parts of these settings that may leave this one.

    What runs there has no workers of its own, and no language model: whatever asks one stays here, and so does its key.
    """
    extractor = "rules" if settings.models.extractor == "llm" else settings.models.extractor
    without = {"generator": "none", "answerer": "extractive", "extractor": extractor}
    models = settings.models.model_copy(update=without)
    return Recipe(build_parts, settings.model_copy(update={"models": models, "workers": WorkersSettings()}))


def _sentence_transformers(settings: Settings) -> Any:
    from hippograph.adapters.sentence_transformers import SentenceTransformersEmbedder

    return SentenceTransformersEmbedder(settings.models.embedding_model, settings.models.device)


def _hashing(settings: Settings) -> Any:
    from hippograph.adapters.hashing_embedder import HashingEmbedder

    return HashingEmbedder()


def _llama_index(settings: Settings, embedder: Embedder) -> Any:
    from hippograph.adapters.llama_index_splitter import LlamaIndexSplitter

    sizes = settings.passage
    return LlamaIndexSplitter(sizes.max_tokens, sizes.overlap_tokens, embedder.token_count)


def _plain(settings: Settings, embedder: Embedder) -> Any:
    from hippograph.adapters.plain_splitter import PlainSplitter

    sizes = settings.passage
    return PlainSplitter(sizes.max_tokens, sizes.overlap_tokens, embedder.token_count)


def _rules(settings: Settings, generator: Generator | None) -> Any:
    from hippograph.adapters.rules import RuleExtractor

    return RuleExtractor(settings.extraction.max_sentence_characters)


def _llm_extractor(settings: Settings, generator: Generator | None) -> Any:
    from hippograph.adapters.llm_extractor import Journal, LlmExtractor

    if generator is None:
        raise SettingsError(
            "The extractor 'llm' needs a language model. Set models.generator, for example to 'openai', "
            "and its server and model in the section generator."
        )
    journal = Journal(settings.storage.replies)
    at_once = settings.generator.concurrency
    if settings.models.generator == "openai":
        # It holds the limit by itself, so that some passages can wait at its door while others are put together.
        at_once += at_once // 2
    return LlmExtractor(generator, settings.extraction, journal, at_once)


def _faiss(settings: Settings) -> Any:
    from hippograph.adapters.faiss_vectors import FaissVectorIndexes

    return FaissVectorIndexes(settings.models.device, settings.models.exact_vectors)


def _numpy(settings: Settings) -> Any:
    from hippograph.adapters.numpy_vectors import NumpyVectorIndexes

    return NumpyVectorIndexes()


def _extractive(settings: Settings, generator: Generator | None) -> Any:
    from hippograph.generation.extractive import ExtractiveAnswerer

    return ExtractiveAnswerer()


def _llm(settings: Settings, generator: Generator | None) -> Any:
    from hippograph.generation.model_answer import LlmAnswerer

    if generator is None:
        raise SettingsError(
            "The answerer 'llm' needs a language model. Set models.generator, for example to 'openai', "
            "and its server and model in the section generator."
        )
    return LlmAnswerer(generator, settings.answer.style)


def _rule_verifier(settings: Settings, embedder: Embedder, generator: Generator | None) -> Any:
    from hippograph.generation.claims import RuleVerifier

    return RuleVerifier(embedder)


def _llm_verifier(settings: Settings, embedder: Embedder, generator: Generator | None) -> Any:
    from hippograph.generation.claims import LlmVerifier

    if generator is None:
        raise SettingsError(
            "The verifier 'llm' needs a language model. Set models.generator, for example to 'openai', "
            "and its server and model in the section generator."
        )
    return LlmVerifier(generator)


def _heuristic_critic() -> Any:
    from hippograph.generation.critic import HeuristicCritic

    return HeuristicCritic()


def _no_critic() -> None:
    return None


def _openai(settings: Settings) -> Any:
    from hippograph.adapters.openai_generator import OpenAIGenerator

    return OpenAIGenerator(settings.generator)


def _no_generator(settings: Settings) -> None:
    return None


def _here(settings: Settings) -> Any:
    return Here()


def _threads(settings: Settings) -> Any:
    from hippograph.adapters.workers import ThreadWorkers

    return ThreadWorkers(worker_count(settings))


def _processes(settings: Settings) -> Any:
    from hippograph.adapters.process_workers import ProcessWorkers

    return ProcessWorkers(worker_count(settings), recipe(settings))


def _dask(settings: Settings) -> Any:
    from hippograph.adapters.dask_workers import DaskWorkers

    return DaskWorkers(settings.workers.address, worker_count(settings), recipe(settings))


def _ray(settings: Settings) -> Any:
    from hippograph.adapters.ray_workers import RayWorkers

    return RayWorkers(settings.workers.address, worker_count(settings), recipe(settings))


def worker_count(settings: Settings) -> int:
    """How many workers a machine gets: as many as asked for, else one a processor that this process may use."""
    if settings.workers.count is not None:
        return settings.workers.count
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


Factories = Mapping[str, Callable[..., Any]]

EMBEDDERS: Factories = {"sentence_transformers": _sentence_transformers, "hashing": _hashing}
SPLITTERS: Factories = {"llama_index": _llama_index, "plain": _plain}
EXTRACTORS: Factories = {"rules": _rules, "llm": _llm_extractor}
VECTORS: Factories = {"faiss": _faiss, "numpy": _numpy}
ANSWERERS: Factories = {"extractive": _extractive, "llm": _llm}
WORKERS: Factories = {
    "here": _here,
    "threads": _threads,
    "processes": _processes,
    "dask": _dask,
    "ray": _ray,
}
VERIFIERS: Factories = {"rules": _rule_verifier, "llm": _llm_verifier}
CRITICS: Factories = {"heuristic": _heuristic_critic, "none": _no_critic}
GENERATORS: Factories = {"openai": _openai, "none": _no_generator}


def _choose(kind: str, name: str, table: Factories, *arguments: Any) -> Any:
    """The part with that name; `module:Class` is imported and made without arguments."""
    if name in table:
        return table[name](*arguments)
    module, _, attribute = name.partition(":")
    if not attribute:
        known = ", ".join(sorted(table))
        raise SettingsError(f"The {kind} {name!r} is unknown. Known are {known}, or write module:Class.")
    try:
        make = getattr(import_module(module), attribute)
    except (ImportError, AttributeError, ValueError, TypeError) as error:
        raise SettingsError(f"The {kind} {name!r} cannot be imported: {error}.") from error
    try:
        return make()
    except TypeError as error:
        raise SettingsError(f"The {kind} {name!r} cannot be made without arguments: {error}.") from error
