"""The quick look at a reply: where it says yes, the validator would have found nothing."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

pytest.importorskip("jsonschema", reason="the extra llm is not installed")

from hippograph.adapters.llm_extractor.steps import Step, StepName, Types
from hippograph.adapters.openai_generator.quick_check import quick_check
from hippograph.adapters.openai_generator.schema_check import SchemaCheck
from hippograph.generation.model_answer import ANSWER_SCHEMA
from hippograph.retrieval.recognition import SCHEMA as RECOGNITION

TYPED = Types(("person", "place"), ("born in",))
SCHEMAS = {
    "recognition": RECOGNITION,
    "answer": ANSWER_SCHEMA,
    **{
        f"{name} {bool(types.entities)}": Step(name, types).schema()
        for name in StepName
        for types in (Types(), TYPED)
    },
}
LEAVES = (
    st.none()
    | st.booleans()
    | st.integers(-2, 2)
    | st.just(1.5)
    | st.sampled_from(["a", "person", "born in", ""])
)


def shaped(schema):
    """Data that mostly fits: each place holds what it should, or anything."""
    kind = schema["type"]
    if kind == "object":
        fitting = st.fixed_dictionaries({name: shaped(part) for name, part in schema["properties"].items()})
        fitting |= st.dictionaries(st.sampled_from([*schema["properties"], "more"]), LEAVES, max_size=3)
    elif kind == "array":
        fitting = st.lists(shaped(schema["items"]), max_size=3)
    else:
        good = {
            "string": st.sampled_from(schema.get("enum", ["a"])),
            "integer": st.integers(),
            "boolean": st.booleans(),
        }
        fitting = good.get(kind, st.floats(allow_nan=False, allow_infinity=False))
    return st.one_of(*[fitting] * 9, LEAVES)


@pytest.mark.parametrize("name", SCHEMAS)
@given(chosen=st.data())
def test_what_passes_the_quick_look_fits(name, chosen):
    """Of every schema that is asked for, over data of which most nearly fit: both say the same."""
    from jsonschema import Draft202012Validator

    data = chosen.draw(shaped(SCHEMAS[name]))

    assert quick_check(SCHEMAS[name])(data) == Draft202012Validator(SCHEMAS[name]).is_valid(data)


@pytest.mark.parametrize(
    "schema",
    [
        {
            "type": "object",
            "properties": {"a": {"type": "integer", "minimum": 3}},
            "additionalProperties": False,
        },
        {"type": "object", "properties": {"a": {"type": "integer"}}},
        {"type": ["string", "null"]},
        {"$ref": "#/$defs/a", "$defs": {"a": {"type": "string"}}},
        {"type": "array"},
        {},
        {"type": "array", "items": {"anyOf": [{"type": "string"}]}},
    ],
    ids=json.dumps,
)
@pytest.mark.parametrize("data", [{"a": 1}, {"b": 1}, None, "a", [], ["a"]], ids=json.dumps)
def test_a_schema_with_other_words_is_left_to_the_validator(schema, data):
    """The quick look says yes to nothing, and the check says what it always said."""
    from jsonschema import Draft202012Validator

    assert not quick_check(schema)(data)
    if Draft202012Validator(schema).is_valid(data):
        assert SchemaCheck(schema).check(data) == (data, False)
