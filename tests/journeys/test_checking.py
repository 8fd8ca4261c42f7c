"""The whole way of a check: a text, its claims, evidence from an index, verdicts, and what is printed."""

import json
from dataclasses import dataclass, field

import pytest
from typer.testing import CliRunner

from hippograph import toy
from hippograph.checking import check_text, find_evidence
from hippograph.cli.app import app
from hippograph.errors import GenerationError, ModelRefused, ModelUnavailable, QuestionError
from hippograph.generation.claims import RuleVerifier, split_claims
from hippograph.generation.claims.splitting import is_unresolved
from hippograph.settings import CheckSettings
from hippograph.types import Citation, Verdict, VerdictKind

TEXT = """Luigi Menabrea was born in Turin. He was prime minister of Italy from 1867 to 1869.
Charles Babbage probably owned a dog. Who designed the engine?"""


@pytest.fixture(params=["toy_index", pytest.param("model_index", marks=pytest.mark.model)])
def memory(request):
    return request.getfixturevalue(request.param)


def test_each_claim_gets_its_verdict_and_the_sentence_that_decides(memory):
    """One false claim, one true one whose pronoun had to be resolved, one that nobody speaks of, one question."""
    report = check_text(TEXT, memory, RuleVerifier(memory.embedder))

    assert [checked.verdict.kind.value for checked in report.claims] == [
        "refuted",
        "supported",
        "not_enough_evidence",
    ]
    refuted, supported, unsure = report.claims
    assert "Chambéry" in refuted.verdict.why
    assert refuted.verdict.citation.sentence == "Luigi Menabrea was born in Chambéry in 1809."
    assert supported.claim.text == "Luigi Menabrea was prime minister of Italy from 1867 to 1869."
    assert (unsure.claim.hedge, unsure.verdict.citation) == ("probably", None)
    assert [skipped.reason for skipped in report.skipped] == ["a question"]
    assert (report.precision(), report.verdict()) == (pytest.approx(1 / 3), VerdictKind.REFUTED)


@pytest.mark.parametrize("document", sorted(toy.TEXTS))
def test_what_the_documents_say_is_supported(memory, document):
    """Every claim of every document that says whom it is about is borne out by the index."""
    title, text = toy.TEXTS[document]

    report = check_text(text, memory, RuleVerifier(memory.embedder), topic=title)

    clear = [checked for checked in report.claims if not is_unresolved(checked.claim)]
    assert len(clear) >= 2
    assert [each.claim.text for each in clear if each.verdict.kind is not VerdictKind.SUPPORTED] == []
    assert report.count(VerdictKind.REFUTED) == 0


def test_a_citation_is_the_very_words_of_its_document(memory):
    """Start and end cut the deciding sentence out of the document's text."""
    report = check_text(TEXT, memory, RuleVerifier())

    cited = [checked.verdict.citation for checked in report.claims if checked.verdict.citation]
    texts = {name: text for name, (_, text) in toy.TEXTS.items()}
    assert [texts[each.document][each.start : each.end] for each in cited] == [
        each.sentence for each in cited
    ]


def test_evidence_holds_the_passages_that_share_a_claims_names(toy_index):
    """What the words alone do not find, the names do; no passage comes twice."""
    (claim,) = split_claims("Joseph Marie Jacquard was a weaver of Lyon.").claims

    evidence = find_evidence(claim, toy_index, CheckSettings(passages=1, name_passages=5))

    documents = [item.found.passage.document for item in evidence]
    assert "engine" in documents
    assert len(documents) == len(set(documents))


def test_a_search_that_finds_nothing_leaves_everything_open(toy_index):
    """No passage is no evidence, for and against."""

    class Forgetful:
        index = toy_index.index

        def search(self, question, k=5, method=None):
            return []

    report = check_text("Charles Babbage was born in London.", Forgetful(), RuleVerifier())

    assert report.verdict() is VerdictKind.NOT_ENOUGH_EVIDENCE
    assert "No passage" in report.claims[0].verdict.why


@pytest.mark.parametrize("text", ["", " \n", "..."])
def test_nothing_to_check_is_refused(toy_index, text):
    """A text without a word is a QuestionError."""
    with pytest.raises(QuestionError):
        check_text(text, toy_index, RuleVerifier())


def test_a_text_of_questions_has_no_verdict(toy_index):
    """Nothing is claimed, so nothing is supported and there is no share of it."""
    report = check_text("Who designed the engine? Why?", toy_index, RuleVerifier())

    assert (report.claims, report.precision()) == ((), None)
    assert report.verdict() is VerdictKind.NOT_ENOUGH_EVIDENCE


def test_a_huge_text_is_checked_as_far_as_the_settings_allow(toy_index):
    """The rest is counted, not dropped in silence."""
    text = "Ada Lovelace was an English mathematician. " * 50

    report = check_text(text, toy_index, RuleVerifier(), CheckSettings(most_claims=3))

    assert len(report.claims) == 3
    assert report.unread_characters == len(text) - 3 * len(text) // 50


@dataclass
class Failing:
    """Fails with each error in turn, then says that everything is supported."""

    errors: list[GenerationError]
    name: str = "failing"
    asked: list[str] = field(default_factory=list)

    def verify(self, claim, evidence):
        self.asked.append(claim.text)
        if self.errors:
            raise self.errors.pop(0)
        citation = Citation("p", "d", "", "", "It is so.", 0, 9)
        return Verdict(VerdictKind.SUPPORTED, citation, "so", 1.0)


