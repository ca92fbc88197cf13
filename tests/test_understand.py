"""Whole messages: kind, body, keyword, time, private data, headline; any text at all."""

from datetime import date

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from parsers.features import PLACE
from parsers.text import Token, tokenise
from parsers.understand import Thresholds, Understander
from parsers.understanding import Kind, Span, Understanding
from store.gazetteer import default_gazetteer
from store.understander import build_understander

TODAY = date(2024, 11, 21)


@pytest.fixture(scope="module")
def reader() -> Understander:
    return build_understander(default_gazetteer(), Thresholds())


TOKENS = {
    "Jalan, RUSAK!": [("jalan", 0, 5), ("rusak", 7, 12)],
    "ja\u200blan rus\u00adak": [("jalan", 0, 6), ("rusak", 7, 13)],
    "\u202ejalan\u202c": [("jalan", 1, 6)],
    "ＪＡＬＡＮ rusak": [("jalan", 0, 5), ("rusak", 6, 11)],
    "cafe\u0301": [("cafe", 0, 5)],
    "a_b": [("a", 0, 1), ("b", 2, 3)],
    "🙏 ok": [("ok", 2, 4)],
    "": [],
}


@pytest.mark.parametrize(("text", "expected"), TOKENS.items())
def test_offsets_are_those_of_the_original(text: str, expected: list[tuple[str, int, int]]) -> None:
    assert tokenise(text) == [Token(*parts) for parts in expected]


NORMALISED = {
    "jln rsk prh bgt": "jalan rusak parah banget",
    "tlg dibntu gmn caranya": "tolong dibantu bagaimana caranya",
    "gorong2 mampet": "gorong gorong mampet",
    "jalan2nya rusak": "jalan jalannya rusak",
    "j4lan rus4k": "jalan rusak",
    "tolooong rusaaak": "tolong rusak",
    "rt05 rw02": "rt 05 rw 02",
    "gas 3kg": "gas 3 kg",
    "trotwar rusak": "trotoar rusak",
    "bandung": "bandung",
    "p3k b3": "p3k b3",
}


@pytest.mark.parametrize(("text", "expected"), NORMALISED.items())
def test_normalised_for_comparing(reader: Understander, text: str, expected: str) -> None:
    assert reader.understand(text).normalised == expected


KINDS = {
    "jalan rusak parah di desa kami": Kind.COMPLAINT,
    "lampu pju padam": Kind.COMPLAINT,
    "assalamualaikum pak": Kind.GREETING,
    "selamat pagi min": Kind.GREETING,
    "terima kasih atas tanggapannya": Kind.THANKS,
    "tks min, lampunya sudah diperbaiki": Kind.THANKS,
    "mohon perbaikan jalan, terima kasih": Kind.COMPLAINT,
    "ada kebakaran rumah di gang mawar": Kind.EMERGENCY,
    "tolong pak rumah terbakar": Kind.EMERGENCY,
    "terjadi kecelakaan ada yang pingsan": Kind.EMERGENCY,
    "kabel rawan kebakaran": Kind.COMPLAINT,
    "kemarin ada kebakaran, bantuan belum datang": Kind.COMPLAINT,
    "takut tertimpa pohon tumbang": Kind.COMPLAINT,
    "usul dibuatkan taman bermain": Kind.ASPIRATION,
    "apakah syarat bikin ktp baru": Kind.INFORMATION_REQUEST,
    "mau tanya jadwal vaksin anak": Kind.INFORMATION_REQUEST,
    "kenapa jalan belum diperbaiki": Kind.COMPLAINT,
    "bagaimana laporan saya 9165816": Kind.STATUS_QUERY,
    "laporan saya sampai mana ya kok belum ada kabar": Kind.STATUS_QUERY,
    "laporan 9165816 dan 9165817 belum ada petugas datang, jalannya masih rusak parah": (
        Kind.FOLLOW_UP
    ),
    "selamat anda pemenang undian klik tautan ini": Kind.SPAM,
    "lapor pak, saya ditipu sms pemenang undian hadiah": Kind.COMPLAINT,
    "STATUS 9165816": Kind.COMMAND,
    "tolong stop pungli di kelurahan": Kind.COMPLAINT,
    "": Kind.OTHER,
    " \n ": Kind.OTHER,
    "Shalom kak": Kind.GREETING,
    "halo, ada orang?": Kind.GREETING,
    "halo jalan depan pasar berlubang": Kind.COMPLAINT,
    "matur nuwun pak, selokane sampun resik": Kind.THANKS,
    "lampunya sudah menyala, cepat tanggap sekali petugasnya": Kind.THANKS,
    "lampunya sudah menyala tapi sekarang mati lagi": Kind.COMPLAINT,
    "api besar di gudang kapuk, tolong damkar": Kind.EMERGENCY,
    "ada tawuran bawa celurit sekarang di depan terminal": Kind.EMERGENCY,
    "sampai sekarang rumah korban gempa belum dibangun": Kind.COMPLAINT,
    "usul sanggah bansos belum dijawab": Kind.COMPLAINT,
    "alangkah baiknya ada zebra cross di depan puskesmas": Kind.ASPIRATION,
    "perpanjang sim yang mati sehari apa harus bikin baru": Kind.INFORMATION_REQUEST,
    "bensin habis terus di spbu, uang subsidi lari kemana": Kind.COMPLAINT,
    "9165816 sudah dikerjakan belum": Kind.STATUS_QUERY,
    "soal 9165816, alamat yang diperiksa salah, bukan gang itu": Kind.FOLLOW_UP,
    "laporan saya kok belum ada balasan": Kind.STATUS_QUERY,
    "depo 10rb bonus 100% slot gacor daftar di tautan ini": Kind.SPAM,
    "dana tunai proses kilat gadai bpkb data dijemput": Kind.SPAM,
    "slot gacor merajalela, tolong diblokir, anak saya kecanduan": Kind.COMPLAINT,
    "🙏🙏🙏": Kind.OTHER,
    "?!": Kind.OTHER,
    "12": Kind.OTHER,
}


