"""Settings: one frozen tree of knobs, read here and nowhere else.

Sources, later ones winning: the defaults below, `hippograph.toml` in the working folder (or the file named by
HIPPOGRAPH_CONFIG), environment variables such as HIPPOGRAPH_RETRIEVAL__DAMPING, and arguments.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, field_validator
from pydantic_settings import (
    BaseSettings,
    InitSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)
from pydantic_settings import SettingsError as UnreadableSource

from hippograph.errors import SettingsError
from hippograph.types import content_id

CONFIG = "HIPPOGRAPH_CONFIG"


def _file() -> Path:
    return Path(os.environ.get(CONFIG, "hippograph.toml"))


def user_cache() -> Path:
    """Where copies are kept that can be made again: under $XDG_CACHE_HOME, or ~/.cache where that is not set."""
    return Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser() / "hippograph"


class Section(BaseModel):
    """A group of knobs that travel together."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class PassageSettings(Section):
    """How documents are cut."""

    max_tokens: int = Field(200, ge=16, le=8192)
    """The longest passage, in tokens of the embedder. A shorter document is one passage."""
    overlap_tokens: int = Field(0, ge=0)
    """How much of a passage the next one repeats. Zero keeps every sentence in one passage."""


class ExtractionSettings(Section):
    """How facts are found."""

    max_sentence_characters: int = Field(2000, ge=100)
    """A longer sentence is read only this far, so that a table dump cannot stall the extractor."""
    variant: Literal["two-call", "one-call"] = "two-call"
    """How a language model is asked: for entities and then for facts among them, or for both at once."""
    passages_per_call: int = Field(1, ge=1, le=64)
    """How many passages one call may hold, where the model's window has room for them."""
    gleanings: int = Field(0, ge=0, le=5)
    """How often a model is asked what it missed; it stops early when it missed nothing."""
    entity_types: tuple[str, ...] = ()
    """The types of things a model is to find, such as person and place. Empty: anything that has a name."""
    relation_types: tuple[str, ...] = ()
    """The only relations a model's facts may have. Empty: any, in the words of the passage."""


class GraphSettings(Section):
    """What becomes an edge, and how heavy it is."""

    mention_weight: float = Field(1.0, ge=0)
    """Passage to entity, once for each entity the passage names."""
    sentence_weight: float = Field(0.3, ge=0)
    """Entity to entity, for each sentence that names both."""
    fact_weight: float = Field(0.0, ge=0)
    """Subject to object, for each fact that rules found, times its confidence."""
    model_fact_weight: float = Field(1.0, ge=0)
    """The same for each fact that a language model read, or that was imported."""
    synonymy_threshold: float = Field(0.8, gt=0, le=1)
    """Two entities are joined when the cosine of their names is at least this."""
    synonymy_weight: float = Field(0.3, ge=0)
    """Entity to entity, times the cosine."""


class RetrievalSettings(Section):
    """How a question is searched."""

    method: str = "hippograph"
    damping: float = Field(0.5, gt=0, lt=1)
    """The chance of walking on; the walk restarts with the chance that is left."""
    seed_sentences: int = Field(3, ge=0)
    """How many of the sentences nearest the question give entity seeds."""
    seed_entities: int = Field(5, ge=0)
    """How many entity seeds are kept."""
    seed_passages: int = Field(20, ge=0)
    """How many passages the walk restarts at: a short, sharp list."""
    candidates: int = Field(30, ge=1)
    """How deep each ranking reaches into the pool that is ordered."""
    answer_passages: int = Field(12, ge=1)
    """How many passages an answer may draw on."""
    compat: Literal["none", "upstream"] = "upstream"
    """Which graph hipporag1 and hipporag2 walk over: that of the authors' code with its doubled edges, or ours."""
    units: Literal["passages", "facts", "atomic", "summaries", "mixed"] = "mixed"
    """What the method structural looks among: passages, facts, single sentences, summaries of documents, or all."""
    unit_search: Literal["single", "reranked", "iterative"] = "single"
    """How it looks: once; once and then in a better order; or again for what was found first."""
    answer_from: Literal["passages", "units"] = "passages"
    """What an answer after a structural search reads: whole passages, or only the sentences of the units found."""
    passages_per_document: int = Field(2, ge=1)
    """How many of them may come from one document: a long one would crowd out the second hop."""


