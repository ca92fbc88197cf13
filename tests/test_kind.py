"""What messages want, and which of them cannot wait."""

import csv

import pytest

from bots.reader import Reader
from gateway.reading import build_reader
from gateway.settings import ROOT, load
from parsers.understanding import Kind

FIXTURES = ROOT / "tests" / "fixtures" / "understanding"
CUES = ROOT / "parsers" / "tables" / "cues.csv"


@pytest.fixture(scope="module")
def reader() -> Reader:
    return build_reader(load(ROOT / "config.yaml", {}))


def rows(name: str) -> list[dict[str, str]]:
    with (FIXTURES / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize("row", rows("kinds.csv"), ids=lambda row: row["text"])
def test_kind(reader: Reader, row: dict[str, str]):
    assert reader.understander.understand(row["text"]).kind is Kind(row["kind"])


@pytest.mark.parametrize("row", rows("urgent.csv"), ids=lambda row: row["text"])
def test_what_cannot_wait(reader: Reader, row: dict[str, str]):
    """`kind` is empty where it does not matter."""
    found = reader.understander.understand(row["text"])
    assert (found.urgent is not None) is (row["urgent"] == "yes")
    if row["kind"]:
        assert found.kind is Kind(row["kind"])


REASONS = {  # the words that mean danger together, as they stand in the text
    "jembatan ke sekolah nyaris putus": "disebut: jembatan nyaris putus",
    "sudah setinggi dada banjir di kampung": "disebut: setinggi dada banjir",
    "lubang itu sangat dalam, sudah ada yang jatuh": "disebut: lubang dalam jatuh",
}


@pytest.mark.parametrize(("text", "reason"), REASONS.items())
def test_the_reason_is_named(reader: Reader, text: str, reason: str):
    assert reader.understander.understand(text).urgent == reason


def test_danger_told_in_a_letter_is_no_emergency_by_rule_but_urgent(reader: Reader):
    letter = "kami warga lama di sini dan ingin bercerita " * 7 + "rumah tetangga terbakar"
    words = reader.understander.understand(letter)
    assert words.kind is not Kind.EMERGENCY
    assert words.urgent == "disebut: rumah terbakar"


def test_words_far_apart_mean_no_danger_together(reader: Reader):
    far = "jembatan" + " dan sampah menumpuk di sana" * 4 + " nyaris putus"
    assert reader.understander.understand(far).urgent is None


WISHES = ("usul agar jembatan yang mau roboh diganti", "berapa biaya mengganti atap yang mau roboh")


@pytest.mark.parametrize("text", WISHES)
def test_a_wish_or_a_question_can_wait(reader: Reader, text: str):
    assert reader.understander.understand(text).urgent is None


SPOTS = {  # where the trouble is; news and notices tell none
    "Selamat pagi sobat, hari ini giat senam bersama di Gedung Melati jl Mawar jam 7 pagi": None,
    "Liputan sore: pelantikan karang taruna di jl Cendana dihadiri 50 pemuda dan para tokoh": None,
    "Sore ini senam bersama di jl Cendana dan lomba baca puisi, ayo datang ramai ramai": None,
    "Sore ini senam di jl Cendana bising sekali, ibu di sebelah jadi pusing": "Jalan Cendana",
    "saya melihat orang menggali di tepi jl Cendana sore ini pakai alat besar": "Jalan Cendana",
    "lansia kekunci kamar mandi jl Cendana no 5, semua orang berkumpul sekarang di depan pintu": (
        "Jalan Cendana no 5"
    ),
    "itu yang dekat masjid al ikhlas gang melati rt 3 rw 2": (
        "dekat masjid al ikhlas, gang melati rt 3 rw 2"
    ),
}


@pytest.mark.parametrize(("text", "address"), SPOTS.items())
def test_where_no_trouble_is_told_no_place_is_its_spot(
    reader: Reader, text: str, address: str | None
):
    found = reader.understander.understand(text)
    assert found.address == address
    assert address or not (found.place and found.place.text)


RAW = {"id", "jv", "su", "min", "bjn", "en", "opening", "area"}  # compared as they were written


def test_every_cue_is_spelt_as_texts_are_read(reader: Reader):
    with CUES.open(encoding="utf-8", newline="") as file:
        cues = [row["words"] for row in csv.DictReader(file) if row["kind"] not in RAW]
    read = {cue: reader.understander.understand(f"ya {cue}").normalised for cue in cues}
    assert [cue for cue, words in read.items() if words != f"ya {cue}"] == []
