"""How much of a corpus a list of passages stands for."""

import pytest

from eval.coverage import QUESTIONS, measure_coverage
from hippograph.engine import Hippograph
from hippograph.errors import SettingsError
from hippograph.types import Document

SALT = {f"salt{n}": f"Brandt sold salt in Ribe by lot {n}." for n in range(9)}
TEXTS = SALT | {"bees": "Moss fed bees at Lund."}


@pytest.fixture
def memory(tmp_path, settings, parts, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    documents = [Document(name, "", text) for name, text in TEXTS.items()]
    with Hippograph.build(documents, tmp_path / "index", settings=settings, parts=parts) as opened:
        yield opened


def test_a_list_of_everything_covers_everything(memory):
    """Each passage is its own nearest: cosine 1, up to the grid of vectors."""
    (row,) = measure_coverage(memory, ["dense"], k=10)

    assert row["coverage"] == pytest.approx(1, abs=0.01)
    assert row["documents"] == 10
    assert row["questions"] == len(QUESTIONS)


def test_a_list_that_repeats_itself_covers_less_than_one_of_every_kind(memory, monkeypatch):
    """Five lots of salt leave the bees as far away as salt is; a question near neither gives some of each."""
    monkeypatch.setattr("eval.coverage.QUESTIONS", ("Who sold salt in Ribe?",))
    (salt_alone,) = measure_coverage(memory, ["dense"], k=5)
    monkeypatch.setattr("eval.coverage.QUESTIONS", ("zzz",))
    (of_each_kind,) = measure_coverage(memory, ["forest"], k=5)

    assert of_each_kind["coverage"] > salt_alone["coverage"] + 0.05


def test_an_index_of_nothing_cannot_be_covered(memory):
    """It is told, not divided by."""
    memory.remove(list(TEXTS))
    with pytest.raises(SettingsError, match="holds no passage"):
        measure_coverage(memory, ["dense"])