class AnswerSettings(Section):
    """How an answer is looked for and written where a language model helps, and what it may take."""

    loop: str = "none"
    """How the search goes on from what it found: none, decompose, ircot or refine."""
    max_hops: int = Field(4, ge=1)
    """How many searches one answer may take; the question's own is the first."""
    max_model_calls: int = Field(8, ge=0)
    """How many model calls one answer may take; the last is kept for the answer itself."""
    deadline_seconds: float = Field(120, gt=0)
    """No call is begun later than this after the question."""
    critic: str = "none"
    """Who judges whether the evidence suffices, and whether to search on or abstain: none, or heuristic, or
    `module:Class`. One that searches on does so `max_hops` - 1 times at most."""
    style: Literal["brief", "full"] = "brief"
    """brief: a sentence or two. full: everything the documents found say of it."""


class CheckSettings(Section):
    """How a text is checked, claim by claim."""

    passages: int = Field(10, ge=1)
    """How many passages that answer to a claim are read."""
    name_passages: int = Field(6, ge=1)
    """How many more are read because they hold its names."""
    most_claims: int = Field(500, ge=1)
    """A text with more claims is checked this far, and the report says so."""
    most_characters: int = Field(200_000, ge=100)
    """A longer text is read this far, and the report says so."""
    most_failures: int = Field(3, ge=1)
    """After so many failures in a row the verifier is not asked again."""


class WorkingMemorySettings(Section):
    """What is held while an answer is written, and how the answer is checked sentence by sentence (EWE).

    Off unless enabled: then nothing is searched again and nothing is checked.
    """

    enabled: bool = False
    unit_tokens: int = Field(128, ge=16, le=2048)
    """The longest unit, in tokens of the model, or of the embedder where there is none."""
    capacity: int = Field(20, ge=1, le=200)
    """How many units are held at once."""
    eviction: Literal["fifo", "relevance"] = "fifo"
    """Who makes room: the unit that is there longest, or the one least like the question."""
    form: Literal["units", "consolidated"] = "units"
    """consolidated: single sentences, and never more than `state_tokens` of them, however much was read."""
    state_tokens: int = Field(1024, ge=64)
    """How much a consolidated memory holds."""
    search_every: int = Field(1, ge=0)
    """After how many sentences the index is searched again; 0 for never."""
    check_every: int = Field(1, ge=0)
    """After how many sentences what was written is checked; 0 for never. EWE's baseline is 8."""
    trigger: Literal["interval", "low_confidence"] = "interval"
    """low_confidence: search and check only after a sentence whose confidence is below `low_confidence`."""
    low_confidence: float = Field(0.6, ge=0, le=1)
    refresh_units: int = Field(4, ge=1)
    """How many units one search may bring in."""
    most_rewrites: int = Field(1, ge=0, le=5)
    """How often one sentence is written anew."""
    unsupported: Literal["remove", "keep"] = "remove"
    """What becomes of a sentence that is still unsupported then. EWE keeps it."""
    most_sentences: int = Field(12, ge=1, le=100)
    """How long an answer may become."""
    most_removed: int = Field(6, ge=1)
    """After so many removed sentences the answer ends with what was borne out."""
    most_model_calls: int = Field(40, ge=1)
    """How many model calls such an answer may take, in place of answer.max_model_calls."""
    fold_uncited: bool = False
    """Fold what was found for a finished sentence and is not cited by it to its nearest sentence (HiAgent)."""


class RememberingSettings(Section):
    """What agents and chats hand over with `remember`. Nothing of it costs anything until something is remembered."""

    decided_by: Literal["rules", "model"] = "rules"
    """Who decides whether a new text repeats, replaces or ends what is remembered."""
    functional: tuple[str, ...] = ()
    """Relations with one object at a time, such as "drives" or "prefers", beside those that the rules know."""
    retention: bool = False
    """Whether memories fade: R = exp(-t / S) multiplies what they stand above the last candidate of a search."""
    days: float = Field(30.0, gt=0)
    """In how many days a memory that was never recalled falls to 1/e. MemoryBank's formula has 1."""
    forget_below: float = Field(0.01, ge=0, lt=1)
    """A memory of which less is left is not found any more; it stays in the index, and can be listed."""
    thoughts: bool = False
    """Whether an answer's sentences are remembered as derived thoughts, which lead to what they rest on."""

    def is_living(self) -> bool:
        """Whether searches have to look at memories at all."""
        return self.retention or self.thoughts


