"""Answers checked while they are written: over the toy world, by a scripted model, by a server, and by none."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import pytest
from typer.testing import CliRunner

from hippograph import toy
from hippograph.adapters.openai_generator import OpenAIGenerator
from hippograph.checked_answering import ask_checked, claims_of
from hippograph.cli.app import app
from hippograph.engine import Hippograph
from hippograph.errors import ModelRefused, ModelUnavailable, SettingsError
from hippograph.generation.claims import RuleVerifier
from hippograph.generation.extractive import NOTHING_FOUND
from hippograph.generation.model_answer import NOT_IN_THE_DOCUMENTS, LlmAnswerer
from hippograph.settings import WorkingMemorySettings
from hippograph.types import Answer, Citation, CitedSentence, RefreshKind, Verdict, VerdictKind
from hippograph.working_memory.log import LogDamaged, log_records, read_log, replay
from tests.model_server import ModelServer, messages_text
from tests.scripted_model import RepliesInTurn

ASKED = "Who was Luigi Menabrea?"
BORN, TURIN = "Luigi Menabrea was born in Chambéry in 1809.", "Luigi Menabrea was born in Turin in 1809."
ROME = "Luigi Menabrea was born in Rome in 1809."
MINISTER = "From 1867 to 1869 Luigi Menabrea was prime minister of Italy."
ARTICLE = "In 1842 Luigi Menabrea published an article about the Analytical Engine in French."
SOURCES = {
    BORN: BORN,
    TURIN: BORN,
    ROME: BORN,
    MINISTER: "From 1867 to 1869 he was prime minister of Italy.",
    ARTICLE: "In 1842 he published an article about the Analytical Engine in French.",
}


def reply_in(prompt, *sentences, found=True, short="", cites=None):
    """A reply that cites the sentence each rests on by the number it has in the prompt; 1 where it has none."""
    shown = {
        line.partition("] ")[2]: int(line[1 : line.index("]")])
        for line in prompt.splitlines()
        if line.startswith("[")
    }
    written = [
        {"text": text, "cites": cites or [shown.get(SOURCES[text], 1)], "quotes": [], "certainty": 0.9}
        for text in sentences
    ]
    return {"in_documents": found, "sentences": written, "short": short, "certainty": 0.8}


def says(*sentences, **more):
    """What a model says to any request: these sentences."""

    def reply(request):
        return reply_in("\n".join(message.content for message in request.messages), *sentences, **more)

    return reply


DONE = says(found=False)


def so_far(request):
    """What a request shows as written."""
    lines = request.messages[-1].content.splitlines()
    return [line.removeprefix("written so far: ") for line in lines if line.startswith("written so far: ")]


@pytest.fixture
def asked_of(toy_index, settings, parts):
    """The toy world with a model, settings of its working memory, and whatever verifier is given."""

    def ask(model, verifier=None, question=ASKED, **knobs):
        knobs = {"search_every": 0, **knobs}
        changed = settings.model_copy(update={"working_memory": WorkingMemorySettings(**knobs)})
        plugged = replace(parts, generator=model, answerer=LlmAnswerer(model))
        with Hippograph.open(toy_index.status().folder, settings=changed, parts=plugged) as memory:
            judge = verifier or RuleVerifier(memory.embedder)
            *sentences, answer = ask_checked(
                question, memory.searching, memory.parts, changed, lambda generator: judge
            )
        assert tuple(sentences) == answer.sentences or answer.method == "extractive"
        return answer

    return ask


def kinds(answer, *wanted):
    """Kind and sentence of some lines of the log."""
    return [
        (line.kind.value, line.sentence.text) for line in answer.trace.refreshes if line.kind.value in wanted
    ]


# ----------------------------------------------------------------- what is borne out


def test_a_false_sentence_is_removed_its_evidence_admitted_and_what_comes_next_written_once_more(asked_of):
    """The model errs, is asked again from what was accepted, and puts it right; nothing false is ever shown."""
    model = RepliesInTurn(says(MINISTER, TURIN), says(BORN))

    answer = asked_of(model, capacity=1, unit_tokens=16)

    assert [each.text for each in answer.sentences] == [MINISTER, BORN]
    assert so_far(model.requests[1]) == [MINISTER]
    assert kinds(answer, "accepted", "removed") == [
        ("accepted", MINISTER),
        ("removed", TURIN),
        ("accepted", BORN),
    ]


def test_the_evidence_on_what_was_false_is_shown_when_the_sentence_is_written_anew(asked_of):
    """With room for one unit only, the deciding sentence takes it: the second request holds it, the first did not."""
    model = RepliesInTurn(says(TURIN, cites=[1]), says(BORN))

    answer = asked_of(model, question="Who designed the Analytical Engine?", capacity=1, unit_tokens=16)

    first, second = (request.messages[-1].content for request in model.requests)
    assert (BORN in first, BORN in second) == (False, True)
    removed = next(line for line in answer.trace.refreshes if line.kind is RefreshKind.REMOVED)
    admitted = [line for line in answer.trace.refreshes if line.why.startswith("evidence on a claim")]
    assert [claim.verdict.citation.sentence for claim in removed.claims] == [BORN]
    assert BORN in admitted[-1].unit.text


def test_a_sentence_is_written_anew_once_at_most(asked_of):
    """A model that errs again, in other words, is not asked a third time for that sentence; the rest goes on."""
    model = RepliesInTurn(says(TURIN, MINISTER), says(ROME, MINISTER))

    answer = asked_of(model)

    assert [each.text for each in answer.sentences] == [MINISTER]
    assert len(model.requests) == 2


def test_what_a_search_brings_in_is_no_reason_to_write_a_sentence_a_third_time(asked_of):
    """Each attempt is searched for and something new enters; still there are two attempts, and the rest is read on."""
    model = RepliesInTurn(says(TURIN, MINISTER), says(ROME, MINISTER), *[DONE] * 9)

    answer = asked_of(model, search_every=1, capacity=2, unit_tokens=16)

    removed = [line for line in answer.trace.refreshes if line.kind is RefreshKind.REMOVED]
    assert [line.sentence.text for line in removed] == [TURIN, ROME]
    assert [each.text for each in answer.sentences] == [MINISTER]
    assert so_far(model.requests[2]) == [MINISTER]


def test_a_model_that_insists_does_not_get_its_way(asked_of):
    """The very same sentence again is out at once, and what follows it is read on."""
    model = RepliesInTurn(says(TURIN, MINISTER), says(TURIN, MINISTER))

    answer = asked_of(model)

    assert [each.text for each in answer.sentences] == [MINISTER]
    assert [line.why for line in answer.trace.refreshes if line.kind is RefreshKind.REMOVED][1:] == [
        "It was removed before."
    ]


def test_kept_as_in_the_paper_the_second_attempt_stays_whatever_it_says(asked_of):
    """`unsupported = "keep"`: the log says that it is not borne out."""
    answer = asked_of(RepliesInTurn(says(TURIN), says(ROME)), unsupported="keep")

    assert [each.text for each in answer.sentences] == [ROME]
    assert any("not borne out" in line.why for line in answer.trace.refreshes if line.kind == "accepted")


def test_an_answer_that_never_becomes_supported_is_not_in_the_documents(asked_of):
    """Every sentence false, first and second: a refusal, not an answer, and a bounded number of calls."""
    model = RepliesInTurn(*[says(TURIN, ROME)] * 9)

    answer = asked_of(model)

    assert (answer.refusal, answer.citations, answer.confidence) == (NOT_IN_THE_DOCUMENTS, (), 0.0)
    assert len(model.requests) == 2


def test_the_short_answer_falls_with_the_sentence_it_came_from(asked_of):
    """Turin was removed, so the answer is not Turin; what stands in a kept sentence may be short."""
    fallen = asked_of(RepliesInTurn(says(MINISTER, TURIN), says(TURIN, short="Turin")))
    stands = asked_of(RepliesInTurn(says(BORN, short="Chambéry")))

    assert (fallen.span, stands.span) == (None, "Chambéry")


def test_yes_or_no_stands_only_where_nothing_fell(asked_of):
    """No sentence would hold the word, so it rests on all of them."""
    fallen = asked_of(RepliesInTurn(says(MINISTER, TURIN), says(TURIN, short="yes")))
    stands = asked_of(RepliesInTurn(says(BORN, short="Yes.")))

    assert (fallen.span, stands.span) == (None, "Yes.")


def test_a_sentence_that_names_no_source_is_left_out(asked_of):
    """And so is one that cites a number it was never shown."""
    answer = asked_of(RepliesInTurn(says(BORN, cites=[99])))

    assert answer.refusal == NOT_IN_THE_DOCUMENTS
    assert any("[99]" in warning for warning in answer.trace.warnings)


def test_where_nothing_was_found_no_model_is_asked(toy_index, settings, parts):
    """An index without documents: a refusal that says so, and no warning."""
    model = RepliesInTurn()
    plugged = replace(parts, generator=model, answerer=LlmAnswerer(model))
    toy_index.remove(list(toy.TEXTS))

    with Hippograph.open(toy_index._folder, settings=settings, parts=plugged) as memory:
        answer = memory.ask(ASKED, working_memory=True)

    assert (answer.refusal, answer.trace.warnings, model.requests) == (NOTHING_FOUND, (), [])


def test_nothing_is_said_against_an_answer_that_is_not_there(asked_of):
    """The model says that the documents hold none: a refusal after one call."""
    model = RepliesInTurn(DONE)

    assert asked_of(model).refusal == NOT_IN_THE_DOCUMENTS
    assert len(model.requests) == 1


# ----------------------------------------------------------------- when to look again


def test_each_sentence_is_searched_for_and_what_comes_next_is_written_from_what_was_found(asked_of):
    """With room for two short units, what a sentence needs enters, older units leave, and the stream is left."""
    model = RepliesInTurn(says(BORN, MINISTER), *[says(MINISTER), DONE] * 9)

    answer = asked_of(model, search_every=1, capacity=2, unit_tokens=16)

    assert [each.text for each in answer.sentences] == [BORN, MINISTER]
    assert so_far(model.requests[1]) == [BORN]
    whys = {line.why for line in answer.trace.refreshes if line.unit}
    assert {"found for the question", "found for the sentence just written", "makes room (fifo)"} <= whys


def test_a_stream_is_read_on_while_the_memory_stands(asked_of):
    """Nothing new is found, so three sentences take one call."""
    model = RepliesInTurn(says(BORN, MINISTER, ARTICLE))

    assert len(asked_of(model).sentences) == 3
    assert len(model.requests) == 1


@dataclass
class Noting:
    """A verifier that says yes and notes what it was asked."""

    asked: list
    name: str = "noting"

    def verify(self, claim, evidence):
        self.asked.append(claim.sentence)
        return Verdict(VerdictKind.SUPPORTED, None, "so", 1.0)


def test_checking_every_second_sentence_checks_two_at_once_and_the_last_at_the_end(asked_of):
    """T_v = 2 over three sentences: nobody escapes, and the checks come after the second and at the end."""
    noting = Noting([])

    answer = asked_of(RepliesInTurn(says(BORN, MINISTER, ARTICLE)), noting, check_every=2)

    assert noting.asked == [BORN, MINISTER, ARTICLE]
    order = [line.kind.value for line in answer.trace.refreshes if line.sentence]
    assert order == ["written", "written", "accepted", "accepted", "written", "accepted"]


def test_what_was_written_after_a_falsehood_is_written_anew_with_it(asked_of):
    """The answer goes back to the last accepted sentence; what followed is not held against itself."""
    model = RepliesInTurn(says(MINISTER, TURIN, ARTICLE), says(BORN, ARTICLE))

    answer = asked_of(model, check_every=3)

    assert [each.text for each in answer.sentences] == [MINISTER, BORN, ARTICLE]
    assert so_far(model.requests[1]) == [MINISTER]


def test_only_doubtful_sentences_are_checked_when_confidence_is_the_trigger(asked_of):
    """A sentence in its source's own words passes; one in few of them is looked into."""
    noting = Noting([])

    asked_of(RepliesInTurn(says(BORN, TURIN)), noting, trigger="low_confidence", low_confidence=0.85)

    assert noting.asked == [TURIN]


