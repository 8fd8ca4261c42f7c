"""Data sets in public formats, written by hand after their documented layouts."""

import json
from datetime import UTC, datetime

import pytest

from eval.datasets import DatasetError, DatasetNotFound
from eval.loaders import load_any

ADA = ("Ada Lovelace", "Ada Lovelace translated an article by Luigi Menabrea.")
LUIGI = ("Luigi Menabrea", "Luigi Menabrea was born in Chambéry. He governed Italy.")
NILE = ("Nile", "The Nile is a river.")
QUESTION = "Where was the author that Ada Lovelace translated born?"


def write(path, value):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value, ensure_ascii=False), encoding="utf-8")
    return path


def write_lines(path, rows):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    return path


def hotpot_row(**more):
    return {
        "_id": "5a77",
        "question": QUESTION,
        "answer": "Chambéry",
        "type": "bridge",
        "level": "hard",
        "supporting_facts": [["Ada Lovelace", 0], ["Luigi Menabrea", 0], ["Luigi Menabrea", 1]],
        "context": [
            ["Nile", ["The Nile is a river."]],
            ["Ada Lovelace", ["Ada Lovelace translated an article by Luigi Menabrea."]],
            ["Luigi Menabrea", ["Luigi Menabrea was born in Chambéry.", " He governed Italy."]],
        ],
        **more,
    }


def musique_row(**more):
    paragraphs = [
        {"idx": number, "title": title, "paragraph_text": text, "is_supporting": title != "Nile"}
        for number, (title, text) in enumerate([NILE, ADA, LUIGI])
    ]
    return {
        "id": "2hop__460946_294723",
        "paragraphs": paragraphs,
        "question": QUESTION,
        "question_decomposition": [],
        "answer": "Chambéry",
        "answer_aliases": ["Chambery"],
        "answerable": True,
        **more,
    }


def texts(dataset):
    return {(document.title, document.text) for document in dataset.documents}


def gold_titles(dataset, place=0):
    titles = {document.id: document.title for document in dataset.documents}
    return [titles[id_] for id_ in dataset.questions[place].gold]


def test_hotpotqa_gives_its_contexts_as_corpus_and_its_supporting_titles_as_gold(tmp_path):
    """A title that two supporting facts name is one gold document."""
    loaded = load_any(write(tmp_path / "hotpot_dev.json", [hotpot_row()]))
    question = loaded.dataset.questions[0]

    assert loaded.format == "HotpotQA"
    assert texts(loaded.dataset) == {ADA, LUIGI, NILE}
    assert gold_titles(loaded.dataset) == ["Ada Lovelace", "Luigi Menabrea"]
    assert (question.id, question.answers, question.type) == ("5a77", ("Chambéry",), "bridge")


def test_rows_with_evidences_are_those_of_2wiki(tmp_path):
    """2Wiki's sentences have no space before them; the text is the same as HotpotQA's."""
    context = [[LUIGI[0], ["Luigi Menabrea was born in Chambéry.", "He governed Italy."]], [ADA[0], [ADA[1]]]]
    row = hotpot_row(
        context=context, type="compositional", evidences=[["Ada Lovelace", "translated", "Menabrea"]]
    )
    loaded = load_any(write(tmp_path / "dev.json", [row]))

    assert loaded.format == "2WikiMultiHopQA"
    assert texts(loaded.dataset) == {ADA, LUIGI}
    assert loaded.dataset.questions[0].type == "compositional"


def test_columns_of_the_hugging_face_copies_are_read_as_rows(tmp_path):
    """There titles and sentences stand in two lists, and the id has no underscore."""
    row = hotpot_row(
        id="5a77",
        context={"title": [ADA[0], LUIGI[0]], "sentences": [[ADA[1]], [LUIGI[1]]]},
        supporting_facts={"title": [ADA[0], LUIGI[0]], "sent_id": [0, 1]},
    )
    del row["_id"]
    loaded = load_any(write_lines(tmp_path / "train.jsonl", [row, {**row, "id": "other"}]))

    assert loaded.format == "HotpotQA"
    assert gold_titles(loaded.dataset, 1) == ["Ada Lovelace", "Luigi Menabrea"]


