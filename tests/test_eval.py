"""The figures of `make eval` on answers that can be counted by hand."""

import json
from pathlib import Path

import pytest

from benchmarks.evaluation import city, learned
from benchmarks.evaluation.ablation import unspelt
from benchmarks.evaluation.breakdown import band
from benchmarks.evaluation.categories import Classes, Judged, correct, in_three, pair, sure
from benchmarks.evaluation.corpus import CorpusError, load
from benchmarks.evaluation.metrics import (
    Point,
    Score,
    Share,
    calibration_error,
    curve,
    macro_f1,
    per_class,
    share,
    smallest,
    token_score,
)
from benchmarks.evaluation.picture import curve_points, svg
from benchmarks.evaluation.places import Placed, at_level, names, place_words, sure_rows
from benchmarks.evaluation.table import Aim, Result, Row, as_json, markdown
from parsers import match
from parsers.catalogue import Catalogue, Category
from parsers.match import Speller
from parsers.understanding import Candidate, Kind, PlaceCandidate, Understanding
from store.catalogue import default_catalogue

NAMES = ("Coblong", "Karang Pilang")


def understood(
    *codes: str, score: float = 90.0, sure: bool = False, kind: Kind = Kind.COMPLAINT
) -> Understanding:
    ranked = tuple(
        Candidate(code, code, score - 10 * place, sure and place == 0)
        for place, code in enumerate(codes)
    )
    return Understanding(kind=kind, body="", categories=ranked)


def located(code: str, *, text: str = "", sure: bool = False) -> Understanding:
    place = PlaceCandidate(code, "", "", 90.0, sure, text, 0 if text else -1, len(text) or -1)
    return Understanding(kind=Kind.COMPLAINT, body="", places=(place,))


def test_share_of_nothing_is_unknown() -> None:
    assert share([]).value is None
    assert share([True, False, True, True]) == Share(3, 4)


def test_precision_and_recall_of_each_label() -> None:
    pairs = [("a", "a"), ("a", "a"), ("a", "b"), ("b", "b"), ("c", "a")]
    scores = per_class(pairs)
    assert scores["a"] == Score(2, 3, 3)
    assert (scores["b"].precision, scores["b"].recall) == (0.5, 1.0)
    assert scores["c"].precision is None
    # a: 2 of 3 and 3, b: 1 of 2 and 1, c: never found
    assert macro_f1(pairs) == pytest.approx((2 / 3 + 2 / 3 + 0) / 3)


def test_a_label_only_found_does_not_enter_the_mean() -> None:
    assert macro_f1([("a", "a"), ("a", "x")]) == pytest.approx(2 / 3)


def test_words_count_as_often_as_they_stand() -> None:
    score = token_score([(["jalan", "jalan", "melati"], ["jalan", "mawar"]), (["coblong"], [])])
    assert score == Score(1, 2, 4)
    assert score.f1 == pytest.approx(2 / 6)


POINTS = [
    *[Point(90, 60, right=True)] * 18,
    *[Point(80, 30, right=True)] * 10,
    Point(80, 2, right=False),
    *[Point(60, 20, right=False)] * 11,
]


def test_a_threshold_trusts_what_reaches_it() -> None:
    steps = curve(POINTS, margin=0)
    assert (steps[80].coverage, steps[80].precision) == (29 / 40, 28 / 29)
    assert (steps[81].coverage, steps[81].precision) == (18 / 40, 1.0)
    assert (steps[95].coverage, steps[95].precision) == (0.0, None)


def test_a_margin_distrusts_a_narrow_lead() -> None:
    assert curve(POINTS, margin=5)[80].precision == 1.0


def test_the_lowest_threshold_that_keeps_the_precision() -> None:
    step = smallest(POINTS, 0.95, margin=0)
    assert step is not None
    assert (step.threshold, step.precision) == (61, 28 / 29)
    assert smallest(POINTS, 1.0, margin=0) == curve(POINTS, margin=0)[81]


def test_a_few_answers_prove_no_threshold() -> None:
    assert smallest([Point(99, 90, right=True)] * 9, 0.95, margin=0) is None
    assert smallest([Point(99, 90, right=False)] * 50, 0.95, margin=0) is None


def test_calibration_is_the_distance_from_what_is_right() -> None:
    exact = [Point(75, 0, right=True)] * 3 + [Point(75, 0, right=False)]
    assert calibration_error(exact) == pytest.approx(0.0)
    boastful = [Point(95, 0, right=True), Point(95, 0, right=False)]
    assert calibration_error(boastful) == pytest.approx(0.45)
    assert calibration_error([]) is None


def test_curve_keeps_equal_scores_together() -> None:
    points = [Point(90, 0, right=True)] * 10 + [Point(50, 0, right=False)] * 10
    assert curve_points(points) == [(0.5, 1.0), (1.0, 0.5)]


def test_any_right_topic_counts_as_the_best() -> None:
    judged = Judged(("DRAINASE", "BANJIR"), understood("BANJIR", "SAMPAH"))
    assert correct(judged, str)
    assert pair(judged, str) == ("DRAINASE", "DRAINASE")
    assert pair(Judged(("POHON",), understood("BANJIR")), str) == ("POHON", "BANJIR")
    assert in_three(Judged(("SAMPAH",), judged.seen), str)
    assert not in_three(Judged(("POHON",), judged.seen), str)


def test_sure_is_wrong_where_nothing_can_be_known_but_not_for_a_greeting() -> None:
    answers = [
        Judged(("A",), understood("A", sure=True)),
        Judged(("A",), understood("B", sure=False)),
        Judged((), understood("B", sure=True)),
        Judged((), understood("B", sure=True, kind=Kind.GREETING)),
    ]
    assert sure(answers, str) == (Share(2, 3), Share(1, 2))