def test_checking_may_be_left_out(asked_of):
    """`check_every = 0` asks no verifier; the log says that nothing was checked."""
    noting = Noting([])

    answer = asked_of(RepliesInTurn(says(TURIN)), noting, check_every=0)

    assert (noting.asked, [each.text for each in answer.sentences]) == ([], [TURIN])
    assert [line.why for line in answer.trace.refreshes if line.kind == "accepted"] == ["not checked"]


# ----------------------------------------------------------------- bounds and failures


@dataclass
class Down:
    """A verifier that cannot be reached."""

    error: Exception
    name: str = "down"

    def verify(self, claim, evidence):
        raise self.error


@pytest.mark.parametrize("error", [ModelUnavailable("the verifier is down"), ModelRefused("wrong key")])
def test_a_verifier_that_fails_is_said_in_the_trace_and_the_answer_goes_on(asked_of, error):
    """Nothing is removed for want of a verdict, and nothing passes for checked."""
    answer = asked_of(RepliesInTurn(says(BORN, MINISTER)), Down(error))

    assert len(answer.sentences) == 2
    assert any("verifier failed on 2 claims or sentences" in warning for warning in answer.trace.warnings)
    assert [line.why for line in answer.trace.refreshes if line.kind == "accepted"] == ["not checked"] * 2
    assert str(error) in next(line.why for line in answer.trace.refreshes if line.kind == "unchecked")


