"""SMS as they are counted and cut: the tables of 3GPP TS 23.038 and TS 23.040, and properties."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.channels.console import Console
from gateway.channels.gsm7 import downgrade, is_gsm7, parts, segments
from gateway.channels.rendering import as_sms, charged, numbered, shortened
from parsers.messages import Button

EURO = "€"  # in the extension table: two septets
SMILE = "😀"  # outside of the first plane: two units of UCS-2
HAN = "谢"  # one unit


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("", 1),
        ("a", 1),
        ("a" * 160, 1),
        ("a" * 161, 2),
        ("a" * 306, 2),
        ("a" * 307, 3),
        ("a" * 459, 3),
        ("a" * 460, 4),
        ("\n" * 160, 1),
        ("Ω" * 160, 1),
        (EURO * 80, 1),
        (EURO * 80 + "a", 2),
        (EURO * 81, 2),
        ("a" * 158 + EURO, 1),
        ("a" * 159 + EURO, 2),
        # Of 153 places 152 are filled by 76 signs: the 77th goes whole into the next segment.
        (EURO * 152, 2),
        (EURO * 153, 3),
        ("a" * 153 + EURO * 76, 2),
        # 306 septets, which would fit two segments, were it not for the sign at the border.
        ("a" * 152 + EURO + "a" * 152, 3),
        ("a" * 152 + EURO + "a" * 151, 2),
        ("a" * 151 + EURO + "a" * 153, 2),
        (HAN * 70, 1),
        (HAN * 71, 2),
        (HAN * 134, 2),
        (HAN * 135, 3),
        (HAN + "a" * 69, 1),
        (HAN + "a" * 70, 2),
        (HAN + EURO * 69, 1),  # in UCS-2 it is a character as any other
        (SMILE * 35, 1),
        (SMILE * 35 + HAN, 2),
        # Of 67 places 66 are filled by 33 pictures: no pair is parted.
        (SMILE * 66, 2),
        (SMILE * 67, 3),
        (HAN * 66 + SMILE + HAN * 66, 3),
        (HAN * 65 + SMILE + HAN * 67, 2),
    ],
)
def test_segments(text: str, count: int):
    assert segments(text) == count


@pytest.mark.parametrize("mark", list("^{}\\[~]|€\f"))
def test_each_of_the_ten_extension_characters_counts_two(mark: str):
    assert (segments(mark * 80), segments(mark * 80 + "a")) == (1, 2)


@pytest.mark.parametrize("mark", ["ç", "`", "“", "’", "–", "…", "•", "\u00a0", "\t", "Á", "š"])
def test_one_character_outside_makes_the_whole_text_dear(mark: str):
    assert segments("a" * 70 + mark) == 2


@pytest.mark.parametrize(
    ("written", "sent"),
    [
        ("Jalan rusak", "Jalan rusak"),
        ("“Pasar Lama” dan ‘Baru’", "\"Pasar Lama\" dan 'Baru'"),
        ("«Pasar»", '"Pasar"'),
        ("Jum’at, Ma`ruf, Qurʼan", "Jum'at, Ma'ruf, Qur'an"),
        ("pukul 08.00–10.00 — setiap hari…", "pukul 08.00-10.00 - setiap hari..."),
        ("Rp\u00a050.000\u2009saja", "Rp 50.000 saja"),
        ("satu\tdua\u2028tiga", "satu dua\ntiga"),
        ("za\u200bta\u200dir\ufeff", "zatair"),
        ("cafe\u0301s dan Ā́n", "cafés dan An"),
        ("Tiếng Việt, Łódź, Đorđe, Çelik, ĳs", "Tieng Viet, Lodz, Dorde, Çelik, ijs"),
        ("5 km², 3×4 m, ½ jam, № 7", "5 km2, 3x4 m,  1/2 jam, No 7"),
        ("fullwidth ＡＢＣ１２３", "fullwidth ABC123"),
        ("• satu", "- satu"),
        ("Terima kasih 🙏.", "Terima kasih."),
        ("Terima kasih 🙏🏽 Pak", "Terima kasih Pak"),
        ("🙏 Terima kasih", "Terima kasih"),
        ("banjir🌊jalan", "banjir jalan"),
        ("satu\n👍 dua", "satu\ndua"),
        ("👨\u200d👩\u200d👧 keluarga ❤\ufe0f", "keluarga"),
        ("1\ufe0f\u20e3 pilih", "1 pilih"),
        # Nothing is gained by changing what needs UCS-2 all the same.
        ("👍", "👍"),
        ("ꦩꦠꦸꦂ “nuwun” 🙏", "ꦩꦠꦸꦂ “nuwun” 🙏"),
        ("谢谢…", "谢谢…"),
        ("شكرا 🙏", "شكرا 🙏"),
    ],
)
def test_the_same_words_in_the_cheap_alphabet(written: str, sent: str):
    assert downgrade(written) == sent


@given(st.text(max_size=80))
def test_downgrading_never_makes_a_text_dearer_and_is_done_once(text: str):
    sent = downgrade(text)
    assert downgrade(sent) == sent
    assert sent == text or is_gsm7(sent)


@given(st.text(alphabet="abc 0123456789\n.,€é", max_size=300))
def test_downgrading_leaves_the_cheap_alphabet_alone(text: str):
    assert downgrade(text) == text


# --- longer texts --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "limit", "cut"),
    [
        ("satu dua", 8, ["satu dua"]),
        ("satu dua tiga", 12, ["(1/3) satu", "(2/3) dua", "(3/3) tiga"]),
        ("satu dua tiga ya", 14, ["(1/2) satu dua", "(2/2) tiga ya"]),
        (
            "Laporan 9165816 diterima. Hubungi 0812 0000 0101 segera",
            40,
            ["(1/2) Laporan 9165816 diterima. Hubungi", "(2/2) 0812 0000 0101 segera"],
        ),
        ("satu\n\n  dua tiga", 12, ["(1/3) satu", "(2/3) dua", "(3/3) tiga"]),
        ("satu\ndua tiga empat", 16, ["(1/2) satu\ndua", "(2/2) tiga empat"]),
        # A word that fits nowhere is cut: to leave it out would be worse.
        ("abcdefghijklmnop", 12, ["(1/3) abcdef", "(2/3) ghijkl", "(3/3) mnop"]),
        # Groups of digits stay together while they can, and then at least each is whole.
        ("0812 0000 0101 0102", 14, ["(1/4) 0812", "(2/4) 0000", "(3/4) 0101", "(4/4) 0102"]),
    ],
)
def test_parts(text: str, limit: int, cut: list[str]):
    assert parts(text, limit) == cut


def test_ten_parts_and_more_leave_room_for_their_longer_marks():
    cut = parts("kata " * 60, 20)
    assert len(cut) == 30
    assert [cut[0], cut[29]] == ["(1/30) kata kata", "(30/30) kata kata"]
    assert max(map(len, cut)) <= 20


WORDS = st.lists(
    st.one_of(
        st.from_regex(r"[a-z]{1,12}[.,]?", fullmatch=True),
        st.from_regex(r"[0-9]{1,13}", fullmatch=True),
        st.sampled_from(["0812-0000-0101", "€5", "é", HAN, SMILE, "9165816"]),
    ),
    min_size=1,
    max_size=120,
)


@given(WORDS, st.integers(30, 70))
def test_no_word_is_lost_cut_or_moved(words: list[str], limit: int):
    text = "\n".join(words)
    cut = parts(text, limit)
    assert all(len(part) <= limit for part in cut)
    unmarked = [re.sub(r"^\(\d+/\d+\) ", "", part) for part in cut] if len(cut) > 1 else cut
    assert " ".join(unmarked).split() == words
    for number, part in enumerate(cut, 1):
        assert len(cut) == 1 or part.startswith(f"({number}/{len(cut)}) ")


@given(WORDS)
def test_a_bearer_that_joins_nothing_gets_single_sms(words: list[str]):
    assert all(segments(part) == 1 for part in parts(" ".join(words), 1, size=segments))


# --- replies -------------------------------------------------------------------------------------

BANDUNG = (Button("place:32.73", "Kota Bandung"), Button("place:32.04", "Kabupaten Bandung"))


def test_choices_are_numbered_for_a_phone_that_shows_only_text():
    assert numbered("Yang mana?", BANDUNG) == "Yang mana?\n1. Kota Bandung\n2. Kabupaten Bandung"
    assert numbered("Laporan diterima.", ()) == "Laporan diterima."


def test_an_sms_of_ten_segments_is_one_message_and_a_longer_one_several():
    assert as_sms("a" * 1530) == ["a" * 1530]
    words = ("laporan " * 200).strip()
    assert [part[:6] for part in as_sms(words)] == ["(1/2) ", "(2/2) "]
    assert charged(words) == 11
    assert as_sms("“Yang mana?”", BANDUNG)[0].startswith('"Yang mana?"\n1. Kota')


@pytest.mark.parametrize(("name", "cost"), [("sms", 2), ("kannel", 2), ("whatsapp", 0)])
def test_the_console_costs_what_the_channel_would(name: str, cost: int):
    assert Console(name, 1600).segments("a" * 161) == cost


@pytest.mark.parametrize(
    ("label", "longest", "shown"),
    [
        ("Kota Bandung", 20, "Kota Bandung"),
        ("Dinas Perhubungan Kt", 20, "Dinas Perhubungan Kt"),
        ("Kabupaten Kepulauan Siau", 20, "Kabupaten..."),
        ("Kota Administrasi Jakarta", 20, "Kota Administrasi..."),
        ("Dinas Pekerjaan Umum (PUPR) Kota", 24, "Dinas Pekerjaan Umum..."),
        ("Kabupatenkepulauansiautagulandang", 20, "Kabupatenkepulaua..."),
    ],
)
def test_a_label_is_cut_at_a_word(label: str, longest: int, shown: str):
    assert shortened(label, longest) == shown
    assert len(shown) <= longest
