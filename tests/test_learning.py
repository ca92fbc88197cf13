"""Learning from labelled examples, in a city that does not exist."""

import csv
import hashlib
import io
import json
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime
from itertools import product
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result

from gateway.cli import cli
from parsers.learned import Model
from parsers.understand import Thresholds, Understander
from parsers.understanding import Kind
from store.catalogue import DEFAULT, default_catalogue, load
from store.gazetteer import default_gazetteer
from store.learning.calibration import Answers, calibrate
from store.learning.examples import Example, read_examples
from store.learning.model_files import Learnt, load_deployment, load_model, save
from store.learning.training import TooFew, learn
from store.understander import build_understander

WHEN = datetime(2026, 8, 17, 3, tzinfo=UTC)
CATEGORIES = "code,name\nT1,Kencana Terang\nT2,Kencana Bersih\nT3,Kencana Tirta\nT4,Pohon Tumbang\n"
AGENCIES = "code,name,aliases\nA1,Unit Anggrek,\nA2,Unit Melati,regu melati\nA3,Unit Mawar,\n"
TROUBLES = {
    ("T1", "A1"): (
        "lampu jalan padam",
        "lampu gang mati",
        "penerangan tidak menyala",
        "lampu taman rusak",
        "tiang lampu miring",
        "lampu berkedip terus",
    ),
    ("T2", "A2"): (
        "sampah menumpuk",
        "bak sampah penuh",
        "truk sampah tidak datang",
        "sampah dibuang sembarangan",
        "bau sampah menyengat",
        "gerobak sampah rusak",
    ),
    ("T3", "A3"): (
        "air ledeng keruh",
        "pipa air bocor",
        "air tidak mengalir",
        "meteran air rusak",
        "tagihan air naik",
        "air ledeng berbau",
    ),
}
TAILS = (
    "sudah tiga hari",
    "mohon ditangani",
    "di depan rumah saya",
    "setiap malam",
    "warga terganggu",
    "tolong pak",
)
ASKED = {
    "min lampu di gang kami padam terus": ("T1", "A1"),
    "lampu depan musholla mati, gelap": ("T1", "A1"),
    "penerangan taman padam": ("T1", "A1"),
    "sampah di gang menumpuk": ("T2", "A2"),
    "bak penuh, baunya menyengat": ("T2", "A2"),
    "truk sampah telat lagi": ("T2", "A2"),
    "ledeng keruh sejak pagi": ("T3", "A3"),
    "pipa bocor di pertigaan": ("T3", "A3"),
    "meteran rusak dan tagihan naik": ("T3", "A3"),
}


def examples() -> list[Example]:
    return [
        Example(text=f"{trouble} {tail}", category=category, agency=agency)
        for (category, agency), troubles in TROUBLES.items()
        for trouble, tail in product(troubles, TAILS)
    ]


def city(folder: Path, *, categories: str = CATEGORIES) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "categories.csv").write_text(categories, encoding="utf-8")
    (folder / "agencies.csv").write_text(AGENCIES, encoding="utf-8")
    return folder


def table(path: Path, rows: Iterable[tuple[str, str, str]]) -> Path:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("text", "category", "agency"))
        writer.writerows(rows)
    return path


def study(folder: Path, listed: list[Example]) -> Learnt:
    catalogue = load(folder)
    pupil = build_understander(default_gazetteer(), Thresholds(), catalogue, learning=True)
    return learn(listed, pupil.see, lambda _: None)


@pytest.fixture(scope="module")
def learnt(tmp_path_factory: pytest.TempPathFactory) -> Learnt:
    return study(city(tmp_path_factory.mktemp("city")), examples())


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return city(tmp_path / "city")


@pytest.fixture
def taught(folder: Path, learnt: Learnt) -> Path:
    """A catalogue directory in which something was learnt."""
    save(folder, load(folder), learnt, when=WHEN)
    return folder


def reader(folder: Path) -> Understander:
    found = load_deployment(folder)
    return build_understander(default_gazetteer(), Thresholds(), found.catalogue, model=found.model)


def right(understander: Understander) -> int:
    seen = [(understander.understand(text), there) for text, there in ASKED.items()]
    return sum(
        found.category is not None
        and found.agency is not None
        and (found.category.code, found.agency.code) == there
        for found, there in seen
    )