def test_a_model_that_fails_on_the_way_leaves_what_was_borne_out(asked_of):
    """The first sentence stands, and the warning says that the answer ends early."""
    model = RepliesInTurn(says(BORN, TURIN), ModelUnavailable("gone"))

    def broken(request):
        raise ModelUnavailable("gone")

    model.replies[1] = broken
    answer = asked_of(model)

    assert [each.text for each in answer.sentences] == [BORN]
    assert any("gone" in warning for warning in answer.trace.warnings)


def test_a_model_that_never_answers_leaves_the_extractive_answer(asked_of):
    """An outage never looks like "not in the documents"."""

    def broken(request):
        raise ModelUnavailable("gone")

    answer = asked_of(RepliesInTurn(broken))

    assert (answer.method, answer.refusal) == ("extractive", None)
    assert any("gone" in warning for warning in answer.trace.warnings)


def test_a_model_without_an_end_is_stopped(asked_of):
    """New words for ever: the answer has as many sentences as it may have."""

    def endless(request):
        number = len(so_far(request))
        prompt = "\n".join(message.content for message in request.messages)
        texts = [f"Luigi Menabrea was born in Chambéry in 1809, says source {number + n}." for n in range(20)]
        SOURCES.update(dict.fromkeys(texts, BORN))
        return reply_in(prompt, *texts)

    model = RepliesInTurn(*[endless] * 99)
    answer = asked_of(model, Noting([]), most_sentences=7)

    assert len(answer.sentences) == 7
    assert len(model.requests) == 1
    assert answer.trace.refreshes[-1].why == "the answer has 7 sentences"