class TimeSettings(Section):
    """What was true when: which statements end which, and what a question as of a moment sees."""

    newest_wins: bool = False
    """Whether plain questions, too, are answered by what the newest statements say, where statements answer them.
    Questions about changes, and those as of a moment, always are."""
    functional: tuple[str, ...] = ()
    """Relations with one object at a time, such as "chief executive", beside those that are learned; "*" for all."""
    not_functional: tuple[str, ...] = ()
    """Relations that may have several, whatever was learned."""
    functional_share: float = Field(0.95, gt=0, le=1)
    """A relation is learned to be functional where at least this share of its subjects has one object at a time..."""
    functional_subjects: int = Field(5, ge=1)
    """... and at least so many subjects have it."""
    serials: bool = False
    """Whether numbered list items are in order of time: where moments do not tell, the larger number is the newer."""
    undated: Literal["leave out", "keep"] = "leave out"
    """Whether a question as of a moment sees documents that nobody knows the date of."""


class TimelineSettings(Section):
    """How what was found is set in order of time, and what each memory is to the next (THEANINE).

    Off unless enabled, or asked for with a question: then no memory is compared with another.
    """

    enabled: bool = False
    """Whether every answer carries the timelines behind it, and is looked for by the method `timeline`."""
    candidates: int = Field(3, ge=1, le=20)
    """With how many older memories, those most like it, each memory is compared."""
    retrieved: int = Field(3, ge=1, le=20)
    """Through how many of the passages found timelines are told."""
    samples: int = Field(1, ge=1, le=20)
    """How many timelines are told through each."""
    most_memories: int = Field(40, ge=1, le=400)
    """How many memories are looked at for one question."""
    longest: int = Field(12, ge=1, le=100)
    """How many memories one timeline holds at most."""
    seed: int = 0
    """What decides which of several timelines is told."""
    link: Literal["rules", "model"] = "rules"
    """Who says what one memory is to another; a model is asked once a memory."""
    refine: bool = True
    """Whether a model, where there is one, retells each timeline for the question."""
    most_model_calls: int = Field(48, ge=0)
    """How many calls linking and retelling may take for one question."""
    sceptical: bool = True
    """Whether answers with timelines refuse questions for a particular detail that nobody seems to have spoken of."""


class ModelSettings(Section):
    """Which parts are plugged in: a name of the tables in wiring.py, or `module:Class`."""

    splitter: str = "llama_index"
    extractor: str = "rules"
    embedder: str = "sentence_transformers"
    embedding_model: str = "all-MiniLM-L6-v2"
    """A folder, or any model name sentence-transformers knows."""
    device: str = "auto"
    """auto, cpu or cuda."""
    vectors: str = "faiss"
    exact_vectors: int = Field(100_000, ge=1000)
    """Up to so many passages the nearest are found by scanning all; beyond by clusters, which may miss one."""
    answerer: str = "extractive"
    verifier: str = "rules"
    """Who holds claims against evidence: rules, or llm."""
    generator: str = "none"
    """The language model: openai (any server that speaks its protocol), or none."""