def test_examples_teach_what_names_do_not_say(folder: Path, learnt: Learnt):
    assert right(reader(folder)) <= 2
    save(folder, load(folder), learnt, when=WHEN)
    assert right(reader(folder)) == len(ASKED)


def test_it_is_better_than_the_catalogue_alone_on_examples_held_back(learnt: Learnt):
    for report in learnt.reports.values():
        assert report.examples == 108
        assert report.accuracy > 0.9 > 0.5 > report.cold_accuracy


def test_a_clear_answer_is_sure_and_says_why(taught: Path):
    found = reader(taught).understand("lampu gang mati sudah dua malam")
    assert found.category is not None
    assert found.agency is not None
    assert (found.category.name, found.category.sure) == ("Kencana Terang", True)
    assert (found.agency.name, found.agency.sure) == ("Unit Anggrek", True)
    assert "lampu" in found.category.reason
    assert found.category.score > 90
    assert sum(item.score for item in found.categories) <= 100.001


def test_words_that_no_example_had_are_never_sure(taught: Path):
    found = reader(taught).understand("gempa merobohkan jembatan gantung dekat lampu merah")
    assert not any(item.sure for item in (*found.categories, *found.agencies))


@pytest.mark.parametrize(("text", "sure"), [("lampu", False), ("lampu gang mati", True)])
def test_one_telling_word_alone_is_never_sure(taught: Path, text: str, sure: bool):
    found = reader(taught).understand(text)
    assert found.category is not None
    assert (found.category.name, found.category.sure) == ("Kencana Terang", sure)


def test_a_topic_without_examples_is_still_found_by_its_name(taught: Path):
    found = reader(taught).understand("pohon tumbang menutup jalan")
    assert found.category is not None
    assert found.category.code == "T4"


@pytest.mark.parametrize(
    ("text", "kind"), [("selamat pagi pak", Kind.GREETING), ("STATUS 9165816", Kind.COMMAND)]
)
def test_what_is_no_complaint_stays_so(taught: Path, text: str, kind: Kind):
    found = reader(taught).understand(text)
    assert found.kind == kind
    assert not any(item.sure for item in found.categories)


def test_a_text_without_any_known_word_is_left_to_the_catalogue(folder: Path, taught: Path):
    text = "xqzt wvvb"
    assert reader(taught).understand(text).categories == ()


def test_neither_order_nor_repetition_changes_what_is_learnt(tmp_path: Path, learnt: Learnt):
    again = study(city(tmp_path / "a"), [*reversed(examples()), *examples()[:40]])
    assert again.model.vocabulary.names == learnt.model.vocabulary.names
    assert np.array_equal(again.model.weights, learnt.model.weights)
    assert list(again.model.fields) == list(learnt.model.fields)


def test_what_was_learnt_can_be_read_by_people(taught: Path):
    meta = json.loads((taught / "learned" / "meta.json").read_text("utf-8"))
    assert meta["learned_at"] == "2026-08-17T03:00:00+00:00"
    topics, agencies = meta["fields"]
    assert topics["classes"] == ["T1", "T2", "T3"]
    assert agencies["report"]["counts"] == {"A1": 36, "A2": 36, "A3": 36}
    assert "lampu" in topics["report"]["telling"]["T1"]
    assert "sampah" in topics["report"]["telling"]["T2"]
    assert sum(answers for _, _, answers in topics["report"]["calibration"]) == 108


def test_examples_of_classes_too_rare_to_learn_lower_the_scores(tmp_path: Path):
    """What is answered to them is wrong, as it will be with other messages of such classes."""
    odd = [
        Example(text=item.text + " lagi", category=f"X{at}", agency=item.agency)
        for at, item in enumerate(examples()[::12])
    ]
    names = "".join(f"X{at},Perkara {at}\n" for at in range(len(odd)))
    folder = city(tmp_path, categories=CATEGORIES + names)
    usual, warned = study(folder, examples()), study(folder, [*examples(), *odd])
    assert warned.reports["category"].left_out == len(odd)
    assert warned.reports["category"].examples == usual.reports["category"].examples
    promised = [learnt.model.fields[0].score(0.9) for learnt in (usual, warned)]
    assert promised[1] < promised[0]