def test_the_calls_of_one_answer_are_bounded(asked_of):
    """Two calls allowed, and each sentence asks for another: the answer ends with what it has, and says why."""
    model = RepliesInTurn(*[says(BORN, MINISTER, ARTICLE), says(MINISTER, ARTICLE), says(ARTICLE)])

    answer = asked_of(model, search_every=1, capacity=2, unit_tokens=16, most_model_calls=2)

    assert len(model.requests) == answer.usage.llm_calls == 2
    assert [each.text for each in answer.sentences][:1] == [BORN]
    assert any("budget" in warning for warning in answer.trace.warnings)


# ----------------------------------------------------------------- the log


@pytest.mark.parametrize(
    "knobs",
    [
        {},
        {"search_every": 1, "capacity": 2, "unit_tokens": 16},
        {"search_every": 1, "capacity": 2, "unit_tokens": 16, "eviction": "relevance"},
        {"search_every": 1, "form": "consolidated", "state_tokens": 64},
        {"search_every": 1, "capacity": 3, "unit_tokens": 16, "fold_uncited": True},
    ],
)
def test_an_answer_can_be_told_again_from_its_log_alone(asked_of, knobs):
    """Through JSON and back: the same sentences, the same text, and what was held when each was written."""
    model = RepliesInTurn(says(TURIN, MINISTER), *[says(BORN, MINISTER)] * 9)
    answer = asked_of(model, **knobs)
    records = json.loads(json.dumps(log_records(answer.trace.refreshes)))

    told = replay(read_log(records), knobs.get("capacity", 64))

    assert told.sentences == answer.sentences
    assert told.text() == answer.text
    assert TURIN in told.removed
    assert all(units for units in told.units)


