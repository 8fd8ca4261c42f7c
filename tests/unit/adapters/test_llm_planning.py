"""Plans: as many calls as are then made, tokens near those then taken, money by the prices, nothing sent."""

import pytest

from hippograph.adapters.llm_extractor import LlmExtractor, plan_extraction
from hippograph.adapters.llm_extractor.planning import Unasked
from hippograph.adapters.scripted_generator import ScriptedGenerator
from hippograph.errors import ModelRefused
from hippograph.settings import ExtractionSettings, GeneratorSettings
from hippograph.text.sentences import split_sentences
from hippograph.types import DocumentId, Message, ModelRequest, Passage, PassageId, Sentence
from tests.recorded_extractions import RecordedExtractions

TEXTS = [
    f"Person {n} met Guest {n} in the harbour of Marren, where the Garrow Light stands. They spoke of salt."
    for n in range(12)
]
FOUND = {
    text: (
        [f"Person {n}", f"Guest {n}", "Marren", "Garrow Light"],
        [[f"Person {n}", "met", f"Guest {n}"], ["Garrow Light", "stands in", "Marren"]],
    )
    for n, text in enumerate(TEXTS)
}


def passages(texts=TEXTS):
    rows = []
    for text in texts:
        sentences = tuple(Sentence(text[a:b], a, b) for a, b in split_sentences(text))
        rows.append(Passage(PassageId(text), DocumentId("d"), "", "", text, 0, len(text), 0, sentences))
    return rows


@pytest.mark.parametrize("settings", [{}, {"variant": "one-call"}, {"passages_per_call": 5}])
def test_a_plan_foresees_the_calls_and_nearly_the_tokens(settings):
    """Calls exactly, prompt tokens within a fifth, each step by itself."""
    extraction = ExtractionSettings(**settings)
    plan = plan_extraction(passages(), GeneratorSettings(), extraction)
    generator = ScriptedGenerator(RecordedExtractions(FOUND))

    LlmExtractor(generator, extraction).extract(passages())
    used = list(generator.usage().values())

    assert [step.calls for step in plan.steps] == [each.llm_calls for each in used]
    for step, each in zip(plan.steps, used, strict=True):
        assert step.prompt_tokens == pytest.approx(each.prompt_tokens, rel=0.2)
    assert plan.total.calls == sum(each.llm_calls for each in used)
    assert plan.passages == 12


def test_money_is_tokens_by_their_prices_and_half_in_a_batch():
    """Prices are for a million tokens."""
    prices = GeneratorSettings(prompt_price=2, completion_price=8, currency="EUR")
    extraction = ExtractionSettings(variant="one-call")

    plan = plan_extraction(passages(), prices, extraction)
    batch = plan_extraction(passages(), prices, extraction, batch=True)

    total = plan.total
    assert total.cost == pytest.approx(
        (2 * total.prompt_tokens + 8 * total.completion_tokens) / 1e6, abs=1e-6
    )
    assert batch.total.cost == pytest.approx(total.cost / 2, abs=1e-6)
    assert plan.currency == "EUR"


def test_what_the_journal_holds_is_taken_off():
    """Of twelve passages four are read, and of one more the entities: a run that ended on the way goes on there."""
    left = [None] * 9

    def until(request):
        if not left:
            raise KeyboardInterrupt
        left.pop()
        return RecordedExtractions(FOUND)(request)

    made = LlmExtractor(ScriptedGenerator(until), ExtractionSettings(), at_once=1)
    with pytest.raises(KeyboardInterrupt):
        made.extract(passages())

    plan = plan_extraction(passages(), GeneratorSettings(), ExtractionSettings(), made)

    assert plan.read == 4
    assert [(step.name, step.calls) for step in plan.steps] == [("entities", 7), ("facts", 8)]


def test_rounds_of_gleaning_are_counted_for_every_passage():
    """At most so many: a passage of which nothing is missing ends earlier."""
    plan = plan_extraction(
        passages(), GeneratorSettings(), ExtractionSettings(variant="one-call", gleanings=2)
    )

    assert [(step.name, step.calls) for step in plan.steps] == [("both", 12), ("missed", 24)]


def test_a_passage_that_will_not_fit_is_told():
    """It will cost nothing, and be a failure."""
    generator = GeneratorSettings(context_tokens=700)

    plan = plan_extraction(
        passages(["word " * 180, TEXTS[0]]), generator, ExtractionSettings(variant="one-call")
    )

    assert (plan.unfit, plan.total.calls) == (1, 1)


def test_a_plan_asks_nobody():
    """Its stand-in for the model refuses."""
    request = ModelRequest((Message("user", "?"),), "extract")

    with pytest.raises(ModelRefused):
        Unasked(GeneratorSettings()).generate(request)
