"""From dated documents to answers as of a date: what was known and held then, and what changed."""

from __future__ import annotations

import json
import runpy
from datetime import UTC, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner

from hippograph.cli.app import app
from hippograph.engine import Hippograph
from hippograph.errors import IndexNotFound, QuestionError, SettingsError
from hippograph.settings import Settings
from hippograph.types import CitedSentence, Document

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "changing_corpus.py"
WITHOUT_A_MODEL = {"splitter": "plain", "embedder": "hashing", "vectors": "numpy"}
ALL = {"functional": ["*"]}


def notice(name, date, text, **more):
    moment = datetime.fromisoformat(date).replace(tzinfo=UTC) if date else None
    return Document(f"{name}@{date}", name, text, timestamp=moment, **more)


PLANS = [
    notice("Plan 9", "2020-01-10", "Status: Draft\nOwner: Ada Quist\n\nPlan 9 is about bridges.\n"),
    notice("Plan 9", "2021-02-10", "Status: Accepted\nOn: 2021-02-10\n"),
    notice("Plan 9", "2022-03-10", "Status: Final\nOwner: Bo Ark\n"),
    notice("Plan 12", "2021-06-01", "Status: Draft\n\nPlan 12 is about ferries.\n"),
    notice("Ada Quist", "2020-01-01", "Ada Quist lives in Lund."),
    notice("Ada Quist", "2021-05-05", "Ada Quist lives in Osk."),
    notice("Bo Ark", "2020-02-02", "Bo Ark lives in Marren."),
]


@pytest.fixture
def remember(tmp_path, settings, parts):
    """Index documents under some settings of time."""
    opened = []

    def remember_(documents, **time):
        chosen = settings.model_copy(update={"time": type(settings.time)(**{**ALL, **time})})
        folder = tmp_path / f"memory-{len(opened)}"
        opened.append(Hippograph.build(documents, folder, settings=chosen, parts=parts))
        return opened[-1]

    yield remember_
    for memory in opened:
        memory.close()


def test_the_example_tells_three_dates_apart(capsys, tmp_path):
    """The shipped example answers each date by what held, disputes two truths, and reopens what was closed."""
    main = runpy.run_path(str(EXAMPLE))["main"]
    main(tmp_path / "index", Settings(models=WITHOUT_A_MODEL))
    told = capsys.readouterr().out

    assert "as of 1 February 2021: in service" in told
    assert "as of 1 July 2022: laid up" in told
    assert "as of 1 December 2023: in service" in told
    assert "as of 2020: Nothing about Selkie had been observed by 2020-12-31" in told
    assert "2022-03-12 to 2023-10-02: laid up  (a newer statement says 'in service')" in told
    assert "Tern, Status: in service -> sold" in told
    assert "4  stopped   nothing is missing" in told
    assert "accepted  Master: Una Strand: borne out" in told
    assert "The documents disagree: 'in repair' against 'sold'." in told
    assert "Without both notices the Tern is in service again." in told


@pytest.mark.parametrize(
    ("date", "status"),
    [
        ("2020-01-10", "Draft"),
        ("2021-02-09", "Draft"),
        ("2021-02-10", "Accepted"),
        ("2022", "Final"),
        ("2500", "Final"),
    ],
)
def test_what_held_on_a_date_is_answered_from_intervals(remember, date, status):
    """The day of a change belongs to the new value; a year counts to its end."""
    answer = remember(PLANS).ask("What is the status of Plan 9?", as_of=date)

    assert answer.span == status
    assert answer.method == "intervals"
    assert answer.citations[0].sentence == f"Status: {status}"


