"""Shapes of answers: any schema fits into the reply's, and means there what it meant alone."""

from __future__ import annotations

import pytest
from pydantic import BaseModel

from hippograph.errors import SettingsError, UnreadableOutput
from hippograph.generation.model_answer import ANSWER_SCHEMA
from hippograph.generation.shape import in_shape, reply_schema, schema_of
from tests.scripted_model import answer_data


class Town(BaseModel):
    """A town."""

    name: str
    founded: int | None = None


class Route(BaseModel):
    """Towns, and the routes that go on from them."""

    towns: list[Town]
    onward: list[Route] = []


TREE = {
    "type": "object",
    "properties": {"children": {"type": "array", "items": {"$ref": "#"}}},
    "required": ["children"],
}
OLD = {"$ref": "#/definitions/Size", "definitions": {"Size": {"type": "integer", "minimum": 1}}}
POINTER = {
    "type": "object",
    "properties": {"low": {"type": "integer"}, "high": {"$ref": "#/properties/low"}},
    "required": ["high"],
}

CASES = [
    (schema_of(Town), {"name": "Ribe", "founded": 710}, {"founded": 710}),
    (
        schema_of(Route),
        {"towns": [], "onward": [{"towns": [{"name": "Ribe"}]}]},
        {"towns": [], "onward": [{}]},
    ),
    (TREE, {"children": [{"children": []}]}, {"children": [{}]}),
    (OLD, 3, 0),
    (POINTER, {"high": 3}, {"high": "three"}),
]


@pytest.mark.parametrize(
    ("schema", "fit", "unfit"), CASES, ids=["flat", "nested", "itself", "definitions", "pointer"]
)
def test_a_schema_accepts_within_the_reply_what_it_accepts_alone(schema, fit, unfit):
    """References go on pointing to their own parts, wherever these stand."""
    jsonschema = pytest.importorskip("jsonschema", reason="the extra llm is not installed")
    whole = jsonschema.Draft202012Validator(reply_schema(ANSWER_SCHEMA, schema))
    alone = jsonschema.Draft202012Validator(schema)
    reply = answer_data(("So.", [1]))

    for data in (fit, unfit):
        assert whole.is_valid({**reply, "data": data}) is alone.is_valid(data)
    assert [whole.is_valid({**reply, "data": data}) for data in (fit, unfit, None)] == [True, False, True]
    assert not whole.is_valid(reply)


def test_whether_the_documents_hold_it_is_said_first():
    """The order of the members is the order in which a model writes them."""
    schema = reply_schema(ANSWER_SCHEMA, schema_of(Town))

    assert list(schema["properties"]) == schema["required"]
    assert schema["required"] == ["in_documents", "data", "sentences", "short", "certainty"]


def test_what_was_given_is_left_as_it_was():
    """Neither the answer's schema nor the caller's is changed."""
    before = repr(ANSWER_SCHEMA), repr(TREE)
    reply_schema(ANSWER_SCHEMA, TREE)

    assert (repr(ANSWER_SCHEMA), repr(TREE)) == before


def test_data_become_an_instance_of_the_class_and_stay_json_otherwise():
    """A class validates; a schema was held against the data by the generator; no answer is no data."""
    assert in_shape(Town, {"name": "Ribe"}) == Town(name="Ribe")
    assert in_shape(TREE, {"children": []}) == {"children": []}
    assert in_shape(Town, None) is None
    with pytest.raises(UnreadableOutput, match=r"Town: founded"):
        in_shape(Town, {"name": "Ribe", "founded": "long ago"})


@pytest.mark.parametrize("shape", [str, {}, "town", None, [Town], {"description": "a town"}])
def test_what_is_no_shape_is_refused(shape):
    """The message shows one that is."""
    with pytest.raises(SettingsError, match='"properties"'):
        schema_of(shape)