def test_few_answers_prove_nothing(tmp_path: Path):
    few = study(city(tmp_path), examples()[::3])
    assert [field.sure_from for field in few.model.fields] == [2.0, 2.0]
    assert [report.sure_right for report in few.reports.values()] == [None, None]


def test_what_is_sure_promises_a_little_more_than_its_aim():
    """Of 2,000 answers every tenth of the doubtful half is wrong; sure ones average .975."""
    steps = np.linspace(0, 1, 2000, dtype=np.float32)
    labels = np.array([at % 10 == 0 and at < 1000 for at in range(2000)], dtype=np.intp)
    answers = Answers(np.column_stack([steps, -steps]), np.zeros((2000, 2)), labels)
    field = calibrate("category", ("T1", "T2"), answers, rare=0.01)
    shares = 1 / (1 + np.exp(-2 * field.sharpness * steps.astype(float)))
    scores = np.array([field.score(share) for share in shares.tolist()])
    sure = scores >= field.sure_from
    assert scores[sure].mean() == pytest.approx(0.975, abs=0.001)
    assert 0.3 < sure.mean() < 1


def test_a_field_without_labels_is_not_learnt(tmp_path: Path):
    folder = city(tmp_path)
    only = [Example(text=item.text, agency=item.agency) for item in examples()]
    save(folder, load(folder), study(folder, only), when=WHEN)
    found = reader(folder).understand("bak sampah penuh di pasar")
    assert found.agency is not None
    assert found.agency.code == "A2"
    assert "T2" not in [item.code for item in found.categories]


@pytest.mark.parametrize(
    "listed",
    [[], examples()[:36], [examples()[0], examples()[40]]],
    ids=["none", "one class", "one example each"],
)
def test_too_few_examples(folder: Path, listed: list[Example]):
    with pytest.raises(TooFew):
        study(folder, listed)


KINDS = {
    Kind.GREETING: ("selamat pagi", "halo min", "assalamualaikum pak", "permisi kakak"),
    Kind.THANKS: ("terima kasih banyak", "makasih min", "sip makasih pak", "trims ya"),
    Kind.SPAM: ("anda menang undian", "klaim hadiah undian", "pinjaman cepat cair", "slot gacor"),
}


def kinds() -> list[Example]:
    """Complaints have a category, what is none has only its kind."""
    ends = ("", "ya", "semua", "hari ini", "malam", "sekali")
    listed = [
        Example(text=f"{text} {end}".strip(), kind=kind)
        for kind, texts in KINDS.items()
        for text, end in product(texts, ends)
    ]
    reports = [
        Example(text=one.text, category=one.category, kind=Kind.COMPLAINT) for one in examples()
    ]
    return [*listed, *reports]


def judgement(folder: Path, learnt: Learnt, text: str) -> dict[str, str]:
    """The best code of each field, after a trip through the files."""
    catalogue = load(folder)
    save(folder, catalogue, learnt, when=WHEN)
    model = load_model(folder, catalogue)
    assert isinstance(model, Model)
    pupil = build_understander(default_gazetteer(), Thresholds(), catalogue, learning=True)
    seen, cold = pupil.see(text)
    verdicts = model.judge(seen, cold, {"category": 4, "agency": 3})
    return {name: verdict.best for name, verdict in verdicts.items()}


def test_a_third_column_teaches_the_kind(folder: Path):
    learnt = study(folder, kinds())
    assert [field.name for field in learnt.model.fields] == ["kind", "category"]
    asked = {
        "halo selamat malam min": "greeting",
        "makasih banyak ya": "thanks",
        "klaim hadiah pinjaman anda": "spam",
    }
    assert {text: judgement(folder, learnt, text)["kind"] for text in asked} == asked
    found = judgement(folder, learnt, "lampu gang padam")
    assert found == {"kind": "complaint", "category": "T1"}
    assert judgement(folder, learnt, "xqzt wvvb") == {}