@pytest.mark.parametrize(("text", "kind"), KINDS.items())
def test_kind(reader: Understander, text: str, kind: Kind) -> None:
    assert reader.understand(text).kind is kind


LEADS = {  # message: body, area of the first place
    "TANGKAB jalan rusak": ("jalan rusak", "36.03"),
    "tangkab jalan rusak": ("jalan rusak", "36.03"),
    "BANJARBARU air keruh": ("air keruh", "63.72"),
    "LAPOR sampah menumpuk": ("sampah menumpuk", None),
    "lapor 1708! sampah menumpuk": ("sampah menumpuk", None),
    "Lapor: MADIUNKOTA - sampah menumpuk": ("sampah menumpuk", "35.77"),
    "jalan rusak LAPOR": ("jalan rusak LAPOR", None),
    "  jalan rusak \n": ("jalan rusak", None),
    "LAPOR": ("", None),
}


@pytest.mark.parametrize(("text", "expected"), LEADS.items())
def test_keywords_lead_and_are_not_part_of_the_body(
    reader: Understander, text: str, expected: tuple[str, str | None]
) -> None:
    found = reader.understand(text)
    assert (found.body, found.place.code if found.place else None) == expected


def test_keyword_is_the_place_of_the_office(reader: Understander) -> None:
    found = reader.understand("TANGKAB jalan berlubang parah", area="32.73")
    assert found.place is not None
    assert (found.place.text, found.place.start, found.place.end) == ("TANGKAB", 0, 7)
    assert found.agency is not None
    assert (found.agency.code, found.agency.sure) == ("DINAS_PUPR@36.03", True)


def test_command_behind_lapor(reader: Understander) -> None:
    command = reader.understand("LAPOR status 9165816").command
    assert command is not None
    assert command.tracking == "9165816"


PRIVATE = {
    "nik 3204010101900001": (Span("nik", 4, 20),),
    "nik 3204014101900001 perempuan": (Span("nik", 4, 20),),
    "no kk: 3204010101900001": (Span("kk", 7, 23),),
    "nomor 3204019901900001": (Span("account", 6, 22),),
    "wa 0812-0000-1234 ya": (Span("phone", 3, 17),),
    "+62 812 0000 1234": (Span("phone", 0, 17),),
    "surat ke budi@contoh.example.": (Span("email", 9, 28),),
    "laporan 9165816": (),
    "rp 8.120.000.000": (),
    "transfer ke rek bri 0123000987 ya": (Span("account", 20, 30),),
    "id pelanggan 0123000987": (Span("account", 13, 23),),
    "plat AD 3321 QX hilang": (Span("plate", 5, 15),),
    "nopol b 1 xy": (Span("plate", 6, 12),),
    "mobil H 5521 QYX di trotoar": (Span("plate", 6, 16),),
    "di JL 150 KM dari RT 05 RW": (),
    "nama saya Budi Contoh, jalan rusak": (Span("name", 10, 21),),
    "atas nama Siti Contoh dari desa": (Span("name", 10, 21),),
    "Saya Wagiyem pelapor": (Span("name", 5, 12),),
    "Saya Warga desa, atas nama Warga": (),
    "hubungi Bpk Wijaya di 081200000000": (Span("name", 12, 18), Span("phone", 22, 34)),
    "tolong Bpk Bupati lihat jalan kami": (),
}


