"""The timelines behind what a search found: a view over an opened index, worked out for one question and not kept."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from hippograph.errors import GenerationError
from hippograph.generation.overlap import content_stems
from hippograph.ports import Generator
from hippograph.prompts.fencing import one_line
from hippograph.published import PublishedIndex
from hippograph.retrieval.search import ranked_passage
from hippograph.settings import TimelineSettings
from hippograph.timelines.by_model import RelateByModel, retell
from hippograph.timelines.linking import Link, Relate, link_memories, relate_by_rules
from hippograph.timelines.memories import Memory, gather_memories
from hippograph.timelines.paths import raw_timelines, tells_more
from hippograph.types import RankedPassage, Row, Timeline, Vectors
from hippograph.vectors import on_grid


@dataclass(frozen=True, slots=True)
class Told:
    """Timelines, the rows of their entries, and what was done without."""

    timelines: tuple[Timeline, ...]
    rows: tuple[tuple[int, ...], ...] = ()
    warnings: tuple[str, ...] = ()


def tell_timelines(
    question: str,
    query_vector: Vectors,
    index: PublishedIndex,
    found: Sequence[RankedPassage],
    settings: TimelineSettings,
    generator: Generator | None = None,
) -> Told:
    """The timelines through the first passages of a search that have a date; none where no passage has one.

    With a generator, a model names the relations and retells each timeline for the question, as far as the settings
    say; where it fails, rules stand in and a warning says so.
    """
    retrieved = [each.row for each in found if each.timestamp is not None][: settings.retrieved]
    memories = gather_memories(index, retrieved, on_grid(query_vector), settings.most_memories)
    asks = generator is not None and settings.link == "model"
    relate = RelateByModel(generator) if generator is not None and asks else None
    links = link_memories(memories, _relate(relate), settings.candidates)
    places = [place for row in retrieved for place, memory in enumerate(memories) if memory.row == row]
    paths = raw_timelines(links, places, settings.samples, settings.longest, settings.seed, _weigh(question))
    timelines = [_timeline(path, memories, links, frozenset(retrieved)) for path in paths]
    warnings = list(relate.warnings) if relate else []
    if generator is not None and settings.refine:
        timelines = _retold(question, timelines, paths, memories, generator, warnings)
    rows = tuple(tuple(memories[place].row for place in path) for path in paths)
    return Told(tuple(timelines), rows, tuple(warnings))


def _weigh(question: str) -> Callable[[Link], float]:
    """A link weighs more when it tells a change, and still more when the question names what changed."""
    asked = frozenset(content_stems(question))

    def weigh(link: Link) -> float:
        return tells_more(link) * (1 + 2 * len(asked & frozenset(content_stems(link.why))))

    return weigh


def linear(timeline: Timeline) -> str:
    """A timeline on one line: [event] -(relation)- [event], in order of time (Ong et al., section 3.3)."""
    told = [
        f"[{each.moment.date().isoformat()} {one_line(each.citation.sentence)}]" for each in timeline.entries
    ]
    joints = [f" -({relation.value})- " for relation in timeline.relations]
    return "".join(part for pair in zip(told, [*joints, ""], strict=True) for part in pair)


def found_passages(index: PublishedIndex, rows: Sequence[int], after: int) -> list[RankedPassage]:
    """Passages of timelines that the search did not find, ranked behind what it found."""
    return [ranked_passage(index, after + n, row, 0.0, 2, ()) for n, row in enumerate(rows, start=1)]


def _relate(by_model: RelateByModel | None) -> Relate:
    return by_model if by_model is not None else relate_by_rules


def _timeline(
    path: Sequence[int], memories: Sequence[Memory], links: Sequence[Link], retrieved: frozenset[Row]
) -> Timeline:
    by_ends = {(link.older, link.newer): link for link in links}
    joints = [by_ends[pair] for pair in pairwise(path)]
    return Timeline(
        tuple(memories[place].entry(Row(memories[place].row) in retrieved) for place in path),
        tuple(link.relation for link in joints),
        tuple(link.why for link in joints),
    )


def _retold(
    question: str,
    timelines: list[Timeline],
    paths: Sequence[Sequence[int]],
    memories: Sequence[Memory],
    generator: Generator,
    warnings: list[str],
) -> list[Timeline]:
    retold = list(timelines)
    for number, (timeline, path) in enumerate(zip(timelines, paths, strict=True)):
        texts = [memories[place].passage.text for place in path]
        try:
            retold[number] = retell(question, timeline, texts, generator)
        except GenerationError as error:
            warnings.append(f"Timelines were left as they are, as a call failed: {error}")
            break
    return retold
