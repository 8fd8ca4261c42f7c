"""Hippograph: an index opened for questions, with the parts it needs."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

from hippograph.answering import ask, ask_stream
from hippograph.checked_answering import ask_checked
from hippograph.checking import check_text
from hippograph.conflicts import find_conflicts
from hippograph.critical_answering import ask_with_critic, shown_sentences
from hippograph.errors import (
    ConnectorError,
    IndexDamaged,
    IndexMismatch,
    QuestionError,
    SettingsError,
    StorageError,
)
from hippograph.generation.shape import Shape
from hippograph.graph.export import to_networkx, write_graphml
from hippograph.indexing import (
    IndexReport,
    Progress,
    build_index,
    forget_documents_of,
    rewrite_index,
    update_index,
)
from hippograph.ports import Connector, Embedder, Generator, Parts, Verifier
from hippograph.published import PublishedIndex
from hippograph.remembering.face import Remembering
from hippograph.remembering.living_search import LivingSearching
from hippograph.remembering.store import Store
from hippograph.retrieval.question import checked_question
from hippograph.retrieval.ranker import tuned_ranker
from hippograph.retrieval.tuning import Tuning, tune
from hippograph.searching import Searching
from hippograph.searching_many import SearchShard, runs_here, search_elsewhere, search_many
from hippograph.settings import Settings
from hippograph.storage.changes import GIVEN
from hippograph.storage.manifest import (
    Manifest,
    read_manifest,
    read_versions,
    visible_number,
    wrong_versions,
)
from hippograph.storage.overview import StageOverview, look_into_stage
from hippograph.storage.reader import open_version
from hippograph.storage.stage import wrong_stage
from hippograph.storage.verify import damage_told, verify_version, wrong_work
from hippograph.storage.versions import bytes_on_disk, go_back, kept_version
from hippograph.timeline_answering import ask_with_timelines
from hippograph.types import (
    Answer,
    Change,
    CheckReport,
    CitedSentence,
    Conflict,
    Document,
    DocumentId,
    Grade,
    IndexVersion,
    Interval,
    RankedPassage,
    SearchResult,
    SourceFailure,
    Vectors,
)
from hippograph.upgrading import Upgrade
from hippograph.wiring import build_critic, build_parts, build_upgrade, build_verifier, recipe

if TYPE_CHECKING:
    from hippograph.timekeeping import AsOf, Timekeeper

_MAY_ASK_OF_TIME = re.compile(
    r"\b(?:when|since|chang|before|after|previous|former|prior|[12]\d{3})", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class IndexStatus:
    """What an index holds and what could not be read."""

    folder: str
    version: IndexVersion
    failures: tuple[str, ...]
    embedder: str
    bytes_on_disk: int
    stage: StageOverview | None
    """What the sources gave and is not published yet; None where the stage cannot be read."""
    ranker: str = "default"
    """What orders the candidates of a search: default, or tuned to this index."""


@dataclass(frozen=True, slots=True)
class KeptVersion:
    """A version that can be gone back to."""

    version: IndexVersion
    is_visible: bool


class Hippograph(Remembering):
    """A memory to ask. Make one with `build` or `open`; use it as a context manager or call `close`."""

    def __init__(self, folder: Path, manifest: Manifest, parts: Parts, settings: Settings) -> None:
        """Opens the version the manifest names. `build` and `open` are the usual ways here."""
        if parts.embedder.fingerprint != manifest.parts["embedder"]:
            raise IndexMismatch(
                f"The index in {folder} was made with the embedder {manifest.parts['embedder']}, and this is "
                f"{parts.embedder.fingerprint}. Open it with the one it was made with, or swap the embedder "
                f"with: hippograph index SOURCE --index {folder} --migrate (nothing is extracted again)."
            )
        self._folder = folder
        self._parts = parts
        self._settings = settings
        self._made_parts = False
        self._searching: Searching | None = None
        self._timekeeper: Timekeeper | None = None
        self._index: PublishedIndex | None
        self._index, self._manifest = _open_visible(folder, parts)

    @classmethod
    def build(
        cls,
        documents: Iterable[Document],
        folder: str | Path,
        *,
        settings: Settings | None = None,
        parts: Parts | None = None,
        progress: Progress = lambda step, done, total: None,
    ) -> Hippograph:
        """Make the index hold exactly these documents, and open it.

        What is there already is not done again. Raises IndexMismatch when other settings shaped the index.
        """
        settings = settings or Settings.load()
        plugged = parts or build_parts(settings)
        source = _Given(documents)
        build_index([source], Path(folder), plugged, settings, keep_other_sources=False, progress=progress)
        memory = cls.open(folder, settings=settings, parts=plugged)
        memory._made_parts = parts is None
        return memory

    @classmethod
    def open(
        cls, folder: str | Path, *, settings: Settings | None = None, parts: Parts | None = None
    ) -> Hippograph:
        """Open the newest published version.

        Without settings, those the index was made with apply, overridden by environment and hippograph.toml.
        Raises IndexNotFound, IndexDamaged, IndexMismatch.
        """
        folder = Path(folder)
        manifest = read_manifest(folder)
        settings = settings or Settings.recorded(manifest.settings)
        memory = cls(folder, manifest, parts or build_parts(settings), settings)
        memory._made_parts = parts is None
        return memory

    @property
    def embedder(self) -> Embedder:
        """What turns questions into vectors."""
        return self._parts.embedder

    @property
    def parts(self) -> Parts:
        """The parts it was opened with."""
        return self._parts

    @property
    def index(self) -> PublishedIndex:
        """The opened version, for tools that look inside. Raises StorageError once it is closed."""
        if self._index is None:
            raise StorageError(f"{self._folder} was closed here. Open it again with Hippograph.open.")
        return self._index

    @property
    def searching(self) -> Searching:
        """Every method of search over the opened version. Raises StorageError once it is closed."""
        if self._searching is None or self._searching.index is not self.index:
            self._searching = self._new_searching()
        return self._searching

    def _new_searching(self) -> Searching:
        if not self._settings.remembering.is_living():
            return Searching(self.index, self._parts, self._settings)
        return LivingSearching(self.index, self._parts, self._settings, Store(self._folder))

    @property
    def timekeeper(self) -> Timekeeper:
        """What the opened version says of time. Raises StorageError once it is closed."""
        from hippograph.timekeeping import Timekeeper  # who never asks of time never loads it

        if self._timekeeper is None or self._timekeeper.index is not self.index:
            self._timekeeper = Timekeeper(self.index, self._parts, self._settings)
        return self._timekeeper

    def _searching_as_of(self, question: str, as_of: AsOf | None) -> Searching:
        return self.searching if as_of is None else self.timekeeper.searching(question, as_of)

    def model_calls(self) -> int:
        """How many calls its language model has made so far; 0 without one."""
        generator = self._parts.generator
        return sum(spent.llm_calls for spent in generator.usage().values()) if generator else 0

    @property
    def settings(self) -> Settings:
        """The settings that apply."""
        return self._settings

    def search(
        self, question: str, k: int = 5, method: str | None = None, *, as_of: AsOf | None = None
    ) -> list[RankedPassage]:
        """The k passages that answer best, with reasons. Raises QuestionError, SettingsError.

        With `as_of`, a moment or a date as it is written, among what had been observed by then.
        """
        return list(self.explain(question, k, method, as_of=as_of).passages)

    def search_many(
        self, questions: Iterable[str], k: int = 5, method: str | None = None
    ) -> Iterator[SearchResult]:
        """The results of many questions in their order, as `explain` gives them one by one.

        Questions are embedded together, and searched by the workers of the settings, which open this version for
        themselves: `workers.kind` "processes" uses every processor. Raises as `search`, and WorkersUnavailable.
        """
        workers = self._parts.workers
        if runs_here(workers):
            return search_many(self.searching, questions, k, method)
        version, embedder = self._manifest.version.id, self._parts.embedder.fingerprint
        work = SearchShard(self._folder, version, embedder, recipe(self._settings), k, method)
        return search_elsewhere(workers, work, questions)

    def explain(
        self, question: str, k: int = 5, method: str | None = None, *, as_of: AsOf | None = None
    ) -> SearchResult:
        """The same passages, with the seeds, the fallback and the timings behind them."""
        checked_question(question)
        chosen = self._settings.retrieval.method if method is None else method
        query_vector = self.searching.query_vector(question, chosen)
        return self.search_vector(question, query_vector, k, method, as_of=as_of)

    def search_vector(
        self,
        question: str,
        query_vector: Vectors,
        k: int = 5,
        method: str | None = None,
        *,
        as_of: AsOf | None = None,
    ) -> SearchResult:
        """The same, for a question that is embedded already: shape (dimension,)."""
        with damage_told(self.index):
            searching = self._searching_as_of(checked_question(question), as_of)
            return searching.search(question, query_vector, k, method)

    def ask(
        self,
        question: str,
        schema: Shape | None = None,
        *,
        method: str | None = None,
        as_of: AsOf | None = None,
        working_memory: bool | None = None,
        timelines: bool | None = None,
    ) -> Answer:
        """An answer that cites its sentences, or a refusal that says why. Raises QuestionError.

        `method` names how it is searched for; None leaves it to the settings. With `as_of`, a moment or a date as it
        is written, from what had been observed by then. What held when is read off intervals, in which case
        `intervals` holds them.

        With a schema, a pydantic model class or a JSON schema, `data` holds the answer in it; then a model that
        cannot be reached is an error, a leaf of GenerationError, as nothing can stand in for it. With
        `working_memory` each sentence is checked against the index while the answer is written, and the trace holds
        the refresh log; None leaves it to the settings. With `timelines` the answer carries the timelines through what
        was found, and may cite their entries; None leaves it to the settings.
        """
        checked, is_checked = checked_question(question), self._is_checked(working_memory)
        if timelines and (is_checked or schema is not None or as_of is not None):
            raise SettingsError(
                "Timelines are told of plain answers: without a shape, a moment or a working memory."
            )
        if is_checked and schema is not None:
            raise SettingsError("An answer in a shape is written in one piece: ask without working memory.")
        is_plain = not is_checked and schema is None and not timelines
        if is_plain and (answer := self._answer_of_time(checked, as_of)):
            return answer
        searching = self._searching_as_of(checked, as_of)
        if is_checked:
            *_, last = self._stream_checked(checked, searching, method)
            assert isinstance(last, Answer)
            return self._after(last)
        settings, critic = self._by(method), build_critic(self._settings) if schema is None else None
        has_timelines = settings.timelines.enabled if timelines is None else timelines
        with damage_told(searching.index):
            if has_timelines and schema is None and as_of is None:
                return self._after(ask_with_timelines(checked, searching, self._parts, settings))
            if critic is not None:
                return self._after(ask_with_critic(checked, searching, self._parts, settings, critic))
            return self._after(ask(checked, searching, self._parts, settings, schema))

    def ask_stream(
        self,
        question: str,
        *,
        method: str | None = None,
        as_of: AsOf | None = None,
        working_memory: bool | None = None,
    ) -> Iterator[CitedSentence | Answer]:
        """Each sentence as soon as it is written and its citations are verified, and the answer at the end.

        With `working_memory` a sentence is given once it is checked, and none is ever taken back.
        """
        stream = self._stream_checked if self._is_checked(working_memory) else self._stream
        if not self._is_checked(working_memory) and (
            answer := self._answer_of_time(checked_question(question), as_of)
        ):
            return iter([CitedSentence(answer.text, answer.citations), answer])
        if not self._is_checked(working_memory) and self._settings.answer.critic != "none":
            # It is judged as a whole, so it comes as a whole.
            answer = self.ask(question, method=method, as_of=as_of)
            return iter([*shown_sentences(answer), answer])
        return self._noting(
            stream(checked_question(question), self._searching_as_of(question, as_of), method)
        )

    def _by(self, method: str | None) -> Settings:
        """The settings with another method of search."""
        if method is None:
            return self._settings
        retrieval = self._settings.retrieval.model_copy(update={"method": method})
        return self._settings.model_copy(update={"retrieval": retrieval})

    def _stream(
        self, question: str, searching: Searching, method: str | None
    ) -> Iterator[CitedSentence | Answer]:
        with damage_told(searching.index):
            yield from ask_stream(question, searching, self._parts, self._by(method))

    def _is_checked(self, working_memory: bool | None) -> bool:
        return self._settings.working_memory.enabled if working_memory is None else working_memory

    def _stream_checked(
        self, question: str, searching: Searching, method: str | None
    ) -> Iterator[CitedSentence | Answer]:
        def verifier(generator: Generator | None) -> Verifier:
            return build_verifier(self._settings, self._parts.embedder, generator)

        with damage_told(searching.index):
            yield from ask_checked(question, searching, self._parts, self._by(method), verifier)

    def _answer_of_time(self, question: str, as_of: AsOf | None) -> Answer | None:
        """The answer that the intervals of statements give, where the question is one for them."""
        if as_of is None and not (self._settings.time.newest_wins or _MAY_ASK_OF_TIME.search(question)):
            return None
        with damage_told(self.index):
            return self.timekeeper.answer(question, as_of)

    def history(
        self, subject: str, relation: str | None = None, *, as_of: AsOf | None = None
    ) -> list[Interval]:
        """What held when of a subject, oldest first, with what says so and what ended it. Raises QuestionError.

        Of one relation where that is named, as it is stated; with `as_of`, as far as had been observed by then.
        """
        with damage_told(self.index):
            return self.timekeeper.history(subject, relation, as_of)

    def diff(self, first: AsOf | int, last: AsOf | int, subject: str | None = None) -> list[Change]:
        """What held at one date and not at a later one, or in one kept version and not in a later one, with sources.

        Whole numbers are those of versions. Raises QuestionError, IndexNotFound for a version that is not kept.
        """
        if isinstance(first, int) and isinstance(last, int):
            earlier, later = self._keeper_of(first), self._keeper_of(last)
            return later.diff_from(earlier, subject)
        if isinstance(first, int) or isinstance(last, int):
            raise QuestionError("Two dates or two numbers of versions are compared, not one of each.")
        with damage_told(self.index):
            return self.timekeeper.diff(first, last, subject)

    def _keeper_of(self, number: int) -> Timekeeper:
        """What a kept version says of time."""
        from hippograph.timekeeping import Timekeeper

        index = open_version(self._folder, kept_version(self._folder, number), self._parts.vectors)
        return Timekeeper(index, self._parts, self._settings)

    def conflicts(self, answer: Answer) -> tuple[Conflict, ...]:
        """Where documents say otherwise than what an answer cites: both sides, dated, and none chosen."""
        with damage_told(self.index):
            return find_conflicts(answer, self, self._settings.check)

    def check(self, text: str, topic: str = "") -> CheckReport:
        """Each claim of a text against the index: supported, refuted or not enough evidence. Raises QuestionError.

        `topic` is what the text is about, where that is known.
        """
        verifier = build_verifier(self._settings, self._parts.embedder, self._parts.generator)
        return check_text(text, self, verifier, self._settings.check, topic)

    def add(self, documents: Iterable[Document]) -> IndexReport:
        """Add documents, or replace those with the same ids, publish a version and open it. Only they cost."""
        report = update_index(self._folder, self._parts, self._settings, added=documents)
        self.refresh()
        return report

    def remove(self, ids: Iterable[DocumentId | str]) -> IndexReport:
        """Remove documents, publish a version and open it. An id that is not there is among the report's failures."""
        removed = [DocumentId(id_) for id_ in ids]
        report = update_index(self._folder, self._parts, self._settings, removed=removed)
        self.refresh()
        return report

    def compact(self) -> IndexReport:
        """Write the index anew, without what is gone: its files are then those of one that was built at once."""
        report = rewrite_index(self._folder, self._parts, self._settings)
        self.refresh()
        return report

    def refresh(self) -> bool:
        """Open the version that is visible now; False where it is the one that is open."""
        manifest = read_manifest(self._folder)
        if self._index is not None and manifest.version == self._manifest.version:
            return False
        self._index, self._manifest = _open_visible(self._folder, self._parts)
        return True

    def status(self) -> IndexStatus:
        """What the open version holds."""
        return _status(self._folder, self._manifest)

    def verify(self) -> list[str]:
        """Everything that is wrong with the files and edges of the version; empty when all is well."""
        return verify_version(self._folder, self._manifest)

    def export(self, path: str | Path) -> None:
        """Write the whole graph as GraphML."""
        index = self.index
        parts, nodes = index.tables.all_contributions(), index.nodes().tolist()
        write_graphml(Path(path), to_networkx(index.graph, nodes, parts, index.label))

    def close(self) -> None:
        """Let go of the files and of the model's connections; parts that were handed in stay open. Twice is once."""
        self._index = self._searching = (
            None  # the files are memory-mapped: dropping the references closes them
        )
        if self._made_parts:
            self._made_parts = False
            _close_model(self._parts)

    def __enter__(self) -> Hippograph:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def index_sources(
    sources: Sequence[Connector],
    folder: str | Path,
    *,
    settings: Settings | None = None,
    parts: Parts | None = None,
    migrate: bool = False,
    accept_loss: bool = False,
    retry_failed: bool = False,
    grade: Grade = Grade.LITE,
    budget_tokens: int | None = None,
    reread: bool = False,
    progress: Progress = lambda step, done, total: None,
) -> IndexReport:
    """Bring an index in step with its sources: what they added, changed and removed since the last time.

    With the grade llm, passages that no language model has read are then read by the one of the settings, those that
    gain most first, as far as `budget_tokens` reach in this run; `reread` is for those that another model, another
    prompt or another system has read. What was read stays. Where the model serves no more, the rest is left for the
    next run, and the report's `upgraded` says why.
    """
    settings = settings or Settings.load()
    with _plugged(parts, settings) as plugged:
        return build_index(
            sources,
            Path(folder),
            plugged,
            settings,
            migrate=migrate,
            accept_loss=accept_loss,
            retry_failed=retry_failed,
            upgrade=_upgrade(grade, settings, plugged, budget_tokens, reread, retry_failed),
            progress=progress,
        )


