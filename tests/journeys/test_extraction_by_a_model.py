"""An index whose facts a model found, over a real connection: faults, kills, and what they cost."""

import json
import os
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path

import networkx
import pytest

pytest.importorskip("openai", reason="the extra llm is not installed")

from hippograph.engine import Hippograph, index_sources
from hippograph.errors import ModelRefused, ModelUnavailable
from hippograph.settings import Settings
from hippograph.types import Document, DocumentId
from hippograph.wiring import build_parts
from tests.model_server import ModelServer
from tests.model_server_faults import Faults
from tests.recorded_extractions import RecordedExtractions

REPOSITORY = Path(__file__).resolve().parents[2]
TEXTS = {f"d{n:02}": f"Person {n} met Guest {n} in the harbour of Marren." for n in range(40)}
FOUND = {
    text: ([f"Person {n}", "Marren"], [[f"Person {n}", "met", f"Guest {n}"]])
    for n, text in enumerate(TEXTS.values())
}


class Texts:
    source = "texts"

    def documents(self, since=None):
        return (Document(DocumentId(key), "", text) for key, text in TEXTS.items())


def settings_for(server, folder, **extraction):
    return Settings(
        models={
            "splitter": "plain",
            "embedder": "hashing",
            "vectors": "numpy",
            "extractor": "llm",
            "generator": "openai",
        },
        generator=server.settings(concurrency=4).model_dump(),
        extraction=extraction,
        storage={"batch_size": 8, "replies": folder / "replies.db"},
    )


def index(server, folder, **extraction):
    settings = settings_for(server, folder, **extraction)
    return index_sources([Texts()], folder / "index", settings=settings, parts=build_parts(settings))


def entities(folder, settings):
    with Hippograph.open(folder / "index", settings=settings) as memory:
        memory.export(folder / "graph.graphml")
    nodes = networkx.read_graphml(folder / "graph.graphml").nodes(data=True)
    return {told["label"] for _, told in nodes if told["kind"] == "entity"}


def asked(server):
    """How often each conversation was answered."""
    return Counter(json.dumps(call.body["messages"]) for call in server.chats() if call.status == 200)


def test_the_graph_holds_what_the_model_found(tmp_path):
    """Two calls a passage; indexing again makes none."""
    with ModelServer(RecordedExtractions(FOUND).answer) as server:
        report = index(server, tmp_path)
        calls = len(server.chats())
        again = index(server, tmp_path)

        assert report.version.fact_count == 40
        assert not report.passage_failures
        assert calls == 80
        assert len(server.chats()) == 80
        assert not again.is_new
        found = entities(tmp_path, settings_for(server, tmp_path))
        assert {"Person 7", "Guest 7", "Marren"} <= found


def test_every_passage_is_extracted_or_told_with_its_reason(tmp_path):
    """A fifth of the calls goes wrong in one of twelve ways; none is lost."""
    with ModelServer(RecordedExtractions(FOUND).answer, faults=Faults(0.2, seed=3)) as server:
        report = index(server, tmp_path)

        assert report.version.fact_count + len(report.passage_failures) == 40
        assert report.version.fact_count >= 30
        assert any(call.fault for call in server.chats())


@pytest.mark.parametrize(
    ("server", "error"),
    [
        (ModelServer(key="right"), ModelRefused),
        (ModelServer(is_compatible=False), ModelRefused),
    ],
)
def test_a_server_that_serves_nothing_ends_the_run_in_one_sentence(tmp_path, server, error):
    """No index of empty passages is published."""
    with server, pytest.raises(error):
        index(server, tmp_path)

    assert not (tmp_path / "index" / "manifest.json").exists()


def test_a_server_that_is_not_there_ends_the_run(tmp_path):
    """It may be tried again."""
    with ModelServer() as server:
        settings = settings_for(server, tmp_path)
    settings = settings.model_copy(
        update={"generator": settings.generator.model_copy(update={"max_retries": 0})}
    )

    with pytest.raises(ModelUnavailable):
        index_sources([Texts()], tmp_path / "index", settings=settings, parts=build_parts(settings))


KILLED = """
import sys
from pathlib import Path
from hippograph.engine import index_sources
from hippograph.settings import Settings
from hippograph.wiring import build_parts
from tests.journeys.test_extraction_by_a_model import Texts
settings = Settings.model_validate_json(sys.argv[1])
index_sources([Texts()], Path(sys.argv[2]), settings=settings, parts=build_parts(settings))
"""


def test_a_killed_run_repeats_no_call_it_had_an_answer_to(tmp_path):
    """SIGKILL in the middle of a shard: afterwards only calls that were under way were made twice."""
    with ModelServer(RecordedExtractions(FOUND).answer, latency_seconds=0.05) as server:
        settings = settings_for(server, tmp_path)
        argument = settings.model_dump_json()
        process = subprocess.Popen(
            [sys.executable, "-c", KILLED, argument, str(tmp_path / "index")],
            cwd=REPOSITORY,
            env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
        )
        while len(server.chats()) < 30 and process.poll() is None:
            server.wait(0.01)
        process.send_signal(signal.SIGKILL)
        process.wait()

        report = index(server, tmp_path)
        times = asked(server)

    assert process.returncode == -signal.SIGKILL
    assert report.version.fact_count == 40
    assert len(times) == 80
    assert times.total() - len(times) <= 4, "at most the four calls that were under way"
