"""Rules of all workers: here, threads, processes, and the processes of a Dask and a Ray cluster."""

from __future__ import annotations

import os
import threading
from contextlib import closing
from dataclasses import replace
from importlib.util import find_spec
from itertools import count, islice

import numpy as np
import pytest

from hippograph import toy
from hippograph.adapters.dask_workers import DaskWorkers
from hippograph.adapters.process_workers import ProcessWorkers
from hippograph.adapters.ray_workers import RayWorkers
from hippograph.adapters.workers import SHARDS_PER_WORKER, ThreadWorkers
from hippograph.engine import Hippograph
from hippograph.errors import EmbeddingError, MissingExtra, RateLimited, SettingsError, WorkersUnavailable
from hippograph.ports import Here
from hippograph.settings import Settings
from hippograph.shards import EmbedShard, ExtractShard, Recipe
from hippograph.types import Document
from hippograph.wiring import build_parts, build_workers, recipe
from tests.fakes import TickingClock
from tests.shard_work import (
    DeadlyParts,
    Dying,
    Failing,
    OddlyFailing,
    parts_whose_embedder_fails,
    process_and_threads,
    squares,
)

OFFLINE = Settings(models={"splitter": "plain", "embedder": "hashing", "vectors": "numpy"})
RECIPE = recipe(OFFLINE)
IN_PROCESS = ["here", "threads"]
ELSEWHERE = ["processes", "dask", "ray"]
CLUSTERS = [pytest.param(kind, marks=[] if kind == "processes" else pytest.mark.slow) for kind in ELSEWHERE]
PACKAGES = {"dask": "distributed", "ray": "ray"}


def made(kind, with_recipe=RECIPE):
    """Two workers of that kind."""
    if kind in PACKAGES and find_spec(PACKAGES[kind]) is None:
        pytest.skip(f"the {kind} extra is not installed")
    match kind:
        case "here":
            return Here()
        case "threads":
            return ThreadWorkers(2)
        case "processes":
            return ProcessWorkers(2, with_recipe)
        case "dask":
            return DaskWorkers(None, 2, with_recipe)
        case _:
            return RayWorkers(None, 2, with_recipe)


# One cluster a kind: starting Dask's takes a second, Ray's five.
@pytest.fixture(scope="module", params=[*IN_PROCESS, *CLUSTERS])
def workers(request):
    made_workers = made(request.param)
    yield made_workers
    made_workers.close()


@pytest.fixture(scope="module", params=CLUSTERS)
def elsewhere(request):
    made_workers = made(request.param)
    yield made_workers
    made_workers.close()


def shards(number):
    return [[first, first + 100] for first in range(number)]


def squared(number):
    return [squares(shard) for shard in shards(number)]


@pytest.fixture(scope="module")
def passages():
    parts = build_parts(OFFLINE)
    return [passage for document in toy.documents() for passage in parts.splitter.split(document)]


# --------------------------------------------------------------------------- every kind


def test_results_stand_in_the_order_of_their_shards(workers):
    """Whoever is done first, the first shard's result comes first; the second map is as good as the first."""
    assert list(workers.map(squares, shards(9))) == squared(9)
    assert list(workers.map(squares, shards(3))) == squared(3)


def test_no_shards_give_no_results(workers):
    """An empty list of shards is no work."""
    assert list(workers.map(squares, [])) == []


def test_shards_are_taken_as_they_are_needed(workers):
    """Of an endless source no more is taken than what is under way: memory does not grow with the work."""
    taken = []

    def endless():
        for number in count():
            taken.append(number)
            yield [number]

    results = list(islice(workers.map(squares, endless()), 5))

    assert results == [[0], [1], [4], [9], [16]]
    assert len(taken) <= 5 + 2 * SHARDS_PER_WORKER + 1


def test_an_error_of_the_work_stands_at_its_shards_place(workers, tmp_path):
    """Results before it arrive; then it is raised, with its class and all it carries; workers stay usable."""
    work = Failing(tmp_path, victim=3, error=RateLimited("slow down", 12.5))
    results = workers.map(work, shards(20))

    assert list(islice(results, 3)) == squared(3)
    with pytest.raises(RateLimited) as raised:
        next(results)
    assert (type(raised.value), str(raised.value), raised.value.retry_after) == (
        RateLimited,
        "slow down",
        12.5,
    )
    assert work.runs()[3] == 1
    assert max(work.runs()) <= 3 + 2 * SHARDS_PER_WORKER
    assert list(workers.map(squares, shards(2))) == squared(2)


def test_a_map_that_is_given_up_ends(workers):
    """Whoever stops asking leaves workers behind that take the next work."""
    results = workers.map(squares, shards(50))
    next(iter(results))
    results.close()

    assert list(workers.map(squares, shards(4))) == squared(4)