def add_documents(
    documents: Iterable[Document],
    folder: str | Path,
    *,
    settings: Settings | None = None,
    parts: Parts | None = None,
    grade: Grade = Grade.LITE,
    budget_tokens: int | None = None,
    reread: bool = False,
    progress: Progress = lambda step, done, total: None,
) -> IndexReport:
    """Add documents to an index, or replace those with the same ids, at the cost of these documents.

    The grade llm upgrades passages as `index_sources` does.
    """
    settings = settings or Settings.load()
    with _plugged(parts, settings) as plugged:
        upgrade = _upgrade(grade, settings, plugged, budget_tokens, reread, retry_failed=False)
        return update_index(
            Path(folder), plugged, settings, added=documents, upgrade=upgrade, progress=progress
        )


def remove_documents(
    ids: Iterable[DocumentId | str],
    folder: str | Path,
    *,
    settings: Settings | None = None,
    parts: Parts | None = None,
    progress: Progress = lambda step, done, total: None,
) -> IndexReport:
    """Remove documents from an index, at the cost of these documents."""
    settings = settings or Settings.load()
    parts = parts or build_parts(settings)
    removed = [DocumentId(id_) for id_ in ids]
    return update_index(Path(folder), parts, settings, removed=removed, progress=progress)


def compact_index(
    folder: str | Path,
    *,
    settings: Settings | None = None,
    parts: Parts | None = None,
    progress: Progress = lambda step, done, total: None,
) -> IndexReport:
    """Write an index anew, without what is gone. It mends an index whose files are damaged."""
    settings = settings or Settings.load()
    return rewrite_index(Path(folder), parts or build_parts(settings), settings, progress)


