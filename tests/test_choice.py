"""Which of the choices that we offered somebody means."""

import pytest

from parsers.choice import chosen

PLACES = ("Kota Bandung", "Kabupaten Bandung", "Kabupaten Bandung Barat")
TOPICS = ("Lampu jalan (PJU)", "Listrik padam / tegangan turun", "Bukan salah satunya")


@pytest.mark.parametrize(
    ("text", "labels", "place"),
    [
        ("1", PLACES, 0),
        (" 2. ", PLACES, 1),
        ("no 3", PLACES, 2),
        ("satu", PLACES, 0),
        ("yg pertama", PLACES, 0),
        ("ke dua pak", PLACES, 1),
        ("kedua", PLACES, 1),
        ("nomer loro", PLACES, 1),
        ("nu kadua", PLACES, 1),
        ("pertma", PLACES, 0),
        ("yang terakhir", PLACES, 2),
        ("Kota Bandung", PLACES, 0),
        ("kota", PLACES, 0),
        ("kab bandung", PLACES, 1),
        ("bandung barat", PLACES, 2),
        ("kab", PLACES, None),
        ("bandung", PLACES, None),
        ("lampu jln", TOPICS, None),
        ("lampu", TOPICS, 0),
        ("listrk", TOPICS, 1),
        ("bukan", TOPICS, 2),
        ("4", PLACES, None),
        ("0", PLACES, None),
        ("", PLACES, None),
        ("jalan rusak di depan rumah saya sudah tiga minggu pak", PLACES, None),
    ],
)
def test_a_choice_is_read_or_asked_again(text, labels, place):
    assert chosen(text, labels) == place