@pytest.mark.parametrize(("text", "expected"), PRIVATE.items())
def test_private_data(reader: Understander, text: str, expected: tuple[Span, ...]) -> None:
    assert reader.understand(text).private == expected


HEADLINES = {
    "Assalamualaikum pak, saya mau lapor jalan di desa kami rusak parah. Mohon dibantu.": (
        "Jalan di desa kami rusak parah"
    ),
    "Selamat pagi. Kami warga gang mawar. Lampu jalan mati di gang mawar. Terima kasih": (
        "Lampu jalan mati di gang mawar"
    ),
    "hub 081200001234 jalan rusak": "Hub jalan rusak",
    "saya Budi Contoh NIK 3273011203850001 lampu jalan mati": "Lampu jalan mati",
    # who writes and where comes before the trouble, and would fill the line
    "kami warga Dukuh Ngemplak RT 02 RW 07 Desa Jimbung Kecamatan Kalikotes Klaten, "
    "lampu jalan mati": "Lampu jalan mati",
    "TANGKAB jl. melati berlubang": "Jl. melati berlubang",
    # an office alone is no matter, nor is the end of a long sentence
    "Air mati seminggu, pas mengadu malah dimaki satpam. PDAM Tirta Mawar": (
        "Air mati seminggu, pas mengadu malah dimaki satpam"
    ),
    "ular kobra masuk kamar anak, damkar tolong segera ke perumahan griya asri blok c no 5 ya": (
        "Ular kobra masuk kamar anak, damkar tolong segera ke perumahan griya asri blok.."
    ),
    "No KK 3301210408150007 tidak ditemukan waktu daftar sekolah": (
        "No KK tidak ditemukan waktu daftar sekolah"
    ),
    "petugas bernama Hendra tidak datang": "Petugas tidak datang",
    "sekdes kami a.n. Kusnadi pilih kasih bagi BLT": "Sekdes kami pilih kasih bagi BLT",
}


@pytest.mark.parametrize(("text", "expected"), HEADLINES.items())
def test_headline(reader: Understander, text: str, expected: str) -> None:
    assert reader.understand(text).headline == expected


def test_long_headline_is_cut_between_words(reader: Understander) -> None:
    line = reader.understand("jalan rusak " + "sekali " * 40).headline
    assert line == "Jalan rusak" + " sekali" * 9 + ".."


ADDRESSES = {
    "banjir di jl melati no 5 rt 02 rw 03 parah": "Jalan melati no 5 rt 02 rw 03",
    "lampu mati gang mawar": "gang mawar",
    "rt 05/02 sampah menumpuk": "rt 05/02",
    "jalan rusak parah": None,
    "laporan no 9165816": None,
}


@pytest.mark.parametrize(("text", "expected"), ADDRESSES.items())
def test_address(reader: Understander, text: str, expected: str | None) -> None:
    assert reader.understand(text).address == expected


def test_urgent_says_why_and_language_is_guessed(reader: Understander) -> None:
    found = reader.understand("kabel menjuntai membahayakan anak")
    assert found.urgent == "disebut: kabel menjuntai"
    assert found.language == "id"
    assert reader.understand("dalane rusak, akeh banyu, durung didandani").language == "jv"
    assert reader.understand("🙏").language is None


SEVERAL = {
    "jalan rusak parah dan sampah menumpuk di pasar": True,
    "lampu jalan mati, juga got mampet di gang mawar": True,
    "jalan rusak parah dan berlubang": False,
    "sampah menumpuk di jalan": False,
    "halo pak": False,
    "listrik padam tiap magrib. oh ya pupuk subsidi juga langka di sini": True,
    "pertama soal bansos, nama saya dicoret. kedua soal jalan kami yang berlubang": True,
    "ada dua hal, pupuk langka dan irigasi jebol": True,
    "1. got mampet di depan pasar 2. calo ktp minta uang": True,
    "jalan rusak, terus sampah menumpuk tidak diangkut": True,
    "bpjs ditolak terus, antri di puskesmas": False,
    "kedua anak saya belum dapat akta lahir": False,
    "rt 1 rw 2 jalan rusak": False,
}