def test_two_maps_at_once_do_not_mix(workers):
    """Results of interleaved maps each come to whoever asked."""
    one, other = workers.map(squares, shards(6)), workers.map(process_and_threads, shards(6))
    pairs = list(zip(one, other, strict=True))

    assert [left for left, _ in pairs] == squared(6)
    assert all(threads == os.environ.get("OMP_NUM_THREADS") or threads == "1" for _, (_, threads) in pairs)


def test_an_extractor_gives_what_it_gives_here(workers, passages):
    """Extraction by any workers equals extraction in one call, field by field."""
    extractor = build_parts(OFFLINE).extractor
    cut = [passages[start : start + 2] for start in range(0, len(passages), 2)]

    found = [result for shard in workers.map(ExtractShard(extractor), cut) for result in shard]

    assert found == list(extractor.extract(passages))


def test_an_embedder_gives_the_bits_it_gives_here(workers, passages):
    """Vectors by any workers are those of one call, to the bit."""
    embedder = build_parts(OFFLINE).embedder
    texts = [passage.embedding_text() for passage in passages]

    found = np.concatenate(list(workers.map(EmbedShard(embedder), [[text] for text in texts])))

    wanted = embedder.embed_passages(texts)
    assert (found.dtype, found.shape) == (np.float32, wanted.shape)
    assert found.tobytes() == wanted.tobytes()


def test_closed_workers_start_again():
    """`close` may be called at any time, and twice; a later map works."""
    for kind in (*IN_PROCESS, "processes"):
        workers = made(kind)
        workers.close()
        first = list(workers.map(squares, shards(2)))
        workers.close()
        workers.close()

        assert first == list(workers.map(squares, shards(2))) == squared(2)
        workers.close()


@pytest.mark.parametrize("kind", IN_PROCESS)
def test_in_this_process_the_parts_in_hand_are_used(kind, parts):
    """Nothing is copied: the very extractor that was handed in is called."""
    texts = [["a b"], ["c d"]]

    list(made(kind).map(EmbedShard(parts.embedder), texts))

    assert parts.embedder.embedded == {"a b": 1, "c d": 1}


# --------------------------------------------------------------------------- other processes


def test_work_is_done_by_two_other_processes_with_one_thread_each(elsewhere):
    """Not by this one; two workers on two processors must not start four threads."""
    done = list(elsewhere.map(process_and_threads, shards(16)))

    assert len({process for process, _ in done} - {os.getpid()}) == 2
    assert {threads for _, threads in done} <= {"1", os.environ.get("OMP_NUM_THREADS")}


def test_a_killed_workers_shard_is_run_again_and_finished_ones_are_not(elsewhere, tmp_path):
    """One of two workers is killed half-way: every result arrives once, and those that had arrived were made once."""
    work = Dying(tmp_path, victim=6)
    results = elsewhere.map(work, shards(20))
    before = list(islice(results, 4))
    arrived = set(range(4))

    assert before + list(results) == squared(20)
    assert work.runs()[6] == 2
    assert {work.runs()[number] for number in arrived} == {1}
    assert sorted(work.runs()) == list(range(20))


def test_a_shard_that_kills_every_worker_ends_the_run(elsewhere, tmp_path):
    """Results before it arrive; then the error says that workers die of it."""
    work = Dying(tmp_path, victim=2, times=99)
    results = elsewhere.map(work, shards(5))

    assert list(islice(results, 2)) == squared(2)
    with pytest.raises(WorkersUnavailable, match=r"storage\.batch_size"):
        next(results)
    assert 3 <= work.runs()[2] <= 4
    assert list(elsewhere.map(squares, shards(3))) == squared(3)


def test_an_error_that_cannot_be_sent_is_told_in_words(elsewhere, tmp_path):
    """Its class does not survive; its name, its message and the place it came from do."""
    with pytest.raises(RuntimeError) as raised:
        list(elsewhere.map(OddlyFailing(tmp_path, victim=1), shards(3)))
    assert str(raised.value) == "OddError: passage 3: odd"
    assert "shard_work.py" in raised.value.__notes__[0]


def test_a_part_that_would_come_out_different_is_refused(elsewhere, parts):
    """An extractor that was handed in and is not what the settings make would spoil the index: it is refused."""
    parts.extractor.inner.fingerprint = "rules-of-my-own"

    with pytest.raises(SettingsError, match=r"'rules-[0-9].* where the index is made with 'rules-of-my-own'"):
        list(elsewhere.map(ExtractShard(parts.extractor), [[]]))


def test_a_part_that_keeps_an_account_stays_here(elsewhere, parts):
    """An extractor that spends money is called in this process, where its budget and its account are."""
    parts.extractor.stays_here = True
    passage = build_parts(OFFLINE).splitter.split(Document("a", "Ada", "Ada Berg built a mill."))

    found = list(elsewhere.map(ExtractShard(parts.extractor), [passage, passage]))

    assert parts.extractor.read == ["Ada Berg built a mill."] * 2
    assert found == [list(build_parts(OFFLINE).extractor.extract(passage))] * 2