def forget_source(
    source: str,
    folder: str | Path,
    *,
    settings: Settings | None = None,
    parts: Parts | None = None,
    progress: Progress = lambda step, done, total: None,
) -> IndexReport:
    """Remove all documents of one source from an index. Raises ConnectorError where it holds nothing of it."""
    settings = settings or Settings.load()
    return forget_documents_of(source, Path(folder), parts or build_parts(settings), settings, progress)


def list_versions(folder: str | Path) -> list[KeptVersion]:
    """The versions that are kept, oldest first. Raises IndexNotFound."""
    visible = visible_number(Path(folder))
    versions = [manifest.version for manifest in read_versions(Path(folder))]
    return [KeptVersion(version, version.number == visible) for version in versions]


def roll_back(folder: str | Path, number: int | None = None) -> IndexVersion:
    """Make the version before the visible one visible again, or the one with a number.

    The next index command brings the index in step with its sources. Raises IndexNotFound, PublishConflict.
    """
    return go_back(Path(folder), number).version


def read_status(folder: str | Path) -> IndexStatus:
    """What the newest version holds; no model is needed to tell. Raises IndexNotFound, IndexDamaged."""
    return _status(Path(folder), read_manifest(Path(folder)))


def tune_index(
    folder: str | Path,
    *,
    settings: Settings | None = None,
    parts: Parts | None = None,
    progress: Progress = lambda step, done, total: None,
) -> Tuning:
    """Fit the order of candidates to an index by questions made of its own facts, and keep it where that helps.

    Whoever has the index open uses it from then on. Raises IndexNotFound, IndexDamaged, IndexMismatch.
    """
    with Hippograph.open(folder, settings=settings, parts=parts) as memory:
        return tune(Path(folder), memory.index, memory.embedder, memory.settings.retrieval, progress)