def test_a_supporting_fact_outside_the_context_is_a_complaint(tmp_path):
    """The row and the title are named."""
    path = write(tmp_path / "broken.json", [hotpot_row(supporting_facts=[["Atlantis", 0]])])

    with pytest.raises(DatasetError, match=r"Row 1 of .*broken\.json .*'Atlantis'"):
        load_any(path)


def test_musique_gives_the_shape_of_its_questions_and_every_spelling_of_the_answer(tmp_path):
    """The id begins with the shape; paragraphs that support are gold."""
    loaded = load_any(write_lines(tmp_path / "musique_ans_dev.jsonl", [musique_row()]))
    question = loaded.dataset.questions[0]

    assert loaded.format == "MuSiQue"
    assert texts(loaded.dataset) == {ADA, LUIGI, NILE}
    assert gold_titles(loaded.dataset) == ["Ada Lovelace", "Luigi Menabrea"]
    assert (question.type, question.answers) == ("2hop", ("Chambéry", "Chambery"))


def test_the_full_set_of_musique_has_pairs_of_which_one_ought_to_be_refused(tmp_path):
    """Both rows of a pair have one id there; the one without an answer has neither gold nor answers here."""
    rows = [musique_row(), musique_row(answerable=False)]
    dataset = load_any(write_lines(tmp_path / "musique_full_dev.jsonl", rows)).dataset

    assert [question.is_unanswerable() for question in dataset.questions] == [False, True]
    assert len({question.id for question in dataset.questions}) == 2
    assert len(dataset.documents) == 3


def test_paragraphs_of_one_title_stay_apart(tmp_path):
    """The first has the title as its id, the next is counted, and the same text is one document."""
    other = {"idx": 3, "title": "Nile", "paragraph_text": "Nile Rodgers plays.", "is_supporting": True}
    rows = [musique_row(), musique_row(id="3hop1__1_2_3", paragraphs=[other, musique_row()["paragraphs"][0]])]
    dataset = load_any(write_lines(tmp_path / "two.jsonl", rows)).dataset

    assert [document.id for document in dataset.documents] == [
        "Nile",
        "Ada Lovelace",
        "Luigi Menabrea",
        "Nile (2)",
    ]
    assert dataset.questions[1].gold == ("Nile (2)",)


def test_a_counted_id_never_takes_that_of_a_title(tmp_path):
    """A paragraph called "Nile (2)" and the second one called "Nile" are two documents."""
    named = [("Nile (2)", "A mix-up."), ("Nile", "One."), ("Nile", "Two.")]
    paragraphs = [{"title": t, "paragraph_text": text, "is_supporting": True} for t, text in named]
    dataset = load_any(write_lines(tmp_path / "ids.jsonl", [musique_row(paragraphs=paragraphs)])).dataset

    assert [document.id for document in dataset.documents] == ["Nile (2)", "Nile", "Nile (3)"]


HIPPORAG_CORPUS = [
    {"title": title, "text": text, "idx": n} for n, (title, text) in enumerate([NILE, ADA, LUIGI])
]


@pytest.mark.parametrize("named", ["sample.json", "sample_corpus.json", "."])
def test_hipporag_is_two_files_and_either_or_their_folder_names_it(tmp_path, named):
    """Gold paragraphs are found in the corpus by title and text; without an id questions are counted."""
    paragraphs = [
        {"title": t, "paragraph_text": text, "is_supporting": t != "Nile"} for t, text in (NILE, ADA, LUIGI)
    ]
    write(tmp_path / "sample_corpus.json", HIPPORAG_CORPUS)
    write(
        tmp_path / "sample.json", [{"question": QUESTION, "answer": ["Chambéry"], "paragraphs": paragraphs}]
    )
    loaded = load_any(tmp_path / named)

    assert (loaded.format, loaded.dataset.name) == ("HippoRAG", "sample")
    assert gold_titles(loaded.dataset) == ["Ada Lovelace", "Luigi Menabrea"]
    assert (loaded.dataset.questions[0].id, loaded.dataset.questions[0].answers) == ("q1", ("Chambéry",))


def test_hipporag_carries_hotpots_questions_over_a_corpus_of_titles_and_sentences(tmp_path):
    """As in its first release: the corpus is an object, and white space does not decide what is the same text."""
    write(
        tmp_path / "hotpotqa_corpus.json", {ADA[0]: [ADA[1]], LUIGI[0]: LUIGI[1].split("  "), "Nile": ["x"]}
    )
    write(tmp_path / "hotpotqa.json", [hotpot_row()])
    loaded = load_any(tmp_path / "hotpotqa.json")

    assert loaded.format == "HippoRAG"
    assert gold_titles(loaded.dataset) == ["Ada Lovelace", "Luigi Menabrea"]
    assert loaded.dataset.questions[0].type == "bridge"