def test_an_error_of_a_part_keeps_its_class(elsewhere):
    """What an embedder raises there is what it would have raised here."""
    failing = made(_kind(elsewhere), Recipe(parts_whose_embedder_fails, OFFLINE))

    with pytest.raises(EmbeddingError, match="the embedder has broken down"):
        list(failing.map(EmbedShard(build_parts(OFFLINE).embedder), [["a"]]))
    failing.close()


def test_without_a_recipe_a_part_does_not_travel(elsewhere):
    """A part in hand is never sent: the error says what to do."""
    with pytest.raises(SettingsError, match="'here' or 'threads'"):
        list(made(_kind(elsewhere), None).map(EmbedShard(build_parts(OFFLINE).embedder), [["a"]]))


def _built(folder, parts, workers=None):
    """The files of an index of forty documents, by their names without the random one of their table's folder."""
    towns = ["Vale", "Orrin", "Tamsin", "Marren", "Pellow"]
    documents = [
        Document(
            f"{n}", f"Mill {n}", f"Mill {n} stands in {towns[n % 5]}. Ada Berg built Mill {n} in {1800 + n}."
        )
        for n in range(40)
    ]
    settings = OFFLINE.model_copy(update={"storage": Settings(storage={"batch_size": 4}).storage})
    parts = replace(parts, clock=TickingClock(), workers=workers or Here())
    Hippograph.build(documents, folder, settings=settings, parts=parts).close()
    tables = {path.name for path in (folder / "tables").iterdir()}
    assert len(tables) == 1
    name = tables.pop().encode()
    return {
        str(path.relative_to(folder)).replace(name.decode(), "*"): path.read_bytes().replace(name, b"*")
        for path in folder.rglob("*")
        if path.is_file() and path.suffix != ".json"  # a manifest's checksum covers that name
    }


def test_an_index_is_byte_for_byte_the_one_made_here(elsewhere, tmp_path):
    """Two workers, one killed half-way through extraction and one through embedding: every file is the same."""
    parts = build_parts(OFFLINE)
    deadly = made(_kind(elsewhere), Recipe(DeadlyParts("Mill 21", tmp_path), OFFLINE))

    with closing(deadly):
        found = _built(tmp_path / "elsewhere", parts, deadly)

    wanted = _built(tmp_path / "here", parts)
    killed = {type(parts.extractor).__name__, type(parts.embedder).__name__}
    assert {path.name for path in tmp_path.iterdir() if path.is_file()} == killed
    assert sorted(found) == sorted(wanted)
    assert [name for name in wanted if found[name] != wanted[name]] == []
    assert len(wanted) > 40


def _kind(workers):
    return next(kind for kind in ELSEWHERE if type(workers).__name__.lower().startswith(kind.rstrip("es")))


# --------------------------------------------------------------------------- by name


@pytest.mark.parametrize(
    ("kind", "class_"),
    [
        ("here", Here),
        ("threads", ThreadWorkers),
        ("processes", ProcessWorkers),
        ("dask", DaskWorkers),
        ("ray", RayWorkers),
    ],
)
def test_workers_are_chosen_by_name_and_nothing_is_started(kind, class_):
    """Choosing costs nothing and needs no package: a process or a cluster is only started by work."""
    before = threading.active_count()

    assert type(build_workers(OFFLINE.model_copy(update={"workers": _section(kind)}))) is class_
    assert threading.active_count() == before


def test_an_unknown_kind_lists_the_known_ones():
    """A slip is told with what there is."""
    with pytest.raises(
        SettingsError, match=r"'spark' is unknown\. Known are dask, here, processes, ray, threads"
    ):
        build_workers(OFFLINE.model_copy(update={"workers": _section("spark")}))


def test_what_a_worker_makes_has_no_workers_of_its_own():
    """A recipe made under settings with processes says `here`, or each process would start processes."""
    settings = OFFLINE.model_copy(update={"workers": _section("processes")})

    assert recipe(settings).settings == OFFLINE


def _section(kind):
    return Settings(workers={"kind": kind, "count": 2}).workers


@pytest.mark.parametrize(("kind", "package"), [("dask", "distributed"), ("ray", "ray")], ids=["dask", "ray"])
def test_a_missing_package_names_its_extra(kind, package, monkeypatch):
    """The way out is the install command."""
    import sys

    monkeypatch.setitem(sys.modules, package, None)
    workers = build_workers(OFFLINE.model_copy(update={"workers": _section(kind)}))

    with pytest.raises(MissingExtra, match=rf"hippograph\[{kind}\]"):
        list(workers.map(squares, shards(1)))