def test_messages_from_elsewhere_make_the_scores_and_teach_nothing(folder: Path, learnt: Learnt):
    """They are answered at random, so no score may be high and nothing may be sure."""
    wrong = {"T1": "T2", "T2": "T3", "T3": "T1"}
    elsewhere = [
        Example(text=f"{one.text} lagi", category=wrong[one.category] if at % 2 else one.category)
        for at, one in enumerate(examples())
    ]
    pupil = build_understander(default_gazetteer(), Thresholds(), load(folder), learning=True)
    judged = learn(examples(), pupil.see, lambda _: None, judged_on=elsewhere)
    topics, agencies = judged.model.fields
    assert topics.sure_from == 2.0
    assert (judged.reports["category"].judged, judged.reports["agency"].judged) == (108, 0)
    assert judged.reports["category"].judged_accuracy == pytest.approx(0.5, abs=0.05)
    assert judged.reports["category"].accuracy > 0.9
    assert agencies == learnt.model.fields[1]
    assert np.array_equal(judged.model.weights, learnt.model.weights)
    seen, cold = pupil.see("lampu gang mati")
    verdict = judged.model.judge(seen, cold, {"category": 4, "agency": 3})["category"]
    assert verdict.best == "T1"
    assert 0.3 < verdict.shares["T1"] < 0.7
    assert not verdict.sure


def test_a_message_from_elsewhere_is_not_taught_even_if_it_is_an_example(folder: Path):
    pupil = build_understander(default_gazetteer(), Thresholds(), load(folder), learning=True)
    judged = learn(examples(), pupil.see, lambda _: None, judged_on=examples()[:9])
    assert judged.reports["category"].examples == 99


NAMED = {
    "Lampu Padam": ("kemarin lampu padam", "lampu padam parah", "padam semua lampu", "lampu padam"),
    "Sampah Menumpuk": ("sampah menumpuk lagi", "bau sampah", "menumpuk sampah", "sampah banyak"),
    "Pipa Bocor": ("pipa bocor deras", "ada pipa bocor", "bocor pipa besar", "pipa pecah bocor"),
    "Anjing Liar": ("anjing liar galak", "banyak anjing liar", "anjing gila", "liar anjing itu"),
}
MISLED = (("anjing galak gigit", "Lampu Padam"), ("bau anjing liar", "Pipa Bocor"))


def test_where_the_catalogue_knows_better_than_few_examples_it_is_believed(tmp_path: Path):
    names = "".join(f"{name}\n" for name in NAMED)
    (tmp_path / "categories.csv").write_text(f"name\n{names}", encoding="utf-8")
    (tmp_path / "agencies.csv").write_text("name\nUnit\n", encoding="utf-8")
    listed = [Example(text=text, category=name) for name, texts in NAMED.items() for text in texts]
    wrong = [Example(text=text, category=name) for text, name in MISLED]
    learnt = study(tmp_path, [*listed, *wrong])
    report = learnt.reports["category"]
    assert learnt.model.fields[0].trust > 0
    assert report.accuracy >= report.cold_accuracy == pytest.approx(16 / 18)


FAMILIAR = {
    "warga terganggu, PJU gelap gulita": "T1",
    "warga terganggu, TPS meluber": "T2",
    "warga terganggu, PDAM tidak mengucur": "T3",
}


def test_the_national_model_advises_where_a_city_has_few_examples(folder: Path):
    """Of the words asked about no example has more than `warga terganggu`, which all have."""
    few = [one for one in examples() if one.text.endswith(TAILS[4])]
    model = study(folder, few).model
    pupil = build_understander(default_gazetteer(), Thresholds(), load(folder), learning=True)
    found, alone = {}, {}
    for text in FAMILIAR:
        seen, _ = pupil.see(text)
        found[text] = model.judge(seen, {}, {})["category"].best
        alone[text] = model.judge(replace(seen, advice={}), {}, {})["category"].best
    assert found == FAMILIAR
    assert alone != FAMILIAR


def test_the_more_examples_the_less_the_national_model_is_heard(folder: Path):
    """A weight of .6 for up to 583 examples, and 350 by their number beyond."""
    weights = []
    for times in (1, 10):
        listed = [
            replace(one, text=f"{one.text} nomor{at}") for one in examples() for at in range(times)
        ]
        vocabulary = study(folder, listed).model.vocabulary
        of = [name.startswith("a ") for name in vocabulary.names]
        weights += set(np.asarray(vocabulary.rarity)[of].tolist())
    assert weights == pytest.approx([0.6, 350 / 1080])