def test_gold_that_the_corpus_beside_it_lacks_is_a_complaint(tmp_path):
    """Recall over a corpus without the gold would be a wrong number."""
    write(tmp_path / "musique_corpus.json", HIPPORAG_CORPUS[:2])
    path = write(tmp_path / "musique.json", [musique_row()])

    with pytest.raises(DatasetError, match="'Luigi Menabrea'"):
        load_any(path)


def test_a_title_that_several_texts_have_does_not_tell_which_is_gold(tmp_path):
    """The text decides; where it is that of none of them, the row is refused rather than guessed."""
    write(tmp_path / "two_corpus.json", [*HIPPORAG_CORPUS, {"title": "Nile", "text": "Nile Rodgers plays."}])
    paragraph = {"title": "Nile", "paragraph_text": "Another text.", "is_supporting": True}
    path = write(tmp_path / "two.json", [{"question": "Who?", "answer": "x", "paragraphs": [paragraph]}])

    with pytest.raises(DatasetError, match="'Nile'"):
        load_any(path)


def beir(folder, judgements, split="test"):
    write_lines(
        folder / "corpus.jsonl",
        [
            {"_id": f"d{n}", "title": t, "text": text, "metadata": {}}
            for n, (t, text) in enumerate([ADA, LUIGI, NILE])
        ],
    )
    write_lines(folder / "queries.jsonl", [{"_id": f"q{n}", "text": QUESTION} for n in (1, 2, 3)])
    path = folder / "qrels" / f"{split}.tsv"
    path.parent.mkdir(exist_ok=True)
    path.write_text("query-id\tcorpus-id\tscore\n" + judgements, encoding="utf-8")
    return folder


def test_beir_asks_the_questions_of_the_split_and_a_score_above_zero_is_gold(tmp_path):
    """q2 is judged with zero only and q3 not at all: neither is asked."""
    loaded = load_any(beir(tmp_path / "scifact", "q1\td1\t2\nq1\td0\t1\nq1\td2\t0\nq2\td2\t0\n"))

    assert loaded.format == "BEIR"
    assert [(q.id, q.gold) for q in loaded.dataset.questions] == [("q1", ("d1", "d0"))]
    assert loaded.dataset.name == "scifact"


def test_beir_prefers_the_test_split(tmp_path):
    """dev is read where there is no test."""
    folder = beir(tmp_path / "nfcorpus", "q2\td2\t1\n", split="dev")
    alone = load_any(folder).dataset.questions
    both = load_any(beir(folder, "q1\td0\t1\n")).dataset.questions

    assert ([q.id for q in alone], [q.id for q in both]) == (["q2"], ["q1"])


@pytest.mark.parametrize("judgements", ["q1\td1\n", "q1 d1 1\n", "q1\td1\tyes\n", "q1\td9\t1\n"])
def test_judgements_that_say_nothing_are_a_complaint(tmp_path, judgements):
    """Too few fields, no tabs, no number, or no such document."""
    with pytest.raises(DatasetError):
        load_any(beir(tmp_path / "broken", judgements))


LOCOMO = {
    "sample_id": "conv-26",
    "conversation": {
        "speaker_a": "Caroline",
        "speaker_b": "Melanie",
        "session_1_date_time": "1:56 pm on 8 May, 2023",
        "session_1": [
            {"speaker": "Caroline", "dia_id": "D1:1", "text": "I joined a choir."},
            {
                "speaker": "Melanie",
                "dia_id": "D1:2",
                "text": "Look!",
                "img_url": ["https://example.org/a.jpg"],
                "blip_caption": "a photo of a lake",
            },
        ],
        "session_2_date_time": "12:09 am on 13 September, 2023",
        "session_2": [{"speaker": "Melanie", "dia_id": "D2:1", "text": "I moved to Oslo."}],
        "session_3_date_time": "10:00 am on 1 October, 2023",
    },
    "qa": [
        {"question": "What did Caroline join?", "answer": "a choir", "evidence": ["D1:1"], "category": 4},
        {"question": "When did Melanie move?", "answer": 2023, "evidence": ["D2:1; D:1:2"], "category": 2},
        {
            "question": "What did Melanie join?",
            "evidence": ["D1:1"],
            "category": 5,
            "adversarial_answer": "a choir",
        },
    ],
}