def test_the_same_question_to_the_same_model_gives_the_same_trace(asked_of):
    """Byte for byte, but for the times."""
    first, second = (
        json.dumps(log_records(asked_of(RepliesInTurn(says(TURIN), says(BORN))).trace.refreshes))
        for _ in range(2)
    )

    assert first == second


def test_a_consolidated_memory_never_grows(asked_of):
    """However much is read, no more than so many tokens are held at any line of the log."""
    model = RepliesInTurn(*[says(BORN, MINISTER, ARTICLE)] * 9)
    answer = asked_of(model, search_every=1, form="consolidated", state_tokens=64)

    held, most = {}, 0
    for line in answer.trace.refreshes:
        if line.kind is RefreshKind.ADMITTED:
            held[line.unit.id] = line.unit.tokens
        elif line.kind is RefreshKind.EVICTED:
            del held[line.unit.id]
        most = max(most, sum(held.values()))
    assert 0 < most <= 64


def test_a_log_that_does_not_add_up_is_refused(asked_of):
    """Something leaves that never entered; a sentence nobody wrote; too much held; no log at all."""
    log = asked_of(RepliesInTurn(says(BORN))).trace.refreshes
    entered = [line for line in log if line.kind is RefreshKind.ADMITTED]
    accepted = [line for line in log if line.kind is RefreshKind.ACCEPTED]

    for wrong in (
        lambda: replay([replace(entered[0], kind=RefreshKind.EVICTED)]),
        lambda: replay([entered[0], entered[0]]),
        lambda: replay(accepted),
        lambda: replay(log, capacity=1),
        lambda: read_log([{"step": 1}]),
    ):
        with pytest.raises(LogDamaged):
            wrong()


# ----------------------------------------------------------------- without a model, on a server, from the shell


def test_off_nothing_is_checked_and_nothing_is_paid(toy_index):
    """The answer without it is the answer of before, and its trace holds no log."""
    plain = toy_index.ask(ASKED)

    assert plain.trace.refreshes == ()
    assert toy_index.ask(ASKED, working_memory=False).text == plain.text


@pytest.mark.parametrize("asked", toy.QUESTIONS)
def test_the_lite_grade_checks_its_copied_sentences_too(toy_index, asked):
    """What it answered before stays, as every sentence is the documents' own, and the log replays."""
    plain, checked = toy_index.ask(asked.question), toy_index.ask(asked.question, working_memory=True)

    assert (checked.refusal is None) == (plain.refusal is None)
    assert {each.sentence for each in plain.citations} <= {each.sentence for each in checked.citations}
    told = replay(checked.trace.refreshes, WorkingMemorySettings().capacity)
    assert [each.text for each in told.sentences] == [each.sentence for each in checked.citations]