# Files of examples


LABELS = {
    ("T1", "A1"): ("T1", "A1"),
    (" t2 ", "a2"): ("T2", "A2"),
    ("kencana   TIRTA", "Unit  mawar"): ("T3", "A3"),
    ("Kencana Terang", ""): ("T1", ""),
    ("", "Regu Melati"): ("", "A2"),
    ("T1", "A1@73.71"): ("T1", "A1"),
}


@pytest.mark.parametrize(("labels", "codes"), LABELS.items())
def test_labels_are_codes_or_names(folder: Path, labels: tuple[str, str], codes: tuple[str, str]):
    path = table(folder / "examples.csv", [("lampu mati", *labels)])
    found = read_examples(path, load(folder))
    assert found.problems == []
    assert [(row.category, row.agency) for row in found.rows] == [codes]


def test_the_kind_is_a_column_that_may_be_missing_or_empty(folder: Path):
    path = folder / "e.csv"
    path.write_text(
        "kind,text,category\nSpam,menang undian,\n,lampu mati,T1\nkeluhan,sampah,T2\n"
        "command,stop,\n",
        encoding="utf-8",
    )
    found = read_examples(path, load(folder))
    assert [(row.kind, row.category) for row in found.rows] == [("spam", ""), ("", "T1")]
    assert found.problems == [
        "e.csv line 4: kind 'keluhan' is neither a code nor a name that a message may have.",
        "e.csv line 5: kind 'command' is neither a code nor a name that a message may have.",
    ]


def test_names_alone_are_codes_as_well(tmp_path: Path):
    (tmp_path / "categories.csv").write_text("name\nJalan\nAir\n", encoding="utf-8")
    (tmp_path / "agencies.csv").write_text("name\nDinas Jalan\n", encoding="utf-8")
    path = table(tmp_path / "examples.csv", [("aspal retak", "jalan", "dinas jalan")])
    row = read_examples(path, load(tmp_path)).rows[0]
    assert (row.category, row.agency) == ("Jalan", "Dinas Jalan")


def test_a_topic_wins_over_the_topic_above_it_and_a_name_of_two_is_asked_back(tmp_path: Path):
    (tmp_path / "categories.csv").write_text(
        "code,name,parent\nP,Air,\nQ,Air,P\nX,Taman,\nY,Taman,\n", encoding="utf-8"
    )
    (tmp_path / "agencies.csv").write_text("code,name\nA,Unit\n", encoding="utf-8")
    path = table(tmp_path / "e.csv", [("air mati", "air", ""), ("taman rusak", "taman", "")])
    found = read_examples(path, load(tmp_path))
    assert [row.category for row in found.rows] == ["Q"]
    assert found.problems == ["e.csv line 3: category 'taman' may be X or Y: write the code."]


def test_every_problem_of_a_file_is_listed_and_no_text_is_quoted(folder: Path):
    path = folder / "e.csv"
    path.write_text(
        "id,text,category,agency\n"
        "1,lampu mati,Kencana Teran,A1\n"
        "2,,T1,A1\n"
        "3,rahasia warga,,\n"
        '4,"dua\nbaris",T1,\n'
        "5,kurang,T1\n"
        "\n"
        "6,lampu mati,T1,Unit Tulip\n",
        encoding="utf-8",
    )
    found = read_examples(path, load(folder))
    assert [row.text for row in found.rows] == ["dua\nbaris"]
    assert found.unlabelled == 1
    assert found.problems == [
        "e.csv line 2: category 'Kencana Teran' is neither a code nor a name of the catalogue. "
        "Is it 'Kencana Terang'?",
        "e.csv line 3: text is empty.",
        "e.csv line 7: 3 fields instead of 4.",
        "e.csv line 9: agency 'Unit Tulip' is neither a code nor a name of the catalogue.",
    ]


UNREADABLE = {
    b"": "e.csv line 1: the columns must be text,category,agency.",
    b"pesan,category\nx,T1\n": "e.csv line 1: the columns must be text,category,agency.",
    b"text,kategori\nx,T1\n": "e.csv line 1: the columns must be text,category,agency.",
    b"text,category\n\xff\xfe,T1\n": "e.csv: is not UTF-8.",
    b'text,category\n"x,T1\n': "e.csv line 2: unexpected end of data.",
}


