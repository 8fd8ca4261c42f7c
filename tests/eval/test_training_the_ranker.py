"""Training the ranker: on candidates whose gold can be told by one signal."""

import json
from dataclasses import replace

import numpy as np
import pytest

from eval.ablation import GROUPS, measure_ablation
from eval.datasets import Dataset, Question
from eval.ranker import (
    SINGLE,
    Candidates,
    gather_candidates,
    measure_ranker,
    recalls,
    recalls_of_each,
    train_ranker,
    write_ranker,
)
from hippograph import toy
from hippograph.errors import SettingsError
from hippograph.retrieval.ranker import Ranker, load_ranker, ranker_from_json
from hippograph.retrieval.signals import feature_matrix


def candidates(signal, gold=("d0",), noise=None):
    """One question whose candidates are d0, d1, ... with that signal."""
    values = np.array(signal, dtype=float)
    other = np.zeros(len(values)) if noise is None else np.array(noise, dtype=float)
    names = [f"d{place}" for place in range(len(values))]
    rows, keys = np.arange(len(values)), np.arange(len(values), dtype=np.uint64)
    return Candidates({"telling": values, "noise": other}, rows, keys, names, frozenset(gold))


def telling(seed, count=12):
    """Questions whose gold candidate has the highest telling signal, and a noise that says nothing."""
    random = np.random.default_rng(seed)
    made = []
    for _ in range(count):
        values = random.uniform(0, 1, 6)
        values[0] += 2
        made.append(candidates(values, noise=random.uniform(0, 1, 6)))
    return made


def test_labels_say_whose_document_is_gold():
    """A candidate passage is gold when its document is."""
    assert candidates([1, 2, 3], gold=("d0", "d2", "elsewhere")).labels.tolist() == [True, False, True]


def test_what_tells_gold_apart_is_weighed_more_than_noise():
    """The trained ranker puts gold first, by the signal that does so."""
    ranker = train_ranker([telling(1)])
    weight = dict(zip(ranker.features, np.abs(ranker.coefficients), strict=True))

    assert weight["telling"] > 5 * weight["noise"]
    assert recalls(ranker, telling(2)) == {"recall@2": 1.0, "recall@5": 1.0, "recall@10": 1.0}


def test_a_trained_ranker_scores_with_its_own_standardisation():
    """Mean and scale are those of the training features; a feature that never changes is left at scale one."""
    sets = [telling(1), telling(2)]
    ranker = train_ranker(sets)
    _, matrix = feature_matrix(sets[0][0].signals)
    every = np.vstack([feature_matrix(c.signals)[1] for questions in sets for c in questions])
    constant = train_ranker([[candidates([3, 2, 1])]])

    assert ranker.features == tuple(feature_matrix(sets[0][0].signals)[0])
    assert ranker.mean == pytest.approx(every.mean(axis=0))
    assert ranker.scale == pytest.approx(every.std(axis=0))
    expected = (matrix - every.mean(axis=0)) / every.std(axis=0) @ ranker.coefficients + ranker.intercept
    assert ranker.scores(sets[0][0].signals) == pytest.approx(expected)
    assert dict(zip(constant.features, constant.scale, strict=True))["noise"] == 1


def test_each_set_weighs_the_same_however_many_questions_it_has():
    """A set given twice over changes nothing against one given once."""
    one, other = telling(1), [candidates([0, 1, 2]), candidates([0.5, 1, 2])]
    once, doubled = train_ranker([one, other]), train_ranker([one, other * 2])

    # Standardisation counts candidates, so the order of candidates is compared and not the coefficients.
    for question in [*one, *other]:
        orders = [np.argsort(-ranker.scores(question.signals)).tolist() for ranker in (once, doubled)]
        assert orders[0] == orders[1]


def test_nothing_gold_is_nothing_to_learn():
    """Candidates without gold are a mistake, told in one sentence."""
    with pytest.raises(SettingsError, match="nothing to learn"):
        train_ranker([[candidates([1, 2], gold=())]])


def test_recalls_are_those_worked_out_on_paper():
    """By falling signal d3 d2 d1 d0: of d0 and d3 half is among two, all among five; of d3 alone all at once."""
    ranker = Ranker(
        ("telling", "telling_share", "telling_rank", "noise", "noise_share", "noise_rank"),
        np.zeros(6),
        np.ones(6),
        np.array([1.0, 0, 0, 0, 0, 0]),
        0.0,
    )
    questions = [candidates([1, 2, 3, 4], gold=("d0", "d3")), candidates([1, 2, 3, 4], gold=("d3",))]

    assert recalls(ranker, questions) == {"recall@2": 0.75, "recall@5": 1.0, "recall@10": 1.0}


def test_every_set_is_held_out_once():
    """A row for all sets and one for the others, for each set; a lone set cannot be held out."""
    rows = measure_ranker({"a": telling(1), "b": telling(2)})

    assert [(row["dataset"], row["trained on"]) for row in rows] == [
        ("a", "all sets"),
        ("a", "the others"),
        ("b", "all sets"),
        ("b", "the others"),
    ]
    assert [row["trained on"] for row in measure_ranker({"a": telling(1)})] == ["all sets"]


