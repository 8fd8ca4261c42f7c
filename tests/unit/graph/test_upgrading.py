"""The order of upgrading: most shared things for the tokens, within a budget, the same in every run."""

from hypothesis import given
from hypothesis import strategies as st

from hippograph import toy
from hippograph.adapters.rules import RuleExtractor
from hippograph.graph.upgrading import CALL_TOKENS, Upgradable, upgrade_first, upgrade_order, upgrade_tokens
from hippograph.text.passages import make_passages

COUNTS = {"ada": 3, "marren": 2, "alone": 1}


def passage(key, entities, tokens=100, facts=1):
    return Upgradable(key, tokens, entities, facts)


def test_passages_that_name_most_shared_things_come_first():
    """What only one passage names opens no path."""
    rows = [passage("a", ["alone"]), passage("b", ["ada", "alone"]), passage("c", ["ada", "marren"])]

    assert upgrade_order(rows, COUNTS) == [2, 1, 0]


def test_of_two_with_as_many_shared_things_the_cheaper_comes_first():
    """Gain is counted for each token that reading costs."""
    rows = [passage("a", ["ada"], tokens=400), passage("b", ["ada"], tokens=50)]

    assert upgrade_order(rows, COUNTS) == [1, 0]


def test_of_equals_the_one_with_fewer_facts_comes_first_and_then_the_key_decides():
    """Where the rules found little, a model finds more."""
    rows = [passage("b", ["ada"]), passage("a", ["ada"]), passage("c", ["ada"], facts=0)]

    assert upgrade_order(rows, COUNTS) == [2, 1, 0]


def test_a_budget_ends_the_list_before_the_passage_that_would_exceed_it():
    """A passage of no length costs the prompts: two fit in what two cost, one in a token less."""
    rows = [passage("a", ["ada"], tokens=0), passage("b", ["ada"], tokens=0)]

    assert upgrade_tokens(0) == CALL_TOKENS
    assert upgrade_order(rows, COUNTS, 2 * CALL_TOKENS) == [0, 1]
    assert upgrade_order(rows, COUNTS, 2 * CALL_TOKENS - 1) == [0]
    assert upgrade_order(rows, COUNTS, 0) == []


def test_the_order_for_passages_and_what_the_rules_found_in_them():
    """Names are counted over all passages, each once a passage; the order is that of their gain."""
    documents = [toy.document(name) for name in ("ada", "babbage", "chambery", "menabrea")]
    passages = [make_passages(each, [(0, len(each.text))], [""])[0] for each in documents]
    extractions = list(RuleExtractor().extract(passages))

    order = upgrade_first(passages, extractions, lambda text: len(text) // 4)

    assert sorted(order) == [0, 1, 2, 3]
    assert order[0] == 3, "Luigi Menabrea names the article, the engine and Chambéry, all named elsewhere"
    assert upgrade_first(passages, extractions, lambda text: 0, CALL_TOKENS) == [3]


ROWS = st.lists(
    st.builds(
        passage,
        st.text(min_size=1, max_size=3),
        st.lists(st.sampled_from(["ada", "marren", "alone"]), unique=True),
        st.integers(0, 500),
        st.integers(0, 5),
    ),
    unique_by=lambda row: row.key,
    max_size=8,
)


@given(ROWS, st.randoms())
def test_the_order_does_not_depend_on_how_the_passages_come(rows, chance):
    """A run that is resumed, and one over the same passages read otherwise, go on with the same ones."""
    shuffled = list(rows)
    chance.shuffle(shuffled)

    first = [rows[place].key for place in upgrade_order(rows, COUNTS)]

    assert first == [shuffled[place].key for place in upgrade_order(shuffled, COUNTS)]