def test_questions_of_change_need_no_date(remember):
    """When, before, after, at and between are asked of the intervals as they are now."""
    memory = remember(PLANS)

    assert memory.ask("When did the status of Plan 9 change to Final?").span == "2022-03-10"
    assert memory.ask("When did Plan 9 become Accepted?").span == "2021-02-10"
    assert memory.ask("What was the status of Plan 9 before Final?").span == "Accepted"
    assert memory.ask("What was the status of Plan 9 before 2021?").span == "Draft"
    assert memory.ask("What was the status of Plan 9 after Draft?").span == "Accepted"
    assert memory.ask("Who was the previous owner of Plan 9?").span == "Ada Quist"
    assert memory.ask("What was the status of Plan 9 in June 2021?").span == "Accepted"
    changed = memory.ask("What changed between 2022 and 2023 for Plan 9?")
    assert "Plan 9: Status: Accepted → Final (since 2022-03-10)" in changed.text
    assert "Plan 12" not in changed.text


def test_an_answer_over_two_relations_uses_what_held_then(remember):
    """The owner changed and the owner moved: each step is taken at the date."""
    memory = remember(PLANS)
    question = "Where does the owner of Plan 9 live?"

    assert memory.ask(question, as_of="2020-06-01").span == "Lund"
    assert memory.ask(question, as_of="2021-06-01").span == "Osk"
    assert memory.ask(question, as_of="2022-06-01").span == "Marren"


def test_before_something_was_observed_the_answer_is_that_nothing_was(remember):
    """Asked as of a date before the first document about it, the answer is a refusal that names that document."""
    memory = remember(PLANS)
    for question in ("What is the status of Plan 12?", "What is Plan 12 about?", "Who owns Plan 12?"):
        answer = memory.ask(question, as_of="2021-05-31")
        assert answer.refusal == (
            "Nothing about Plan 12 had been observed by 2021-05-31; it is first named in a document of 2021-06-01."
        )
        assert answer.citations == ()
    assert memory.ask("What is the status of Plan 12?", as_of="2021-06-01").span == "Draft"


def test_search_as_of_a_date_shows_what_held_then_first(remember):
    """The statement in force leads; older ones of the same relation and later documents are not there."""
    memory = remember(PLANS)
    found = memory.explain("What is the status of Plan 9?", k=5, as_of="2021-12-31")
    shown = [each.passage.document for each in found.passages]

    assert shown[0] == "Plan 9@2021-02-10"
    assert "Plan 9@2020-01-10" not in shown
    assert "Plan 9@2022-03-10" not in shown
    assert any("observed later" in warning for warning in found.trace.warnings)
    assert any("left out" in warning for warning in found.trace.warnings)


def test_a_search_about_an_earlier_time_shows_what_held_at_that_time(remember):
    """A date in the question counts before the date of asking; a question of change hides nothing."""
    memory = remember(PLANS)
    earlier = memory.search("What was the status of Plan 9 in June 2020?", as_of="2023")
    change = memory.search("When did the status of Plan 9 change?", k=9, as_of="2023")

    assert earlier[0].passage.document == "Plan 9@2020-01-10"
    assert {f"Plan 9@{date}" for date in ("2020-01-10", "2021-02-10", "2022-03-10")} <= {
        each.passage.document for each in change
    }


def test_deleting_the_closing_document_reopens_the_interval(remember):
    """History is what the documents that are there say, however they came."""
    memory = remember(PLANS)
    before = memory.history("Plan 9", "status")
    memory.remove(["Plan 9@2022-03-10"])
    after = memory.history("Plan 9", "status")
    memory.add([PLANS[2]])

    assert [(each.object, each.is_open()) for each in before] == [
        ("Draft", False),
        ("Accepted", False),
        ("Final", True),
    ]
    assert [(each.object, each.is_open()) for each in after] == [("Draft", False), ("Accepted", True)]
    assert memory.history("Plan 9", "status") == before


def test_two_kept_versions_are_compared_by_what_they_say(remember):
    """diff of two numbers tells what each holds; a number that is not kept is an error that says which are."""
    memory = remember(PLANS[:1])
    memory.add(PLANS[1:2])
    (change,) = [each for each in memory.diff(1, 2) if each.relation == "Status"]

    assert ([each.object for each in change.before], [each.object for each in change.after]) == (
        ["Draft"],
        ["Accepted"],
    )
    with pytest.raises(IndexNotFound, match="it keeps 1, 2"):
        memory.diff(1, 9)
    with pytest.raises(QuestionError):
        memory.diff(1, "2020")