def test_locomo_gives_a_dated_document_a_session_and_the_sessions_of_the_evidence_as_gold(tmp_path):
    """Several turns in one text are all read, and numbers are answers too; a session without turns is no document."""
    loaded = load_any(write(tmp_path / "locomo10.json", [LOCOMO]))
    first, second = loaded.dataset.documents

    assert loaded.format == "LoCoMo"
    assert (first.id, first.timestamp) == ("conv-26/session_1", datetime(2023, 5, 8, 13, 56, tzinfo=UTC))
    assert second.timestamp == datetime(2023, 9, 13, 0, 9, tzinfo=UTC)
    assert first.text.splitlines() == [
        "Time: 1:56 pm on 8 May, 2023",
        "Caroline: I joined a choir.",
        "Melanie: Look! [shares a picture: a photo of a lake]",
    ]
    assert [q.gold for q in loaded.dataset.questions] == [(first.id,), (second.id, first.id), ()]
    assert [q.type for q in loaded.dataset.questions] == ["single-hop", "temporal", "adversarial"]
    assert loaded.dataset.questions[1].answers == ("2023",)


def test_adversarial_questions_of_locomo_ought_to_be_refused(tmp_path):
    """The answer they tempt to is none of theirs."""
    dataset = load_any(write(tmp_path / "conversation.json", LOCOMO)).dataset

    assert [question.is_unanswerable() for question in dataset.questions] == [False, False, True]


def test_our_own_format_is_recognised(tmp_path):
    """A folder with corpus.jsonl whose rows have an id."""
    write_lines(tmp_path / "mine" / "corpus.jsonl", [{"id": "a", "title": "A", "text": "A."}])
    write_lines(tmp_path / "mine" / "queries.jsonl", [{"id": "q", "question": "A?", "gold_ids": ["a"]}])

    assert load_any(tmp_path / "mine").format == "hippograph"


@pytest.mark.parametrize("value", [[], {}, [{"text": "a story"}], "words"])
def test_a_file_in_no_known_format_says_which_are_known(tmp_path, value):
    """The complaint lists the formats."""
    with pytest.raises(DatasetError, match=r"HotpotQA|not a JSON object"):
        load_any(write(tmp_path / "other.json", value))


def test_a_folder_with_several_sets_asks_for_one(tmp_path):
    """Which of them is meant cannot be told."""
    for name in ("a", "b"):
        write(tmp_path / f"{name}_corpus.json", HIPPORAG_CORPUS)
        write(tmp_path / f"{name}.json", [])

    with pytest.raises(DatasetError, match=r"a\.json, b\.json"):
        load_any(tmp_path)


def test_what_does_not_exist_is_a_wrong_call(tmp_path):
    """As for our own sets."""
    with pytest.raises(DatasetNotFound):
        load_any(tmp_path / "nowhere")


@pytest.mark.parametrize("content", [b"\xff\xfe\x00", b"[{", b""])
def test_a_broken_file_is_a_complaint(tmp_path, content):
    """Not text, not JSON, or empty."""
    (tmp_path / "broken.json").write_bytes(content)

    with pytest.raises(DatasetError):
        load_any(tmp_path / "broken.json")


def test_retrieval_says_which_format_it_read(tmp_path, monkeypatch, capsys):
    """On standard error for people, and in the report for programs."""
    from eval.__main__ import main

    path = write_lines(tmp_path / "musique_ans_dev.jsonl", [musique_row()])
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    for part, name in (("EMBEDDER", "hashing"), ("VECTORS", "numpy"), ("SPLITTER", "plain")):
        monkeypatch.setenv(f"HIPPOGRAPH_MODELS__{part}", name)
    with pytest.raises(SystemExit) as exit_:
        main(["retrieval", str(path), "--json"])
    printed = capsys.readouterr()
    report = json.loads(printed.out)

    assert not exit_.value.code
    assert "is read as MuSiQue." in printed.err
    assert (report["format"], report["dataset"], report["recall@5"]) == ("MuSiQue", "musique_ans_dev", 1.0)