def test_the_file_holds_the_ranker_and_its_recipe(tmp_path):
    """What is written scores like what was trained, and says what it was trained on."""
    sets = {"a": telling(1), "b": telling(2, count=5)}
    write_ranker(tmp_path / "ranker.json", sets, [{"dataset": "a", "recall@5": 1.0}])
    text = (tmp_path / "ranker.json").read_text(encoding="utf-8")
    signals = sets["a"][0].signals

    assert ranker_from_json(text).scores(signals) == pytest.approx(
        train_ranker(list(sets.values())).scores(signals), abs=1e-4
    )
    assert json.loads(text)["recipe"]["trained on"] == {"a": 12, "b": 5}
    assert json.loads(text)["recipe"]["measured"] == [{"dataset": "a", "recall@5": 1.0}]


def test_candidates_are_what_a_search_explores(toy_index):
    """Every question with gold, its pool of passages by their documents, and the steps told as they are done."""
    asked = toy.QUESTIONS
    questions = tuple(Question(f"q{n}", q.question, (q.answer,), q.gold) for n, q in enumerate(asked))
    told = []
    dataset = Dataset("toy", tuple(toy.documents()), questions)
    gathered = gather_candidates(toy_index, dataset, lambda *step: told.append(step))

    assert [c.gold for c in gathered] == [frozenset(q.gold) for q in asked if q.gold]
    assert [sorted(c.documents) for c in gathered] == 3 * [sorted(toy.TEXTS)]
    assert [sum(c.labels) for c in gathered] == [1, 2, 2]
    assert told[-1][1:] == (3, 3)


def test_what_falls_behind_a_single_ranking_is_named():
    """The dense ranking puts gold first; a ranker trained on a set where it comes last puts it last."""

    def asked(first, seed):
        random = np.random.default_rng(seed)
        made = []
        for _ in range(8):
            values = random.uniform(0, 1, 12)
            values[0] = 3 if first else -3
            names = [f"d{place}" for place in range(12)]
            rows, keys = np.arange(12), np.arange(12, dtype=np.uint64)
            made.append(Candidates({"dense": values}, rows, keys, names, frozenset(["d0"])))
        return made

    rows = measure_ranker({"usual": asked(True, 1), "odd": asked(False, 2)})
    unseen = {row["dataset"]: row["below"] for row in rows if row["trained on"] == "the others"}
    alike = measure_ranker({"a": asked(True, 3), "b": asked(True, 4)})

    assert unseen["usual"] == "recall@2 recall@5 recall@10"
    assert unseen["odd"] == ""
    assert [row["recall@2"] for row in alike if row["trained on"] == "none: dense"] == [1.0, 1.0]
    assert {row["below"] for row in alike} == {""}


def test_taking_out_what_tells_gold_costs_what_it_found():
    """Without its only telling signal candidates stand by their keys, gold last; what says nothing costs nothing."""
    named = {
        name: [
            replace(
                c,
                signals={"walk": c.signals["telling"], "named": np.zeros(len(c.rows))},
                keys=c.keys[::-1].copy(),
            )
            for c in telling(seed)
        ]
        for name, seed in (("a", 1), ("b", 2))
    }
    rows = measure_ablation(named)
    lost = {row["without"]: row["difference"] for row in rows if row["metric"] == "recall@2"}

    assert {row["without"] for row in rows} == set(GROUPS)
    assert lost["walks"] == -1
    assert lost["named in the question"] == 0


def test_muted_signals_are_gone_and_the_others_stay():
    """By the beginning of their names; the candidates that were given stay as they were."""
    given = candidates([1, 2, 3])
    given = replace(given, signals={"walk_dense": np.ones(3), "named": np.ones(3)})
    muted = GROUPS["walks"](given)

    assert muted.signals["walk_dense"].tolist() == [0, 0, 0]
    assert muted.signals["named"].tolist() == [1, 1, 1]
    assert given.signals["walk_dense"].tolist() == [1, 1, 1]


def test_the_shipped_ranker_is_never_below_the_best_single_ranking(toy_index):
    """On the toy world, at 2, 5 and 10, whatever the embedder: here one that knows nothing but words and letters."""
    asked = toy.QUESTIONS
    questions = tuple(Question(f"q{n}", q.question, (q.answer,), q.gold) for n, q in enumerate(asked))
    dataset = Dataset("toy", tuple(toy.documents()), questions)
    gathered = gather_candidates(toy_index, dataset, lambda *step: None)
    ours = recalls(load_ranker(), gathered)
    single = [
        recalls_of_each(lambda c, s=signal: c.signals[s], gathered).mean(axis=0) for signal in SINGLE.values()
    ]

    assert all(value >= best for value, best in zip(ours.values(), np.max(single, axis=0), strict=True))