@pytest.mark.parametrize(("content", "problem"), UNREADABLE.items(), ids=UNREADABLE.values())
def test_files_that_cannot_be_read(folder: Path, content: bytes, problem: str):
    path = folder / "e.csv"
    path.write_bytes(content)
    assert read_examples(path, load(folder)).problems == [problem]


def test_spreadsheets_separate_by_semicolons_and_begin_with_a_mark(folder: Path):
    path = folder / "e.csv"
    path.write_bytes("\ufefftext;category;agency\nlampu, mati;T1;A1\n".encode())
    assert [row.text for row in read_examples(path, load(folder)).rows] == ["lampu, mati"]


# Files of models


def repack(folder: Path, **changes: np.ndarray) -> None:
    """Another .npz with the right digest: only its content is wrong."""
    path = next((folder / "learned").glob("*.npz"))
    with np.load(path) as file:
        content = {**file, **changes}
    packed = io.BytesIO()
    np.savez(packed, **content)
    digest = hashlib.sha256(packed.getvalue()).hexdigest()
    (folder / "learned" / f"model-{digest[:16]}.npz").write_bytes(packed.getvalue())
    change_meta(folder, sha256=digest)


def change_meta(folder: Path, **changes: object) -> None:
    path = folder / "learned" / "meta.json"
    path.write_text(json.dumps(json.loads(path.read_text("utf-8")) | changes), encoding="utf-8")


def cut(folder: Path) -> None:
    path = next((folder / "learned").glob("*.npz"))
    path.write_bytes(path.read_bytes()[:-100])


def lose(folder: Path) -> None:
    next((folder / "learned").glob("*.npz")).unlink()


def add_a_topic(folder: Path) -> None:
    (folder / "categories.csv").write_text(f"{CATEGORIES}T5,Kencana Lain\n", encoding="utf-8")


def meta_says(content: str) -> object:
    return lambda folder: (folder / "learned" / "meta.json").write_text(content, encoding="utf-8")


