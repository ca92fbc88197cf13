"""How alike two reports are: a table of pairs, and rules that hold for any of them."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.families import lines
from parsers import spots
from parsers.likeness import Reason, Report, Rules, compare
from parsers.spots import SpotWords
from store.families.spots import load_spot_words
from tests.harness import NOON

WORDS = SpotWords(
    kind=frozenset({"jalan", "depan", "nomor", "rt", "rw", "lampu", "tiang", "gang"}),
    landmark=frozenset({"masjid", "pasar"}),
    numbered=frozenset({"nomor", "rt", "rw", "tiang", "gang", "km"}),
)
RULES = Rules(spots=WORDS)
KECAMATAN, KELURAHAN, NEXT_KELURAHAN = "32.73.02", "32.73.02.1004", "32.73.02.1005"
PHOTO = 0xF0E1D2C3B4A59687


def report(text: str = "lampu mati", address: str = "", **given: Any) -> Report:
    """A report of formal words, as if they had been read from a text."""
    words = f"{text} {address}".split()
    values: dict[str, Any] = {
        "at": NOON,
        "words": tuple(words),
        "spot": spots.told(words, address.split(), WORDS),
        "category": "PJU",
        "place": KECAMATAN,
    }
    return Report(**values | given)


MAWAR = report("lampu mati gelap", "jalan mawar depan masjid ikhlas")
LONG = "bantuan tahap ketiga belum cair untuk seluruh penerima padahal tetangga sudah"


@pytest.mark.parametrize(
    ("one", "other", "reasons"),
    [
        pytest.param(
            MAWAR,
            report("padam tolong perbaiki", "jalan mawar"),
            {"same_topic", "same_place", "same_address", "same_time"},
            id="the street",
        ),
        pytest.param(
            MAWAR,
            report("padam", "jalan mawra", place=KELURAHAN),
            {"same_address"},
            id="a slip of the thumb, and one names the kelurahan too",
        ),
        pytest.param(MAWAR, report("padam", "jalan mwr"), {"same_address"}, id="no vowels"),
        pytest.param(
            report(place=None, pin=(-6.9, 107.6)),
            report("gelap", place=None, pin=(-6.9009, 107.6)),
            {"near"},
            id="pins a hundred metres apart",
        ),
        pytest.param(
            report(pin=(-6.9, 107.6)),
            report("gelap", place="32.73.03", pin=(-6.9005, 107.6)),
            {"near"},
            id="pins on both sides of a border",
        ),
        pytest.param(
            report("ini", place=None, category=None, pictures=(PHOTO,)),
            report("gelap", place=None, category=None, pictures=(PHOTO ^ 0b111111,)),
            {"same_photo"},
            id="one photo, sent on",
        ),
        pytest.param(
            report("ini", place=None, digests=frozenset({"a"}), category="SAMPAH"),
            report("gelap", place=None, digests=frozenset({"a", "b"})),
            {"same_photo"},
            id="one file, though the words say another topic",
        ),
        pytest.param(
            report(LONG, place=None),
            report(f"{LONG} tolong", place=None),
            {"same_words"},
            id="one text, sent on, of no place",
        ),
        pytest.param(
            report("air mati sejak kemarin", place=KELURAHAN),
            report("air mati sejak senin", place=KELURAHAN),
            {"same_topic", "same_place", "same_words"},
            id="a whole kelurahan",
        ),
        pytest.param(
            report("lampu mati", "jalan mawar", reporter=7),
            report("masih mati", at=NOON + timedelta(days=40), reporter=7),
            {"same_reporter"},
            id="the same person again",
        ),
        pytest.param(
            report("mati", "jalan mawar nomor 12"),
            report("padam", "jalan mawar nomor 14"),
            {"same_address"},
            id="the house next door",
        ),
    ],
)
def test_one_matter(one: Report, other: Report, reasons: set[str]):
    found = compare(one, other, RULES)
    assert found is not None
    assert {reason.value for reason in found.reasons} >= reasons
    assert 50 <= found.score <= 100


@pytest.mark.parametrize(
    ("one", "other"),
    [
        pytest.param(MAWAR, report("padam", "jalan mawar", category="SAMPAH"), id="another topic"),
        pytest.param(MAWAR, report("padam", "jalan melati"), id="another street"),
        pytest.param(MAWAR, report("padam", "jalan mawar", place="32.73.03"), id="kecamatan"),
        pytest.param(
            replace(MAWAR, place=KELURAHAN),
            report("padam", "jalan mawar", place=NEXT_KELURAHAN),
            id="neighbouring kelurahan",
        ),
        pytest.param(
            report("mati", "jalan mawar tiang nomor 12"),
            report("mati", "jalan mawar tiang 7"),
            id="another lamp post",
        ),
        pytest.param(
            report("mati", "jalan mawar nomor 12"),
            report("mati", "jalan mawar nomor 120"),
            id="another house",
        ),
        pytest.param(
            report("mati", "jalan mawar rt 03 05"),
            report("mati", "jalan mawar rt 3 rw 6"),
            id="another RW",
        ),
        pytest.param(report(place="32.73"), report(place="32.73"), id="only a kota in common"),
        pytest.param(
            report("mati", "jalan sudirman", place="32.73"),
            report("mati", "jalan sudirman", place="32.73"),
            id="a street that is kilometres long",
        ),
        pytest.param(
            report(place=None, pin=(-6.9, 107.6)),
            report(place=None, pin=(-6.9014, 107.6)),
            id="pins 156 metres apart",
        ),
        pytest.param(
            report("mati", "jalan mawar", pin=(-6.9, 107.6)),
            report("mati", "jalan mawar", pin=(-6.92, 107.6)),
            id="two kilometres further on the same street",
        ),
        pytest.param(
            report("ini", pictures=(PHOTO,), place=None),
            report("ini", pictures=(PHOTO ^ 0b1111111,), place=None),
            id="another photo",
        ),
        pytest.param(
            report("ini", pictures=(PHOTO,), place="32.73"),
            report("ini", pictures=(PHOTO,), place="35.78"),
            id="the photo of another town",
        ),
        pytest.param(
            report(f"{LONG} tiang 4", place=None),
            report(f"{LONG} tiang 9", place=None),
            id="one sentence for two lamp posts",
        ),
        pytest.param(
            report("mati", "jalan mawar", reporter=7),
            report("rusak", "jalan melati", reporter=7),
            id="another street of the same person",
        ),
    ],
)
def test_two_matters(one: Report, other: Report):
    assert compare(one, other, RULES) is None


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("rt 03 05", {"rt": 3, "rw": 5}),
        ("rt 3 rw 5", {"rt": 3, "rw": 5}),
        ("tiang nomor 7", {"tiang": 7}),
        ("jalan mawar nomor 12 km 5", {"nomor": 12, "km": 5}),
        ("nomor 081234567", {}),
        ("sudah 3 hari", {}),
        ("rt berapa 4", {}),
    ],
)
def test_the_numbers_of_a_spot(text: str, numbers: dict[str, int]):
    assert spots.told(text.split(), [], WORDS).numbers == numbers


reports = st.builds(
    report,
    text=st.lists(st.sampled_from(["lampu", "mati", "gelap", "air", "banjir", "rusak"])).map(
        " ".join
    ),
    address=st.lists(st.sampled_from(["jalan", "mawar", "melati", "nomor", "7", "9", "pasar"])).map(
        " ".join
    ),
    category=st.sampled_from([None, "PJU", "SAMPAH"]),
    place=st.sampled_from([None, "32", "32.73", KECAMATAN, KELURAHAN, NEXT_KELURAHAN]),
    at=st.sampled_from([NOON, NOON + timedelta(days=2)]),
    reporter=st.sampled_from([None, 1, 2]),
    pin=st.sampled_from([None, (-6.9, 107.6), (-6.9005, 107.6), (-6.95, 107.6)]),
)


@given(reports, reports)
def test_likeness_is_mutual_and_bounded(one: Report, other: Report):
    found, turned = compare(one, other, RULES), compare(other, one, RULES)
    assert (found is None) == (turned is None)
    if found and turned:
        assert found.score == pytest.approx(turned.score, abs=0.2)
        assert set(found.reasons) == set(turned.reasons)
        assert RULES.propose <= found.score <= 100
        assert set(found.reasons) <= set(Reason)


def test_the_shipped_word_lists_have_no_word_twice_in_a_wrong_way():
    words = load_spot_words()
    assert {"jalan", "nomor", "depan"} <= words.kind
    assert not words.kind & words.landmark
    assert all(word == word.lower() and word.isalnum() for word in words.kind | words.landmark)


def test_the_corpus_has_both_halves_and_no_pair_twice():
    pairs = list(lines("both"))
    assert {pair["half"] for pair in pairs} == {"tune", "report"}
    assert len({pair["id"] for pair in pairs}) == len(pairs) > 130
    assert 0.4 < sum(pair["same"] for pair in pairs) / len(pairs) < 0.6
