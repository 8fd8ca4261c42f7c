"""The file of corpora and their schedules: what may stand in it, and what is said when something else does."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Self

import yaml
from pydantic import Field, ValidationError, field_validator, model_validator

from connectors.by_uri import SCHEME
from flows.corpus import Corpus
from hippograph.cli.watch import seconds_of
from hippograph.errors import SettingsError


class ScheduledCorpus(Corpus):
    """A corpus and when it is indexed."""

    name: str = Field(min_length=1)
    cron: str | None = None
    """Five fields: minute, hour, day of the month, month, day of the week."""
    interval: float | None = None
    """In seconds; written with units, such as 10m."""
    timezone: str | None = None
    """Where the clock of a cron hangs, such as Europe/Oslo; UTC where nothing is said."""

    def when(self) -> str:
        """Its schedule in words."""
        if self.interval:
            return f"every {self.interval:g} s"
        return f'cron "{self.cron}" {self.timezone or "UTC"}'

    def parameters(self) -> dict[str, Any]:
        """What the flow is told: the corpus without its schedule, as JSON."""
        return self.model_dump(mode="json", include=set(Corpus.model_fields), exclude_defaults=True)

    @model_validator(mode="before")
    @classmethod
    def _one_source_or_several(cls, fields: Any) -> Any:
        if isinstance(fields, Mapping) and "source" in fields:
            if "sources" in fields:
                raise ValueError("name source or sources, not both")
            fields = {**fields, "sources": [fields["source"]]}
            del fields["source"]
        return fields

    @field_validator("name")
    @classmethod
    def _a_name_prefect_takes(cls, name: str) -> str:
        if set(name) & set("/%"):
            raise ValueError(f"a name may hold neither / nor %, and {name!r} does")
        return name

    @field_validator("interval", mode="before")
    @classmethod
    def _an_interval(cls, interval: Any) -> float:
        return seconds_of(str(interval))

    @field_validator("cron")
    @classmethod
    def _a_cron(cls, cron: str) -> str:
        from prefect.client.schemas.schedules import CronSchedule

        try:
            CronSchedule(cron=cron)
        except ValueError as error:
            raise ValueError(
                f'{cron!r} is no cron; write five fields, such as "0 * * * *" for every full hour'
            ) from error
        return cron

    @field_validator("timezone")
    @classmethod
    def _a_timezone(cls, timezone: str) -> str:
        from zoneinfo import available_timezones

        if timezone not in available_timezones():
            raise ValueError(f"{timezone!r} is no time zone; write one such as Europe/Oslo")
        return timezone

    @model_validator(mode="after")
    def _one_schedule(self) -> Self:
        if (self.cron is None) == (self.interval is None):
            raise ValueError("give it either a cron or an interval")
        if self.timezone and self.interval:
            raise ValueError("a time zone belongs to a cron, not to an interval")
        return self


def read_corpora(file: Path) -> list[ScheduledCorpus]:
    """The corpora of a file, with whole paths. Raises SettingsError: one sentence that says what is wrong where."""
    entries = _entries(file)
    corpora = [_corpus(file, place, entry) for place, entry in enumerate(entries, start=1)]
    _refuse_twice(file, "the name", corpora, [corpus.name for corpus in corpora])
    _refuse_twice(file, "the index", corpora, [str(corpus.index) for corpus in corpora])
    return corpora


def _entries(file: Path) -> list[Any]:
    try:
        text = file.read_text(encoding="utf-8")
        _refuse_double_keys(yaml.compose(text))
        content = yaml.safe_load(text)
    except OSError as error:
        raise SettingsError(f"{file} cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise SettingsError(f"{file} is not text in UTF-8.") from error
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f", line {mark.line + 1}" if mark else ""
        raise SettingsError(
            f"{file}{where} is not YAML: {getattr(error, 'problem', None) or error}. "
            "A cron stands in quotation marks."
        ) from error
    if (
        not isinstance(content, dict)
        or set(content) != {"corpora"}
        or not isinstance(content["corpora"], list)
    ):
        raise SettingsError(f"{file} must hold one key, corpora, with a list below it.")
    if not content["corpora"]:
        raise SettingsError(f"{file} lists no corpus.")
    return content["corpora"]


def _refuse_double_keys(node: Any) -> None:
    """A key that stands twice is a mistake; YAML would keep the last one without a word."""
    if isinstance(node, yaml.MappingNode):
        keys = [key.value for key, _ in node.value]
        twice = next((key for key in keys if keys.count(key) > 1), None)
        if twice is not None:
            raise yaml.MarkedYAMLError(
                problem=f"the key {twice!r} stands twice", problem_mark=node.start_mark
            )
        for _, value in node.value:
            _refuse_double_keys(value)
    elif isinstance(node, yaml.SequenceNode):
        for value in node.value:
            _refuse_double_keys(value)


def _corpus(file: Path, place: int, entry: Any) -> ScheduledCorpus:
    if not isinstance(entry, dict):
        raise SettingsError(f"{file}: corpus {place} must be keys and values, such as name: handbook.")
    name = entry.get("name")
    said = repr(name) if isinstance(name, str) and name else str(place)
    try:
        corpus = ScheduledCorpus(**entry)
    except (ValidationError, SettingsError, TypeError) as error:
        raise SettingsError(f"{file}: corpus {said}: {_sentence(error)}") from error
    folder = file.resolve().parent
    sources = [source if SCHEME.match(source) else str(_whole(folder, source)) for source in corpus.sources]
    # Links are followed, so that two names of one index are found out.
    return corpus.model_copy(update={"sources": sources, "index": _whole(folder, corpus.index).resolve()})


def _whole(folder: Path, path: str | Path) -> Path:
    """The path as seen from the file's folder."""
    try:
        return folder / Path(path).expanduser()
    except RuntimeError:
        return folder / path


def _sentence(error: Exception) -> str:
    """The first thing that pydantic found wrong, for people."""
    if not isinstance(error, ValidationError):
        return str(error)
    first = error.errors()[0]
    key = ".".join(str(part) for part in first["loc"])
    if first["type"] == "extra_forbidden":
        known = ", ".join(sorted([*ScheduledCorpus.model_fields, "source"]))
        return f"{key!r} is not known; known are {known}."
    if first["type"] == "missing":
        return f"{'source' if key == 'sources' else key} is missing."
    words = first["msg"].removeprefix("Value error, ")
    return f"{words}." if first["type"] == "value_error" else f"{key} is wrong: {words}."


def _refuse_twice(file: Path, what: str, corpora: Sequence[ScheduledCorpus], values: Sequence[str]) -> None:
    first: dict[str, str] = {}
    for corpus, value in zip(corpora, values, strict=True):
        if value in first:
            raise SettingsError(
                f"{file}: the corpora {first[value]!r} and {corpus.name!r} have {what} {value!r} in common; "
                "an index has one schedule, which may have several sources."
            )
        first[value] = corpus.name