class GeneratorSettings(Section):
    """Which language model is asked, and within which limits. Of a key only its place is kept, never the key."""

    base_url: str = "https://api.openai.com/v1"
    """Where the server listens; local ones usually end in /v1. For Azure, the resource's address."""
    model: str = ""
    """The model's name at that server; for Azure, the deployment's."""
    key_env: str = ""
    """The environment variable that holds the key. Empty: OPENAI_API_KEY for OpenAI's own server,
    AZURE_OPENAI_API_KEY for Azure, and no key for any other, so that none is sent where it does not belong."""
    key_file: Path | None = None
    """A file that holds the key and nothing else; it goes before the variable."""
    organisation: str = ""
    api_version: str = ""
    """Azure's API version; giving one says that the server is Azure's."""
    concurrency: int = Field(16, ge=1, le=1024)
    """How many calls are under way at once."""
    requests_per_minute: int | None = Field(None, ge=1)
    tokens_per_minute: int | None = Field(None, ge=1)
    """Prompt and completion together."""
    timeout_seconds: float = Field(60, gt=0)
    """How long one call may take; of a streamed one, how long it may be silent."""
    max_retries: int = Field(4, ge=0)
    """How often a call that failed on the way is sent again."""
    max_pause_seconds: float = Field(60, ge=0)
    """The longest pause a server may ask for; for a longer one the call fails and says how long."""
    context_tokens: int = Field(8192, ge=256)
    """How many tokens a request and its reply may take together, as the server is set up."""
    prompt_price: float = Field(0, ge=0)
    """Money for a million prompt tokens."""
    completion_price: float = Field(0, ge=0)
    """Money for a million completion tokens."""
    currency: str = "USD"

    @field_validator("base_url")
    @classmethod
    def _holds_no_secret(cls, value: str) -> str:
        parts = urlsplit(value)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError("it must be a web address such as http://localhost:11434/v1")
        if "@" in parts.netloc or parts.query or parts.fragment:
            raise ValueError(
                "it must hold no user, password or query; name the key's place in key_env or key_file"
            )
        return value.rstrip("/")

    def is_azure(self) -> bool:
        """Whether the server is Azure's."""
        return bool(self.api_version)

    def key_variable(self) -> str:
        """The environment variable the key is read from; empty where none is."""
        if self.key_env:
            return self.key_env
        if self.is_azure():
            return "AZURE_OPENAI_API_KEY"
        return "OPENAI_API_KEY" if urlsplit(self.base_url).hostname == "api.openai.com" else ""

    def read_key(self) -> SecretStr | None:
        """The key, read now; None where the server needs none.

        Raises SettingsError when the key's place is named, or the server is known to want one, and there is none.
        """
        if self.key_file is not None:
            return _secret(_file_text(self.key_file), str(self.key_file))
        name = self.key_variable()
        if not name:
            return None
        value = os.environ.get(name, "").strip()
        if not value:
            raise SettingsError(
                f"There is no key for {self.base_url}: set the environment variable {name}, or name another in "
                "generator.key_env or a file in generator.key_file; a local server needs none "
                "(generator.base_url, for example http://localhost:11434/v1)."
            )
        return _secret(value, f"the environment variable {name}")


def _file_text(path: Path) -> str:
    try:
        raw = path.expanduser().read_bytes()
    except OSError as error:
        raise SettingsError(
            f"The key's file {path} (generator.key_file) cannot be read: {error.strerror}."
        ) from error
    return raw.decode("utf-8-sig", "replace").strip()  # no error that would hold what the file holds


def _secret(value: str, place: str) -> SecretStr:
    if not value or not value.isascii() or not value.isprintable() or " " in value:
        raise SettingsError(f"What {place} holds is not a key: it must be one word of printable ASCII.")
    return SecretStr(value)


class StorageSettings(Section):
    """How the index directory is kept."""

    keep_versions: int = Field(2, ge=1)
    """How many published versions stay on disk."""
    batch_size: int = Field(512, ge=1)
    """How many passages or strings are finished between two saves of the work in progress."""
    replies: Path | None = None
    """The file that keeps what a language model read until it is in an index, so that a run that dies pays nothing
    twice. None: in the user's cache folder. Readings older than thirty days leave it."""


class SourceSettings(Section):
    """How sources are read, and when their losses are asked about before they are believed."""

    max_loss: float = Field(0.5, ge=0, le=1)
    """A source that held ten documents or more may lose this share of them at once without a question."""
    allow_private: tuple[Annotated[str, Field(pattern=r"^(all|[0-9a-fA-F.:]+(/\d+)?)$")], ...] = ()
    """Address ranges within private networks that web sources may use, such as 10.1.0.0/16; `all` allows any."""
    cache_folder: Path | None = None
    """Where copies of remote repositories and pages are kept; without one, the user's own cache folder."""
    timeout_seconds: float = Field(20, gt=0)
    """For each step of an exchange with a web server; the whole of it may take three times as long."""
    pause_seconds: float = Field(0.25, ge=0)
    """Between two requests to one web server, unless its robots.txt asks for more."""
    largest_page_mb: int = Field(32, ge=1)
    """A larger web page is not read."""

    def for_connectors(self) -> dict[str, Any]:
        """The part that connectors are made with, as the arguments of connectors.by_uri.connector_for."""
        return self.model_dump(exclude={"max_loss"})