def test_a_shape_is_not_written_sentence_by_sentence(toy_index):
    """Asked for both, the call is wrong and says so."""
    with pytest.raises(SettingsError, match="one piece"):
        toy_index.ask(ASKED, {"type": "object"}, working_memory=True)


def test_pronouns_are_read_from_the_sentences_before(toy_index):
    """ "He" is who the last sentence was about."""
    before = CitedSentence(BORN, ())
    after = CitedSentence("He was prime minister of Italy.", (Citation("p", "d", "", "", "", 0, 1),))

    assert [claim.text for claim in claims_of([before], after)] == [
        "Luigi Menabrea was prime minister of Italy."
    ]


def test_it_works_through_a_server_that_streams(toy_index, settings, parts):
    """Over HTTP: a stream is left in the middle, and the next request shows what was accepted."""
    replies = [[MINISTER, TURIN, ARTICLE], [BORN]]

    def written(body):
        return json.dumps(reply_in(messages_text(body), *replies.pop(0)))

    with ModelServer(reply=written) as server:
        model = OpenAIGenerator(server.settings())
        plugged = replace(parts, generator=model, answerer=LlmAnswerer(model))
        knobs = settings.model_copy(update={"working_memory": WorkingMemorySettings(search_every=0)})
        with Hippograph.open(toy_index.status().folder, settings=knobs, parts=plugged) as memory:
            *sentences, answer = memory.ask_stream(ASKED, working_memory=True)
        prompts = [call.text() for call in server.chats()]

    assert isinstance(answer, Answer)
    assert [each.text for each in sentences] == [MINISTER, BORN]
    assert [f"written so far: {MINISTER}" in prompt for prompt in prompts] == [False, True]
    assert answer.usage.llm_calls == 2


def run(*arguments):
    return CliRunner().invoke(app, [str(each) for each in arguments], prog_name="hippograph")


@pytest.fixture
def indexed(environment_without_a_model, toy_index):
    folder = toy_index.status().folder
    toy_index.close()
    return folder


def test_the_command_shows_what_was_read_and_checked(indexed):
    """The answer, then the log; as JSON the log is part of the trace, and only then."""
    shown = run("ask", ASKED, "--index", indexed, "--check-while-writing", "--show-refreshes")
    record = json.loads(run("ask", ASKED, "--index", indexed, "--check-while-writing", "--json").stdout)
    plain = json.loads(run("ask", ASKED, "--index", indexed, "--json").stdout)

    assert shown.exit_code == 0
    assert "admitted" in shown.stdout
    assert "accepted" in shown.stdout
    assert replay(read_log(record["trace"]["refreshes"])).held
    assert "refreshes" not in plain["trace"]


def test_the_command_refuses_a_shape_beside_it(indexed, tmp_path):
    """Exit code 2."""
    schema = tmp_path / "shape.json"
    schema.write_text('{"type": "object"}')

    assert run("ask", ASKED, "--index", indexed, "--check-while-writing", "--schema", schema).exit_code == 2


def test_the_example_shows_what_it_says(capsys):
    """The falsehood is removed, the truth accepted, the log replays, and the old home has its time closed."""
    file = Path(__file__).resolve().parents[2] / "examples" / "checked_answer.py"
    spec = spec_from_file_location("checked_answer", file)
    example = module_from_spec(spec)
    spec.loader.exec_module(example)

    example.main()

    shown = capsys.readouterr().out
    assert f"removed    {example.FALSE}" in shown
    assert f"accepted   {example.TRUE}" in shown
    assert "told again from its log: True" in shown
    assert "replace: I live in Ribe. held until March 2026" in shown
