"""Reading what models write: JSON out of anything, or a refusal that says why; never a guess at what was cut off."""

import json
import random
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hippograph.adapters.openai_generator.reading import read_json
from hippograph.adapters.openai_generator.schema_check import SchemaCheck
from hippograph.errors import UnreadableOutput
from tests.model_server_faults import Fault, spoil

pytest.importorskip("json_repair")
pytest.importorskip("jsonschema")

FACTS = {
    "type": "object",
    "properties": {
        "facts": {"type": "array", "items": {"$ref": "#/$defs/Fact"}},
        "numbers": {"type": "array", "items": {"type": "integer"}},
    },
    "required": ["facts"],
    "$defs": {
        "Fact": {
            "type": "object",
            "properties": {"subject": {"type": "string"}, "object": {"type": "string"}},
            "required": ["subject", "object"],
        }
    },
}
ADA = {"entities": ["Ada", "1843"]}
ADA_TEXT = json.dumps(ADA)


@pytest.mark.parametrize(
    "text",
    [
        f"```json\n{ADA_TEXT}\n```",
        f"```\n{ADA_TEXT}",
        f"Here it is:\n{ADA_TEXT}\nAnything else?",
        f"First I thought {{of this}}.\n```json\n{ADA_TEXT}\n```",
        f"\ufeff{ADA_TEXT}",
        "{'entities': ['Ada', '1843']}",
        '{"entities": ["Ada", "1843",]}',
        '{entities: ["Ada", "1843"]}',
        '{"entities": ["Ada", "1843"]',
        '{"entities": ["Ada" "1843"]}',
    ],
)
def test_json_is_found_in_what_models_make_of_it(text):
    """Fences, prose, single quotes, a comma too many or too few, the last bracket missing."""
    assert read_json(text) == (ADA, True)


def test_good_json_is_taken_as_it_is():
    """And not marked as repaired."""
    assert read_json(f"  {ADA_TEXT}\n") == (ADA, False)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "no JSON object"),
        ("I cannot do that.", "no JSON object"),
        ("[1, 2]", "not an object"),
        ('"text"', "not an object"),
        ('{"entities": ["Ada", "18', "breaks off"),
        ('{"facts": [["Ada", "wrote", "notes"], ["Luigi"', "breaks off"),
        ('{"entities": {"names": ["Ada"]', "breaks off"),
        ('{"entities": ["Ada"], "entities": ["Luigi"]}', "twice"),
        ('```json\n{"a": 1, "a": 2}\n```', "twice"),
    ],
)
def test_what_cannot_be_read_is_refused_with_its_reason(text, reason):
    """Nothing is closed that was cut off, and of two values neither is chosen."""
    with pytest.raises(UnreadableOutput, match=reason):
        read_json(text)


def test_a_key_twice_with_one_value_is_no_contradiction():
    """Some models repeat themselves."""
    assert read_json('{"a": [1], "a": [1]}')[0] == {"a": [1]}


@pytest.mark.parametrize(
    "text", ['{"a": NaN}', '{"a": Infinity}', '{"a": -1e999}', '{"a": ' + "9" * 9000 + "}"]
)
def test_what_json_does_not_have_is_never_a_number(text):
    """Python's own reader would let it through, or raise in the middle of a number."""
    try:
        data, _ = read_json(text)
    except UnreadableOutput:
        return
    assert isinstance(data["a"], str | None)


def test_half_a_character_is_replaced():
    """A lone surrogate could not be stored as UTF-8."""
    data, repaired = read_json('{"name": "Ada\ud800"}')

    assert data == {"name": "Ada\ufffd"}
    assert repaired


def test_half_a_character_behind_an_escape_is_replaced_too():
    """JSON can write it in ASCII."""
    data, _ = read_json('{"name": "Ada\\ud800", "pair": "\\ud83d\\ude00"}')

    assert data == {"name": "Ada\ufffd", "pair": "😀"}


@pytest.mark.parametrize(
    "text",
    [
        "{" * 100_000,
        '{"a":' * 100_000,
        '{"a": ' + "[" * 50_000 + "]" * 50_000 + "}",
    ],
)
def test_what_would_exhaust_a_parser_is_refused(text):
    """Deep nesting."""
    with pytest.raises(UnreadableOutput):
        read_json(text)


def test_nothing_is_evaluated():
    """Text that would be a program stays text."""
    text = '{"a": __import__("os").system("false")}'
    before = set(sys.modules)

    try:
        data, _ = read_json(text)
    except UnreadableOutput:
        data = {}

    assert all(not callable(value) for value in data.values())
    assert "antigravity" not in set(sys.modules) - before


WEDGES = ['"', "{", "}", "[", "]", ",", ":", "\\", "\n", "\x00", "\u2028", "é😀", "'", "`"]
WEDGES += ["NaN", "null", "1e999", "\\ud800", "//", "<think>"]


def _mangled(chance, text):
    """A reply with a few random changes of the kinds models make."""
    for _ in range(chance.randint(1, 4)):
        place = chance.randrange(len(text) + 1)
        before, after = text[:place], text[place:]
        fault = chance.choice([Fault.FENCED, Fault.PROSE, Fault.DUPLICATE_KEYS])
        text = chance.choice(
            [
                before + after[1:],
                before,
                before + chance.choice(WEDGES) + after,
                before + after * 2,
                text.replace('"', "'"),
                spoil(text, fault)[0],
            ]
        )
    return text