class WorkersSettings(Section):
    """Where passages are read and embedded. An index is the same whoever made it."""

    kind: str = "here"
    """here, threads, processes, dask or ray, or `module:Class`."""
    address: str | None = None
    """A running cluster: tcp://host:8786 for Dask; host:6379, ray://host:10001 or auto for Ray. Without one, a
    cluster is started on this machine for the run."""
    count: int | None = Field(None, ge=1, le=1024)
    """How many workers are started on this machine; one a processor where nothing is said."""


class Settings(BaseSettings):
    """Everything that can be chosen, in sections."""

    model_config = SettingsConfigDict(
        frozen=True,
        extra="forbid",
        env_prefix="HIPPOGRAPH_",
        env_nested_delimiter="__",
        nested_model_default_partial_update=True,
        hide_input_in_errors=True,  # a key in the wrong place must not be shown
    )

    passage: PassageSettings = PassageSettings()
    extraction: ExtractionSettings = ExtractionSettings()
    graph: GraphSettings = GraphSettings()
    retrieval: RetrievalSettings = RetrievalSettings()
    answer: AnswerSettings = AnswerSettings()
    check: CheckSettings = CheckSettings()
    working_memory: WorkingMemorySettings = WorkingMemorySettings()
    remembering: RememberingSettings = RememberingSettings()
    time: TimeSettings = TimeSettings()
    timelines: TimelineSettings = TimelineSettings()
    models: ModelSettings = ModelSettings()
    storage: StorageSettings = StorageSettings()
    sources: SourceSettings = SourceSettings()
    workers: WorkersSettings = WorkersSettings()
    generator: GeneratorSettings = GeneratorSettings()

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Arguments over environment over file over defaults."""
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls, toml_file=_file())

    @classmethod
    def load(cls, **sections: Any) -> Settings:
        """The settings that apply here. Raises SettingsError naming the setting that is wrong."""
        if CONFIG in os.environ and not _file().is_file():
            raise SettingsError(f"{CONFIG} names {_file()}, and there is no such file.")
        try:
            return cls(**sections)
        except ValidationError as error:
            first = error.errors()[0]
            name = ".".join(str(part) for part in first["loc"])
            why = first["msg"].removeprefix("Value error, ")
            raise SettingsError(f"The setting {name!r} is wrong: {why}.") from error
        except UnreadableSource as error:
            raise SettingsError(
                f"The environment cannot be read: {error}. Set one value at a time, for example "
                "HIPPOGRAPH_RETRIEVAL__DAMPING=0.5"
            ) from error
        except ValueError as error:
            raise SettingsError(f"{_file()} cannot be read: {error}.") from error

    @classmethod
    def recorded(cls, sections: Mapping[str, Any]) -> Settings:
        """The settings an index was made with, each overridden by what the file and the environment say here."""

        class Recorded(cls):  # type: ignore[valid-type, misc]
            """The same settings with the record as one more source, below all others but the defaults."""

            @classmethod
            def settings_customise_sources(
                cls, settings_cls: type[BaseSettings], *sources: Any, **named: Any
            ) -> tuple[PydanticBaseSettingsSource, ...]:
                """As before, and the record."""
                before = super().settings_customise_sources(settings_cls, *sources, **named)
                return (*before, InitSettingsSource(settings_cls, init_kwargs=dict(sections)))

        return cls.load(**Recorded.load().model_dump())

    def index_fingerprint(self, *parts: str) -> str:
        """Covers what shapes an index beside its parts, which have fingerprints of their own: cuts and links."""
        shaping = self.model_dump_json(include={"passage", "graph"})
        return content_id(shaping, *parts)
