"""What is a command, and what only looks like one."""

import pytest

from parsers.commands import parse_command
from parsers.text import tokenise
from parsers.tracking import trackings
from parsers.understanding import Command, Verb
from store.understander import load_tables

STATUS, HELP, CANCEL = Verb.STATUS, Verb.HELP, Verb.CANCEL
REPLY, STOP, START = Verb.REPLY, Verb.STOP, Verb.START

COMMANDS = {
    "STATUS 1234567": Command(STATUS, "1234567"),
    "status": Command(STATUS),
    "sttaus 1234567": Command(STATUS, "1234567"),
    "ceks 1234567": Command(STATUS, "1234567"),
    "Status#1234567": Command(STATUS, "1234567"),
    "STATUS1234567": Command(STATUS, "1234567"),
    "/status 1234567": Command(STATUS, "1234567"),
    "/status@lapor1708_bot 1234567": Command(STATUS, "1234567"),
    "cek laporan saya no 1234567 dong": Command(STATUS, "1234567", "dong"),
    "tolong cek status laporan 1234567": Command(STATUS, "1234567"),
    "halo min, cek 1234567": Command(STATUS, "1234567"),
    "1234567": Command(STATUS, "1234567"),
    " #1234567 ": Command(STATUS, "1234567"),
    "no laporan 12345": Command(STATUS, "12345"),
    "BANTUAN": Command(HELP),
    "help!": Command(HELP),
    "info": Command(HELP),
    "bantuam": Command(HELP),
    "/start": Command(HELP),
    "/help": Command(HELP),
    "Batal": Command(CANCEL),
    "batalkan laporan saya": Command(CANCEL),
    "BATAL 1234567": Command(CANCEL, "1234567"),
    "BALAS 1234567 masih rusak, pak": Command(REPLY, "1234567", "masih rusak, pak"),
    "bl 1234567: sudah saya kirim": Command(REPLY, "1234567", "sudah saya kirim"),
    "TL #1234567 belum ada petugas": Command(REPLY, "1234567", "belum ada petugas"),
    "balas masih mati lampunya": Command(REPLY, "", "masih mati lampunya"),
    "STOP": Command(STOP),
    "berhenti": Command(STOP),
    "stop kirim sms": Command(STOP),
    "MULAI": Command(START),
    "start": Command(START),
    "ѕtatus 1234567": Command(STATUS, "1234567"),  # a Cyrillic letter
    "ＳＴＡＴＵＳ 1234567": Command(STATUS, "1234567"),
    "BATALL 1234567": Command(CANCEL, "1234567"),
    "batal lap 1234567": Command(CANCEL, "1234567"),
    "batalkan laporan saya yang barusan": Command(CANCEL),
    "tampilkan menu bantuan": Command(HELP),
}
NO_COMMANDS = (
    "",
    "   ",
    "tolong stop pungli di kelurahan",
    "stop pungli",
    "cek jalan rusak di depan pasar",
    "batal berangkat karena jalan rusak",
    "info dong jalan ke kantor samsat ditutup",
    "bantuan sosial belum cair",
    "mulai tadi pagi listrik padam",
    "status tanah kami belum jelas",
    "tl mati di perempatan",
    "selamat pagi, tl di perempatan padam",
    "tolong balas pesan saya",
    "cek 600000 rupiah belum cair",
    "081200001234",
    "3204010101900001",
    "batas",
    "halo",
    "lampu jalan mati",
)


@pytest.mark.parametrize(("text", "expected"), COMMANDS.items())
def test_message_is_a_command(text: str, expected: Command) -> None:
    assert parse_command(text, load_tables().commands, typo=80) == expected


@pytest.mark.parametrize("text", NO_COMMANDS)
def test_words_of_a_complaint_are_no_command(text: str) -> None:
    assert parse_command(text, load_tables().commands, typo=80) is None


def test_stricter_threshold_refuses_misspelt_words() -> None:
    assert parse_command("sttaus 1234567", load_tables().commands, typo=95) is None


NUMBERS = {
    "laporan no 8112829, 8588371 dan 8630536 belum dijawab": ("8112829", "8588371", "8630536"),
    "laporan saya #9165816 bagaimana": ("9165816",),
    "aduan dengan nomor 91658 ditutup": ("91658",),
    "nomor 9165816 belum ada kabar": ("9165816",),
    "no 12345 jalan melati banjir": (),
    "hub saya 081200001234": (),
    "no hp 8120000": (),
    "no hp 812000012": (),
    "dipungut Rp 1250000 oleh petugas": (),
    "dipungut 150000 rupiah": (),
    "biaya 1.250.000 di kelurahan": (),
    "nik 3204010101900001 tidak padan": (),
    "rt 00123 rw 45678": (),
    "id pelanggan 5123456 tagihan naik": (),
    "no pelanggan 5123456": (),
    "laporan 9165816 dan 9165816": ("9165816",),
    "laporan 123": (),
    "soal 9165816, bukan di gang itu": ("9165816",),
    "min no9165816 sampai mana": ("9165816",),
    "gaji 9500000 dipotong": (),
    "soal 5123456 itu": (),
    "laporan 0123456": (),
}


@pytest.mark.parametrize(("text", "expected"), NUMBERS.items())
def test_tracking_numbers_inside_a_sentence(text: str, expected: tuple[str, ...]) -> None:
    assert trackings(tokenise(text), text) == expected