def test_coarse_class_of_a_topic_and_of_its_parent() -> None:
    catalogue = Catalogue(
        [
            Category(code="TOP", name="Top"),
            Category(code="PART", name="Part", parent=("TOP", "Top")),
        ],
        [],
    )
    classes = Classes(catalogue, {"TOP": "OTHER"})
    assert (classes.of("PART"), classes.of("TOP"), classes.of("NONE")) == ("OTHER", "OTHER", "NONE")


@pytest.mark.parametrize(
    ("meant", "found", "size", "right"),
    [
        ("32.73.02", "32.73.02.1004", 8, True),
        ("32.73.02", "32.73", 8, False),
        ("32.73.02", "32.73", 5, True),
        ("32.73.02", "32.04.02", 8, False),
    ],
)
def test_a_place_is_right_at_a_level(meant: str, found: str, size: int, right: bool) -> None:
    assert at_level(Placed(meant, located(found)), size) is right


def test_sure_of_a_place_that_cannot_be_known() -> None:
    answers = [
        Placed("32.73.02", located("32.73", sure=True)),  # true, if less precise
        Placed("32.73.02", located("32.04", sure=True)),
        Placed("", located("32.04", sure=True)),
        Placed("32", located("32.04", sure=True), ambiguous=True),
        Placed("32", located("32", sure=True), ambiguous=True),
    ]
    figures = [row.figure for row in sure_rows("", "", answers)]
    assert figures == [1.0, 1 / 2, 1.0, 1 / 2]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("kec COBLONG bandung", True),
        ("karangpilang", True),
        ("karang-pilang", True),
        ("coblongan", False),
        ("pilang", False),
    ],
)
def test_names_in_a_text(text: str, found: bool) -> None:
    assert names(text, NAMES) is found


def test_words_of_place_and_address_count_once() -> None:
    seen = located("32.73.02", text="coblong")
    assert place_words(seen) == ["coblong"]
    both = Understanding(
        kind=Kind.COMPLAINT, body="", places=seen.places, address="jl Dago Coblong"
    )
    assert place_words(both) == ["jl", "dago", "coblong"]


@pytest.mark.parametrize(
    ("length", "name"), [(0, "to 40"), (40, "to 40"), (41, "41-160"), (4000, "over 400")]
)
def test_bands_of_length(length: int, name: str) -> None:
    assert band(length) == name


def test_a_figure_at_its_aim_meets_it() -> None:
    assert Row(group="", what="", figure=0.95, aim=Aim(0.95)).met is True
    assert Row(group="", what="", figure=0.16, aim=Aim(0.15, at_most=True)).met is False
    assert Row(group="", what="", aim=Aim(0.95), why="away").met is None


def test_the_table_says_what_was_not_measured() -> None:
    rows = [
        Row(group="Place", what="kecamatan", n=10, figure=0.5, aim=Aim(0.92)),
        Row(group="Place", what="kelurahan", aim=Aim(0.9), why="not at hand"),
    ]
    text = markdown(Result(rows=rows, sheets=[]), "# Accuracy")
    assert "| kecamatan |  | 10 | 0.500 | >= 0.920 | NO |  |" in text
    assert "| kelurahan |  |  | not at hand | >= 0.900 |  |  |" in text
    assert [row["met"] for row in json.loads(as_json(Result(rows=rows, sheets=[])))["rows"]] == [
        False,
        None,
    ]


def test_the_picture_is_the_same_each_time_and_escapes_names() -> None:
    lines = {"a < b": [Point(90, 0, right=True)] * 12}
    assert svg(lines, {}) == svg(lines, {})
    assert "a &lt; b" in svg(lines, {})


def test_a_corpus_names_every_mistake(tmp_path: Path) -> None:
    good = {"id": "t1", "text": "jalan rusak", "kind": "complaint"}
    lines = [good, good, {**good, "id": "t2", "kind": "rant"}, {**good, "id": "t3", "extra": 1}]
    (tmp_path / "tune.jsonl").write_text("\n".join(map(json.dumps, lines)), "utf-8")
    with pytest.raises(CorpusError) as caught:
        load("tune", tmp_path)
    told = str(caught.value).splitlines()
    assert [line.partition(":")[0] for line in told] == [
        "tune.jsonl line 2",
        "tune.jsonl line 3",
        "tune.jsonl line 4",
    ]


def test_the_split_is_stable_and_keeps_a_fifth_back() -> None:
    examples = [learned.Example(id=f"x{n}", text="", category="", agency="") for n in range(1000)]
    learn, ask = learned.split(examples)
    assert len(learn) + len(ask) == 1000
    assert 150 < len(ask) < 250
    assert [item.id for item in ask[:3]] == [
        item.id for item in learned.split(reversed(examples))[1][-1:-4:-1]
    ]


@pytest.mark.parametrize("name", ["surabaya_topics.csv", "bandung_topics.csv"])
def test_labels_lead_to_topics_that_exist(name: str) -> None:
    topics = {topic.code for topic in default_catalogue().topics}
    listed = [
        code for row in city.labels(name).values() for code in row["topics"].split("|") if code
    ]
    assert listed
    assert set(listed) <= topics


def test_offices_lead_to_agencies_that_exist() -> None:
    rows = city.labels("surabaya_offices.csv").values()
    listed = [code for row in rows for code in row["agencies"].split("|") if code]
    assert listed
    assert set(listed) <= set(default_catalogue().agencies)


def test_the_speller_is_away_only_within() -> None:
    with unspelt():
        assert match.Speller(frozenset({"sampah"})).guess("sampha") is None
    assert match.Speller is Speller
    assert Speller(frozenset({"sampah"})).guess("sampha") == "sampah"