def verify_index(folder: str | Path) -> list[str]:
    """Everything that is wrong with an index: its visible version, those that are kept, and the work in progress."""
    folder = Path(folder)
    manifest = read_manifest(folder)
    problems = [*verify_version(folder, manifest), *wrong_versions(folder)]
    return [*problems, *(wrong_stage(folder) if problems else wrong_work(folder, manifest))]


def _status(folder: Path, manifest: Manifest) -> IndexStatus:
    size = bytes_on_disk(folder, manifest)
    return IndexStatus(
        str(folder),
        manifest.version,
        manifest.failures,
        manifest.parts["embedder"],
        size,
        look_into_stage(folder),
        tuned_ranker(folder).name,
    )


def _open_visible(folder: Path, parts: Parts) -> tuple[PublishedIndex, Manifest]:
    """The visible version. One that is retired between reading its manifest and opening it is looked up once more."""
    manifest = read_manifest(folder)
    try:
        return open_version(folder, manifest, parts.vectors), manifest
    except IndexDamaged:
        again = read_manifest(folder)
        if again.version == manifest.version:
            raise
        return open_version(folder, again, parts.vectors), again


@contextmanager
def _plugged(parts: Parts | None, settings: Settings) -> Iterator[Parts]:
    """The parts that were given, or those of the settings, whose model's connections are closed afterwards."""
    plugged = parts or build_parts(settings)
    try:
        yield plugged
    finally:
        if parts is None:
            _close_model(plugged)


def _close_model(parts: Parts) -> None:
    close = getattr(parts.generator, "close", None)
    if close is not None:
        close()


def _upgrade(
    grade: Grade,
    settings: Settings,
    parts: Parts,
    budget_tokens: int | None,
    reread: bool,
    retry_failed: bool,
) -> Upgrade | None:
    """What a run of this grade is to upgrade. Raises SettingsError."""
    if Grade(grade) is Grade.LLM:
        return build_upgrade(
            settings, parts.generator, budget_tokens, reread=reread, retry_refused=retry_failed
        )
    if budget_tokens is not None or reread:
        raise SettingsError("The grade lite asks no model: a budget of tokens or reread needs the grade llm.")
    return None


class _Given:
    """Documents handed over by the caller, as a source."""

    source = GIVEN

    def __init__(self, documents: Iterable[Document | SourceFailure]) -> None:
        self._documents = documents

    def documents(self, since: datetime | None = None) -> Iterator[Document | SourceFailure]:
        if isinstance(self._documents, Document) or not isinstance(self._documents, Iterable):
            raise ConnectorError(
                f"Documents are needed, as a list or any other iterable, not {type(self._documents).__name__}."
            )
        return iter(self._documents)