MANY = "Ada wrote notes. Noor painted boats. Ada built bridges. Noor sold boats. Ada wrote books."


def test_a_verifier_that_fails_once_is_asked_again_for_the_next_claim(toy_index):
    """Its failure stands at its own claim, which is not supported, and the rest is checked."""
    verifier = Failing([ModelUnavailable("down for a moment")])

    first, *rest = check_text(MANY, toy_index, verifier).claims

    assert (first.verdict.kind, first.failure) == (VerdictKind.NOT_ENOUGH_EVIDENCE, "down for a moment")
    assert "Not checked" in first.verdict.why
    assert all(checked.verdict.kind is VerdictKind.SUPPORTED and not checked.failure for checked in rest)


def test_a_verifier_that_keeps_failing_is_not_asked_again(toy_index):
    """After so many failures in a row every further claim is unchecked, and says why."""
    verifier = Failing([ModelUnavailable("down")] * 9)

    report = check_text(MANY, toy_index, verifier, CheckSettings(most_failures=2))

    assert len(verifier.asked) == 2
    assert len(report.claims) == 5
    assert report.count(VerdictKind.SUPPORTED) == 0
    assert all("down" in checked.failure for checked in report.claims)
    assert "not asked again" in report.claims[-1].failure


def test_a_verifier_that_will_never_serve_is_asked_once(toy_index):
    """A wrong key stays wrong: no further claim is sent."""
    verifier = Failing([ModelRefused("wrong key")] * 9)

    report = check_text(MANY, toy_index, verifier)

    assert len(verifier.asked) == 1
    assert report.verdict() is VerdictKind.NOT_ENOUGH_EVIDENCE


# ----------------------------------------------------------------- the command


def run(*arguments, text=None):
    return CliRunner().invoke(app, [str(each) for each in arguments], input=text, prog_name="hippograph")


@pytest.fixture
def indexed(environment_without_a_model, toy_index):
    """The folder of the toy world's index."""
    folder = toy_index.status().folder
    toy_index.close()
    return folder


def test_the_command_tells_people_each_verdict_and_why(indexed):
    """Verdict, claim, reason, sentence and source; what was left out; the count of each."""
    done = run("check", TEXT, "--index", indexed)

    told = " ".join(done.stdout.split())
    assert done.exit_code == 0
    assert 'refuted Luigi Menabrea was born in Turin. The source says "Chambéry", not "Turin".' in told
    assert "Luigi Menabrea toy:menabrea" in told
    assert 'Left out of the claim: "probably".' in told
    assert "Not a claim, a question: Who designed the engine?" in told
    assert "3 claims: 1 supported, 1 refuted, 1 not enough evidence." in told


def test_the_command_tells_programs_the_same(indexed):
    """One JSON document with the verdict of the whole, of each claim, and where its sentence stands."""
    record = json.loads(run("check", TEXT, "--index", indexed, "--json").stdout)

    assert (record["verdict"], record["verifier"]) == ("refuted", "rules")
    assert (record["supported"], record["refuted"], record["not_enough_evidence"]) == (1, 1, 1)
    first = record["claims"][0]
    assert TEXT[first["start"] : first["end"]] == first["sentence"] == "Luigi Menabrea was born in Turin."
    assert first["citation"]["document_id"] == "menabrea"
    assert record["skipped"][0]["reason"] == "a question"


def test_a_file_and_standard_input_are_read_as_the_text(indexed, tmp_path):
    """The three ways to hand a text over give the same report."""
    file = tmp_path / "claims.txt"
    file.write_text(TEXT, encoding="utf-8")

    given = run("check", TEXT, "--index", indexed, "--json").stdout
    from_file = run("check", file, "--index", indexed, "--json").stdout
    from_input = run("check", "-", "--index", indexed, "--json", text=TEXT).stdout

    assert given == from_file == from_input


def test_strict_fails_unless_every_claim_is_supported(indexed):
    """An exit code for scripts: 0 where all is borne out, else 1."""
    true = "Charles Babbage designed the Analytical Engine."

    assert run("check", true, "--index", indexed, "--strict").exit_code == 0
    assert run("check", TEXT, "--index", indexed, "--strict").exit_code == 1
    assert run("check", "Who?", "--index", indexed, "--strict").exit_code == 1


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("  ",), "at least one sentence"),
        (("Ada wrote notes.", "--verifier", "oracle"), "unknown"),
        (("Ada wrote notes.", "--verifier", "llm"), "needs a language model"),
    ],
)
def test_a_wrong_call_says_what_is_wrong(indexed, arguments, words):
    """No text, an unknown verifier, or one without its model: exit code 2 and one sentence."""
    done = run("check", *arguments, "--index", indexed)

    assert done.exit_code == 2
    assert words in " ".join(done.stderr.split())


def test_a_file_that_is_no_text_is_refused(indexed, tmp_path):
    """Bytes that are not UTF-8 are said to be that."""
    file = tmp_path / "image.png"
    file.write_bytes(b"\x89PNG\xff\xfe")

    done = run("check", file, "--index", indexed)

    assert done.exit_code == 2
    assert "UTF-8" in done.stderr
