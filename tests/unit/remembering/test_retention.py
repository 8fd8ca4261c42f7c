"""How memories fade: the formula's values on paper, and what a recall does."""

import math
from datetime import UTC, datetime, timedelta

import pytest

from hippograph.remembering.retention import Strength

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def days(count):
    return NOW + timedelta(days=count)


@pytest.mark.parametrize(
    ("passed", "strength", "left"),
    [(0, 1, 1.0), (1, 1, math.exp(-1)), (3, 3, math.exp(-1)), (1, 2, math.exp(-0.5)), (10, 1, math.exp(-10))],
)
def test_retention_is_e_to_the_minus_t_over_s(passed, strength, left):
    """At t = 0 all of it, at t = S one part in e."""
    assert Strength(NOW, strength).retention(days(passed)) == pytest.approx(left)


def test_a_stronger_memory_fades_more_slowly():
    """The paper's code has it the other way round."""
    assert Strength(NOW, 5.0).retention(days(2)) > Strength(NOW, 1.0).retention(days(2))


def test_a_recall_makes_it_whole_and_stronger_by_one():
    """S + 1, and t from now on."""
    after = Strength(NOW).recalled(days(4))

    assert (after.strength, after.recalls, after.last_recall) == (2.0, 1, days(4))
    assert after.retention(days(4)) == 1.0


def test_a_clock_set_back_neither_fades_nor_strengthens():
    """Before the last recall nothing has faded, and a recall does not move it back."""
    assert Strength(NOW).retention(days(-3)) == 1.0
    assert Strength(NOW).recalled(days(-3)).last_recall == NOW


def test_the_unit_of_time_can_be_chosen():
    """Thirty days instead of one."""
    assert Strength(NOW).retention(days(30), days=30.0) == pytest.approx(math.exp(-1))
