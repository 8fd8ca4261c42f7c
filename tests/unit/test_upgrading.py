"""Upgrading: which passages are read, what is kept of it, and that the order makes no difference."""

from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from eval.growth import compare_indexes
from hippograph import toy
from hippograph.engine import Hippograph
from hippograph.errors import BudgetSpent
from hippograph.indexing import update_index
from hippograph.storage.stage import Stage
from hippograph.text.alignment import align
from hippograph.text.readings import Reading
from hippograph.types import ExtractionFailure
from hippograph.upgrading import FEW, TOGETHER, Upgrade, Upgraded, gaining_most, upgrade_passages

RULES = "rules"


class ScriptedReader:
    """Finds one fact in every passage: its title has been read. Fails and halts where it is told to."""

    def __init__(self, failing=(), left=(), fingerprint="model:1", halted=None, dies_after=None):
        self.failing, self.left, self.fingerprint = set(failing), set(left), fingerprint
        self.halted, self.dies_after = halted, dies_after
        self.asked = []

    def read(self, passages):
        for number, passage in enumerate(passages):
            if number == self.dies_after:
                raise KeyboardInterrupt
            self.asked.append(passage.title)
            if passage.title in self.failing:
                yield ExtractionFailure(passage.id, "it declined", False)
            elif passage.title in self.left:
                yield ExtractionFailure(passage.id, "it is away", True)
            else:
                reading = Reading((passage.title,), ((passage.title, "was read by", "Model"),))
                yield align(passage, reading, "scripted", keep_unfounded=True)


def everything(stage, extractor):
    return stage.passages_to_upgrade("model:1")


def titled(*wanted):
    return lambda stage, extractor: [each for each in everything(stage, extractor) if each.title in wanted]


@pytest.fixture
def folder(tmp_path, settings, parts):
    """An index of the toy world."""
    Hippograph.build(toy.documents(), tmp_path / "index", settings=settings, parts=parts).close()
    return tmp_path / "index"


def upgrade(folder, reader, choose=everything):
    told = []
    with Stage(folder) as stage:
        done = upgrade_passages(stage, RULES, Upgrade(reader, choose), lambda *so_far: told.append(so_far))
    return done, told


def test_what_became_of_every_passage_is_counted(folder):
    """Read, refused for good, or left with the reason; progress counts what is settled."""
    reader = ScriptedReader(failing={"Ada Lovelace"}, left={"Charles Babbage", "Analytical Engine"})

    done, told = upgrade(folder, reader)

    assert done == Upgraded(2, 1, 2, "it is away", None)
    assert told == [(3, 5)]
    again, _ = upgrade(folder, ScriptedReader())
    assert again == Upgraded(2, 0, 0)


def test_what_ended_the_reading_is_told_before_any_other_reason(folder):
    """A budget that is spent is the reason for all that is left."""
    spent = BudgetSpent("The budget is spent.")

    done, _ = upgrade(folder, ScriptedReader(left={"Ada Lovelace"}, halted=spent))

    assert (done.why_left, done.error) == ("The budget is spent.", spent)


def test_results_are_kept_as_they_come(tmp_path, settings, parts):
    """A run that is stopped keeps all but the last few, which the journal of the reader has."""
    many = [replace(toy.document("ada"), id=str(n), title=f"T{n:02}") for n in range(3 * TOGETHER)]
    Hippograph.build(many, tmp_path / "index", settings=settings, parts=parts).close()
    with pytest.raises(KeyboardInterrupt):
        upgrade(tmp_path / "index", ScriptedReader(dies_after=2 * TOGETHER + 5))

    with Stage(tmp_path / "index") as stage:
        assert stage.upgraded_count() == 2 * TOGETHER


def test_passages_that_tie_others_together_come_first(tmp_path, settings, parts):
    """By what the index's own extractor found in all texts, upgraded ones among them."""
    documents = [
        toy.Document("a", "Quiet Bay", "Nothing is known of Quiet Bay."),
        toy.Document("b", "Marren", "Ida Brankov lived in Marren."),
        toy.Document("c", "Ida Brankov", "Ida Brankov left Marren."),
    ]
    Hippograph.build(documents, tmp_path / "index", settings=settings, parts=parts).close()
    upgrade(tmp_path / "index", ScriptedReader(), titled("Marren"))

    choose = gaining_most("model:1", len, budget_tokens=10_000)
    with Stage(tmp_path / "index") as stage:
        chosen = choose(stage, parts.extractor.fingerprint)
        affordable = gaining_most("model:1", lambda text: 0, 900, only_affordable=True)
        few = affordable(stage, parts.extractor.fingerprint)

    assert [passage.title for passage in chosen] == ["Ida Brankov", "Quiet Bay"]
    assert [passage.title for passage in few] == ["Ida Brankov"]


def test_a_few_passages_without_a_budget_are_not_ordered(folder):
    """Looking at the whole index for their order would cost more than it brings: they are read at once anyway."""
    with Stage(folder) as stage:
        chosen = gaining_most("model:1", len)(stage, RULES)

        assert chosen == stage.passages_to_upgrade("model:1")
        assert len(chosen) <= FEW


@hypothesis_settings(
    max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    slices=st.lists(
        st.sets(st.sampled_from([document.title for document in toy.documents()]), min_size=1),
        min_size=1,
        max_size=4,
    )
)
def test_the_order_of_upgrades_makes_no_difference(tmp_path_factory, settings, parts, slices):
    """An index whose passages were upgraded in any slices equals one in which they were upgraded at once."""
    folder = tmp_path_factory.mktemp("orders")
    wanted = set().union(*slices)
    for name, steps in (("grown", slices), ("built", [wanted])):
        Hippograph.build(toy.documents(), folder / name, settings=settings, parts=parts).close()
        for step in steps:
            chosen = Upgrade(ScriptedReader(), titled(*step))
            update_index(folder / name, parts, settings, upgrade=chosen)

    with (
        Hippograph.open(folder / "grown", settings=settings, parts=parts) as grown,
        Hippograph.open(folder / "built", settings=settings, parts=parts) as built,
    ):
        assert grown.status().version.upgraded_count == len(wanted)
        assert compare_indexes(grown, built, ["Who wrote the notes?"]) == []