WRONG = {
    "cut": (cut, "damaged"),
    "lost": (lose, "damaged"),
    "meta is no JSON": (meta_says("{"), "damaged"),
    "meta is a list": (meta_says("[]"), "damaged"),
    "meta is too deep": (meta_says("[" * 100_000), "damaged"),
    "another file": (lambda f: change_meta(f, sha256="../../../etc/passwd"), "damaged"),
    "an object array": (lambda f: repack(f, bias=np.array([print] * 6, dtype=object)), "damaged"),
    "another shape": (lambda f: repack(f, bias=np.zeros(5, dtype=np.float32)), "damaged"),
    "no numbers": (lambda f: repack(f, bias=np.full(6, np.nan, dtype=np.float32)), "damaged"),
    "classes without weights": (lambda f: change_meta(f, fields=[]), "damaged"),
    "another release": (lambda f: change_meta(f, format=0), "release"),
    "another catalogue": (add_a_topic, "catalogue has changed"),
    "another mentor": (lambda f: change_meta(f, mentor="0" * 64), "national model has changed"),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_cannot_be_used_is_said_and_the_catalogue_still_answers(taught: Path, case: str):
    spoil, reason = WRONG[case]
    spoil(taught)
    found = load_deployment(taught)
    assert found.model is None
    assert reason in found.refused
    seen = reader(taught).understand("pohon tumbang")
    assert seen.category is not None
    assert seen.category.code == "T4"


def test_nothing_learnt_yet_is_nothing_to_complain_of(folder: Path):
    found = load_deployment(folder)
    assert (found.model, found.refused) == (None, "")


def test_learning_again_replaces_the_model(tmp_path: Path, taught: Path, learnt: Learnt):
    before = {path.name for path in (taught / "learned").iterdir()}
    other = study(city(tmp_path / "other"), examples()[::2])
    save(taught, load(taught), other, when=WHEN)
    after = {path.name for path in (taught / "learned").iterdir()}
    assert before & after == {"meta.json"}
    assert len(after) == 2
    model = load_model(taught, load(taught))
    assert np.allclose(model.weights, other.model.weights, atol=0.01)


# The command line


def lapor(*words: str, say: str = "") -> Result:
    result = CliRunner().invoke(cli, words, input=say)
    assert result.exception is None or isinstance(result.exception, SystemExit), result.output
    return result


def as_rows(listed: Iterable[Example]) -> list[tuple[str, str, str]]:
    return [(item.text, item.category, item.agency) for item in listed]


def ask(folder: Path, text: str) -> Result:
    line = json.dumps({"id": 1, "text": text})
    return lapor("understand", "--catalogue", str(folder), say=line)


def test_learn_and_understand(folder: Path):
    path = table(folder / "examples.csv", as_rows(examples()))
    done = lapor("learn", "--catalogue", str(folder), "--examples", str(path), "--json")
    assert done.exit_code == 0, done.output
    told = json.loads(done.stdout)["learnt"]
    assert (told["category"]["classes"], told["agency"]["examples"]) == (3, 108)
    found = json.loads(ask(folder, "bak sampah penuh di dekat sekolah").stdout)
    assert found["category"]["code"] == "T2"
    assert found["agency"]["code"] == "A2"


def test_bad_rows_stop_the_command_until_they_are_skipped(folder: Path):
    rows = [*as_rows(examples()), ("pohon tumbang", "Taman Kota", "")]
    path = table(folder / "e.csv", rows)
    words = ("learn", "--catalogue", str(folder), "--examples", str(path))
    refused = lapor(*words)
    assert refused.exit_code == 1
    assert "e.csv line 110: category 'Taman Kota'" in refused.stderr
    assert not (folder / "learned").exists()
    skipped = lapor(*words, "--skip-bad")
    assert skipped.exit_code == 0, skipped.output
    assert "e.csv line 110" in skipped.stderr
    assert "108" in skipped.stdout


def test_too_few_examples_are_said_in_words(folder: Path):
    path = table(folder / "e.csv", as_rows(examples()[:2]))
    done = lapor("learn", "--catalogue", str(folder), "--examples", str(path))
    assert done.exit_code == 1
    assert "nothing to learn" in done.stderr
    assert not (folder / "learned").exists()


def test_understand_says_once_that_the_model_is_stale(taught: Path):
    add_a_topic(taught)
    done = ask(taught, "pohon tumbang")
    assert done.exit_code == 0
    assert done.stderr.count("catalogue has changed") == 1
    assert json.loads(done.stdout)["category"]["code"] == "T4"


def test_understanding_starts_without_web_queue_database_and_training():
    """Each of these libraries costs a tenth of a second and more, before the first answer."""
    heavy = "{'flask', 'redis', 'rq', 'sqlalchemy', 'alembic', 'scipy', 'sklearn', 'structlog'}"
    code = f"import sys, gateway.cli.understand; print({heavy} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


# --- what is shipped ----------------------------------------------------------------------------


def test_the_shipped_examples_have_labels_of_the_shipped_catalogue():
    examples = read_examples(DEFAULT / "examples.csv", default_catalogue())
    assert examples.problems == []
    assert len(examples.rows) > 5_000
    topics = {example.category for example in examples.rows} - {""}
    assert topics == {code for code, one in default_catalogue().categories.items() if one.parent}


def test_the_shipped_model_belongs_to_the_shipped_catalogue():
    """After a change of the catalogue: python -m benchmarks.national."""
    deployment = load_deployment()
    assert deployment.refused == ""
    assert deployment.model is not None
    assert [field.name for field in deployment.model.fields] == ["kind", "category", "agency"]


def test_a_learnt_word_that_no_catalogue_has_is_understood():
    """`gronjal` and `njeglong` are roads to those who drive there; the catalogue has neither."""
    places = default_gazetteer()
    with_model = build_understander(places, Thresholds(), model=load_deployment().model)
    alone = build_understander(places, Thresholds())
    text = "ban motor saya pecah gara2 lubang segede kuali di tikungan sana"
    assert with_model.understand(text).category.code == "JALAN_RUSAK"
    learnt, cold = (one.understand(text).category for one in (with_model, alone))
    assert learnt.score > (cold.score if cold and cold.code == learnt.code else 0.0)
