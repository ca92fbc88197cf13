"""Private data as people write it, and what only looks like it."""

import csv

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.settings import ROOT
from parsers.understand import Thresholds, Understander
from store.gazetteer import default_gazetteer
from store.masking import masked
from store.understander import build_understander

FIXTURE = ROOT / "tests" / "fixtures" / "understanding" / "private.csv"
TABLE = ROOT / "parsers" / "tables" / "people.csv"


@pytest.fixture(scope="module")
def reader() -> Understander:
    return build_understander(default_gazetteer(), Thresholds())


def rows() -> list[dict[str, str]]:
    """`private` is `type:words`, with | between."""
    with FIXTURE.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize("row", rows(), ids=lambda row: row["text"])
def test_found_and_left_alone(reader: Understander, row: dict[str, str]):
    text = row["text"]
    found = [
        f"{span.type}:{text[span.start : span.end]}" for span in reader.understand(text).private
    ]
    assert found == [piece for piece in row["private"].split("|") if piece]


def test_what_is_masked_is_what_is_found():
    text = "Saya Yanti, wa 0812-0000-1234, rek bca 1230000987 a.n. Budi Contoh"
    assert masked(text) == "Saya ***, wa ***, rek bca *** a.n. ***"


def test_letters_that_grow_when_small_move_nothing(reader: Understander):
    text = "\u0130\u0130\u0130 nama saya Budi Santoso"
    (span,) = reader.understand(text).private
    assert text[span.start : span.end] == "Budi Santoso"


def test_a_name_that_is_a_word_is_listed_once():
    with TABLE.open(encoding="utf-8", newline="") as file:
        listed = [(row["role"], row["word"]) for row in csv.DictReader(file)]
    assert len(listed) == len(set(listed))
    names = {word for role, word in listed if role == "name"}
    assert names.isdisjoint(word for role, word in listed if role == "common")


PIECES = "nama|saya|pak|Budi|Contoh|a.n.|hub|0812|0000|1234|(|)|.|,|\n|bri|rek|B|XY|-|\u0130|ibu|RT"


@settings(max_examples=200, deadline=None)
@given(st.lists(st.sampled_from(PIECES.split("|")), max_size=30))
def test_spans_are_in_order_and_apart(reader: Understander, words: list[str]):
    text = " ".join(words)
    end = 0
    for span in reader.understand(text).private:
        assert end <= span.start < span.end <= len(text)
        end = span.end