@pytest.mark.parametrize(("text", "several"), SEVERAL.items())
def test_two_complaints_in_one_message(reader: Understander, text: str, several: bool) -> None:
    assert reader.understand(text).several is several


ANNOUNCED = {
    "listrik padam tiap magrib. oh ya pupuk subsidi juga langka di sini": (
        "LISTRIK_PADAM",
        "PUPUK",
    ),
    "jalan berlubang parah, selain itu air pdam keruh": ("JALAN_RUSAK", "PDAM"),
}


@pytest.mark.parametrize(("text", "topics"), ANNOUNCED.items())
def test_of_two_announced_complaints_both_are_proposed_and_none_is_sure(
    reader: Understander, text: str, topics: tuple[str, str]
) -> None:
    found = reader.understand(text).categories
    assert set(topics) <= {candidate.code for candidate in found}
    assert not any(candidate.sure for candidate in found)


def test_nothing_is_sure_where_nothing_is_filed(reader: Understander) -> None:
    assert reader.understand("lampu penerangan jalan mati", area="32.73").categories[0].sure
    found = reader.understand("9165816 lampu penerangan jalan mati, bukan lampu gang", area="32.73")
    assert found.kind is Kind.FOLLOW_UP
    assert found.categories[0].code == "PJU"
    assert not any(candidate.sure for candidate in (*found.categories, *found.agencies))


def test_contract_has_every_key(reader: Understander) -> None:
    assert set(reader.understand("jalan rusak").as_dict(1)) == {
        *("id", "kind", "language", "urgent", "headline", "normalised", "category", "categories"),
        "several",
        *("agency", "agencies", "place", "places", "address", "when", "tracking", "private"),
    }


ODD = (
    "1" * 10_000,
    "jalan rusak " * 90_000,
    "a" * 1_000_000,
    "@" * 100_000,
    "a@" * 50_000,
    "0812 " * 20_000,
    "\ud800 jalan rusak \udfff",
    "\x00jalan\x00",
    "\u200b" * 100_000,
    "1234 " * 30_000,
    "lapor " * 20_000,
    "tgl " + "." * 100_000,
    ("status " * 500) + "1234567",
)


@pytest.mark.parametrize("text", ODD, ids=range(len(ODD)))
def test_odd_text_has_an_answer(reader: Understander, text: str) -> None:
    in_range(reader.understand(text, today=TODAY), text)


PIECES = (
    "jalan|rusak|LAPOR|tangkab|status|1234567|0812|kota|tgl|rt|02|no|#|@|.|\n|3|minggu|lalu|é|🙏"
)
WORDS = st.sampled_from([*PIECES.split("|"), "\u200b", "balas", "bandung"])
TEXTS = st.one_of(
    st.text(max_size=200),
    st.text(st.characters(categories=["Cs", "Cf", "Mn", "Nd", "Lo"]), max_size=80),
    st.lists(WORDS, max_size=30).map(" ".join),
)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(text=TEXTS)
def test_any_text_has_an_answer_that_does_not_depend_on_blanks(
    reader: Understander, text: str
) -> None:
    found = reader.understand(text, today=TODAY)
    in_range(found, text)
    assert reader.understand(text + " \n", today=TODAY) == found


def in_range(found: Understanding, text: str) -> None:
    assert len(found.headline) <= 80
    assert all(0 <= span.start < span.end <= len(text) for span in found.private)
    for place in found.places:
        assert place.start == -1 or text[place.start : place.end] == place.text
    for candidate in (*found.categories, *found.agencies):
        assert 0 <= candidate.score <= 100
    assert len(found.categories) <= 3
    assert len(found.agencies) <= 3


def test_a_model_hears_of_a_landmark_only_that_it_is_one(reader: Understander) -> None:
    seen, _ = reader.see("sampah menumpuk dekat jembatan")
    assert "jembatan" not in [*seen.words, *seen.roots]
    assert seen.words[-1] == PLACE
    assert "jembatan" in reader.see("jembatan retak")[0].roots