def test_two_truths_of_one_day_are_both_told(remember):
    """A conflict has no short answer: both sides stand in it, cited, with less confidence."""
    said = [
        notice("Tern", "2021-01-01", "Status: sold"),
        notice("Tern", "2021-01-01", "Status: in repair\nPort: Osk"),
    ]
    said[1] = Document("other", "Tern", said[1].text, timestamp=said[1].timestamp)
    answer = remember(said).ask("What is the status of Tern?", as_of="2022")

    assert answer.span is None
    assert answer.text.startswith("The documents disagree: ")
    assert {each.sentence for each in answer.citations} == {"Status: sold", "Status: in repair"}
    assert answer.confidence < 0.5


def test_documents_without_a_date_are_left_out_of_the_past_and_the_trace_says_so(remember):
    """Nobody knows whether they were there; a setting keeps them, and the trace says that, too."""
    documents = [*PLANS, notice("Plan 30", None, "Status: Draft\n")]
    left, kept = remember(documents), remember(documents, undated="keep")

    refused = left.ask("What is the status of Plan 30?", as_of="2023")
    seen = kept.ask("What is the status of Plan 30?", as_of="2023")
    assert "its documents have no date" in refused.refusal
    assert "1 passages have no date and were left out" in refused.trace.warnings
    assert seen.span == "Draft"
    assert "1 passages have no date and are seen all the same" in seen.trace.warnings


def test_a_future_date_gives_what_is_known_and_says_so(remember):
    """Nothing is foretold: the newest state is given with a warning; what is said to begin later begins later."""
    memory = remember([*PLANS, notice("Plan 12", "2022-01-01", "Effective: 2400-01-01\nStatus: Final\n")])

    assert any(
        "lies in the future" in each
        for each in memory.ask("What is the status of Plan 9?", as_of="2500").trace.warnings
    )
    assert memory.ask("What is the status of Plan 12?", as_of="2399-12-31").span == "Draft"
    assert memory.ask("What is the status of Plan 12?", as_of="2400-01-01").span == "Final"


@pytest.mark.parametrize("date", ["2023-02-30", "03/04/2021", "soon", ""])
def test_a_date_that_cannot_be_read_is_a_wrong_question(remember, date):
    """Impossible and ambiguous dates are refused before anything is searched."""
    memory = remember(PLANS[:1])

    with pytest.raises(QuestionError):
        memory.ask("What is the status of Plan 9?", as_of=date)
    with pytest.raises(QuestionError):
        memory.search("What is the status of Plan 9?", as_of=date)
    with pytest.raises(QuestionError):
        memory.history("Plan 9", as_of=date)


@pytest.mark.parametrize(
    "question",
    [
        "What was the status of Plan 9 before 03/04/2021?",
        "What was the status of Plan 9 on 03/04/2021?",
        "What changed between 03/04/2021 and 2022 for Plan 9?",
    ],
)
def test_a_question_with_a_date_that_has_two_readings_is_refused_with_both(remember, question):
    """No reading is guessed where the answer hangs on it."""
    answer = remember(PLANS).ask(question, as_of="2023")

    assert "2021-03-04 or 2021-04-03" in answer.refusal
    assert answer.span is None


def test_dates_in_the_wrong_order_are_refused(remember):
    """diff from a later date to an earlier one says which is which."""
    with pytest.raises(QuestionError, match="2022-12-31 is later than 2020-12-31"):
        remember(PLANS).diff("2022", "2020")


def test_methods_with_a_graph_of_their_own_know_no_moments(remember):
    """They are refused by name instead of answering from the whole."""
    with pytest.raises(SettingsError, match="hipporag2"):
        remember(PLANS).search("What is the status of Plan 9?", method="hipporag2", as_of="2021")