def test_ten_thousand_mangled_replies_are_read_or_refused():
    """None crashes, and what is read fits the schema and can be written as UTF-8."""
    chance, check = random.Random(11), SchemaCheck(FACTS)
    good = json.dumps({"facts": [{"subject": "Ada", "object": "notes"}] * 2, "numbers": [1, 22]})
    outcomes = []
    for _ in range(10_000):
        try:
            data, _ = check.check(read_json(_mangled(chance, good))[0])
        except UnreadableOutput:
            outcomes.append(False)
            continue
        json.dumps(data, ensure_ascii=False, allow_nan=False).encode("utf-8")
        outcomes.append(all(isinstance(fact["subject"], str) for fact in data["facts"]))

    assert len(outcomes) == 10_000
    assert 1_000 < sum(outcomes) < 9_000


@given(st.text(max_size=200) | st.text(alphabet='{}[]",:\\ntrue0123', max_size=60))
def test_any_text_is_an_object_or_refused(text):
    """Whatever comes, there is no third outcome."""
    try:
        data, _ = read_json(text)
    except UnreadableOutput:
        return
    assert isinstance(data, dict)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=12,
)  # fmt: skip


@given(
    st.dictionaries(st.text(st.characters(exclude_categories=["Cs"]), max_size=5), json_values, max_size=4)
)
def test_what_was_written_as_json_is_read_as_it_was(data):
    """With or without a fence around it."""
    text = json.dumps(data)

    assert read_json(text) == (data, False)
    assert read_json(f"```json\n{text}\n```")[0] == data


def test_numbers_and_strings_are_exchanged_where_the_schema_wants_the_other():
    """Also behind a reference, and only there."""
    data = {"facts": [{"subject": "Ada", "object": 1843}], "numbers": ["1", 2]}

    checked, corrected = SchemaCheck(FACTS).check(data)

    assert checked == {"facts": [{"subject": "Ada", "object": "1843"}], "numbers": [1, 2]}
    assert corrected


@pytest.mark.parametrize(
    ("data", "place"),
    [
        ({}, "the object"),
        ({"facts": [{"subject": "Ada"}]}, r"\['facts'\]\[0\]"),
        ({"facts": [{"subject": "Ada", "object": None}]}, r"\['facts'\]\[0\]\['object'\]"),
        ({"facts": [], "numbers": ["one"]}, r"\['numbers'\]\[0\]"),
        ({"facts": [{"subject": True, "object": "x"}]}, r"\['subject'\]"),
    ],
)
def test_what_does_not_fit_is_refused_with_its_place(data, place):
    """No value is invented, and yes is not a name."""
    with pytest.raises(UnreadableOutput, match=f"does not fit the schema: .*{place}"):
        SchemaCheck(FACTS).check(data)


CLOSED = {
    "type": "object",
    "properties": {
        "names": {"type": "array", "items": {"type": "string"}},
        "ends": {"type": "array", "items": {"type": ["string", "null"]}},
        "kept": {"type": "array"},
        "rows": {"type": "array", "items": {"$ref": "#/$defs/Row"}},
    },
    "required": ["names"],
    "additionalProperties": False,
    "$defs": {
        "Row": {
            "type": "object",
            "properties": {"n": {"type": "integer"}},
            "required": ["n"],
            "additionalProperties": False,
        }
    },
}


@pytest.mark.parametrize(
    ("data", "checked"),
    [
        ({"names": ["Ada"], "remark": "All found."}, {"names": ["Ada"]}),
        ({"names": ["Ada", None, "Bo"]}, {"names": ["Ada", "Bo"]}),
        ({"names": [None]}, {"names": []}),
        ({"names": [], "rows": [{"n": 1, "why": "?"}, None]}, {"names": [], "rows": [{"n": 1}]}),
    ],
)
def test_a_remark_or_an_empty_place_costs_no_second_call(data, checked):
    """Members that a closed object does not name, and nulls in lists that may not hold them, are left out."""
    assert SchemaCheck(CLOSED).check(data) == (checked, True)


def test_null_stays_where_the_schema_lets_it():
    """By its type, or because it says nothing of the items."""
    data = {"names": ["Ada", None], "ends": ["a", None], "kept": [None]}

    checked, _ = SchemaCheck(CLOSED).check(data)

    assert checked == {"names": ["Ada"], "ends": ["a", None], "kept": [None]}


@pytest.mark.parametrize("data", [{"remark": "none"}, {"names": None}, {"names": [[None]]}])
def test_leaving_out_makes_up_for_nothing_that_is_missing(data):
    """What is required must be there."""
    with pytest.raises(UnreadableOutput):
        SchemaCheck(CLOSED).check(data)


def test_the_data_given_stays_as_it_was():
    """A corrected copy is returned."""
    data = {"facts": [], "numbers": ["1"]}

    SchemaCheck(FACTS).check(data)

    assert data == {"facts": [], "numbers": ["1"]}