def test_newer_numbers_win_where_that_is_declared(remember):
    """A list without dates: of two facts the larger number holds, over one hop and two."""
    text = (
        "0. The owner of Acme is Bo Ark.\n1. Bo Ark lives in Lund.\n2. The owner of Acme is Ida Holm.\n"
        "3. Ida Holm lives in Osk.\n4. Bo Ark lives in Marren.\n5. Ida Holm lives in Ribe.\n"
    )
    memory = remember([Document("list", "Facts", text)], serials=True, newest_wins=True)

    assert memory.ask("Who is the owner of Acme?").span == "Ida Holm"
    assert memory.ask("Where does Bo Ark live?").span == "Marren"
    assert memory.ask("Where does the owner of Acme live?").span == "Ribe"


def test_the_same_question_gives_the_same_answer_to_the_last_byte(remember):
    """Answer, intervals and trace do not depend on the run or on what was asked before."""
    one, other = remember(PLANS), remember(list(reversed(PLANS)))
    other.ask("Where does Ada Quist live?", as_of="2020")
    question = "What is the status of Plan 9?"

    assert repr(one.ask(question, as_of="2021")) == repr(one.ask(question, as_of="2021"))
    first, second = one.ask(question, as_of="2021"), other.ask(question, as_of="2021")
    assert (first.text, first.citations, first.intervals) == (second.text, second.citations, second.intervals)


def test_a_stream_gives_the_answer_of_intervals_in_one_piece(remember):
    """One cited sentence, then the answer."""
    said, answer = remember(PLANS).ask_stream("What is the status of Plan 9?", as_of="2021")

    assert isinstance(said, CitedSentence)
    assert said.text == answer.text
    assert answer.span == "Accepted"


def test_the_command_line_takes_dates(environment_without_a_model, monkeypatch, tmp_path):
    """--as-of on ask and search, history and diff, as JSON; a wrong date is a wrong call."""
    monkeypatch.setenv("HIPPOGRAPH_TIME__FUNCTIONAL", '["*"]')
    folder = str(tmp_path / "index")
    Hippograph.build(PLANS, folder).close()
    run = CliRunner().invoke

    def told(*arguments):
        result = run(app, [*arguments, "--index", folder, "--json"])
        assert result.exit_code == 0, result.output
        return json.loads(result.stdout)

    answer = told("ask", "What is the status of Plan 9?", "--as-of", "2021")
    assert answer["span"] == "Accepted"
    assert [each["object"] for each in answer["intervals"]] == ["Draft", "Accepted"]
    assert (
        told("search", "What is the status of Plan 9?", "--as-of", "2021")[0]["document_id"]
        == "Plan 9@2021-02-10"
    )
    history = told("history", "Plan 9", "--relation", "status")
    assert [(each["object"], each["valid_to"]) for each in history][:1] == [
        ("Draft", "2021-02-10T00:00:00+00:00")
    ]
    assert history[0]["closed_by"]["document_id"] == "Plan 9@2021-02-10"
    changes = told("diff", "2021", "2022", "--subject", "Plan 9")
    assert [
        (each["relation"], each["before"][0]["object"], each["after"][0]["object"]) for each in changes
    ] == [
        ("Owner", "Ada Quist", "Bo Ark"),
        ("Status", "Accepted", "Final"),
    ]
    assert run(app, ["ask", "Who?", "--as-of", "2023-02-30", "--index", folder]).exit_code == 2
    assert run(app, ["search", "Who?", "--as-of", "2023", "--explain", "--index", folder]).exit_code == 2
    shown = run(app, ["history", "Plan 9", "--index", folder])
    assert "Accepted" in shown.stdout
    assert "nothing" not in run(app, ["diff", "v1", "v1", "--index", folder]).stdout.lower().replace(
        "nothing changed", ""
    )
