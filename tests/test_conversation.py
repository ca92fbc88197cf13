"""Whole conversations: real reader, database, queue and workers; every message comes twice."""

import re

import pytest

from parsers.messages import Location, Media
from store.models import Attachment, Complaint, Conversation, Disposition, Event
from tests.harness import Gateway

ROAD = "Jalan rusak parah di Kec. Coblong Kota Bandung"


def masked(replies: list[str]) -> list[str]:
    """Replies with every tracking number as N and every date as D."""
    dated = [re.sub(r"\d{1,2} [A-Z][a-z]{2} \d{4}", "D", reply) for reply in replies]
    return [re.sub(r"\b\d{7}\b", "N", reply) for reply in dated]


@pytest.mark.parametrize(
    "script",
    [
        pytest.param(
            [
                (
                    ROAD,
                    "Laporan N diterima: Jalan rusak / berlubang, Kec. Coblong, Kota Bandung. "
                    "Diteruskan ke Dinas PU Kota Bandung, dijawab paling lambat D. Cek: STATUS N",
                ),
                (
                    "status",
                    "N Jalan rusak / berlubang: sudah diteruskan ke Dinas PU Kota Bandung (D), "
                    "paling lambat D.",
                ),
                ("batal", "Laporan N dibatalkan. Tulis lagi kapan saja bila perlu."),
                ("STATUS", "N Jalan rusak / berlubang: dibatalkan pelapor (D)."),
            ],
            id="one message is enough",
        ),
        pytest.param(
            [
                (
                    "sampah numpuk sdh 3 minggu",
                    "Laporan N diterima: Sampah. Di mana tempatnya? "
                    "Balas dengan desa/kelurahan, kecamatan dan kab/kota.",
                ),
                (
                    "kec coblong bandung",
                    "Laporan N diterima: Sampah, Kec. Coblong, Kota Bandung. "
                    "Diteruskan ke Dinas Lingkungan Hidup Kota Bandung, dijawab paling lambat D. "
                    "Cek: STATUS N",
                ),
            ],
            id="the next message answers where",
        ),
        pytest.param(
            [
                (
                    "sampah numpuk sdh 3 minggu",
                    "Laporan N diterima: Sampah. Di mana tempatnya? "
                    "Balas dengan desa/kelurahan, kecamatan dan kab/kota.",
                ),
                (
                    "dekat rumah saya",
                    "Tempatnya belum kami kenali. Balas dengan kecamatan dan kab/kota, "
                    "misal: Kec. Coblong Kota Bandung",
                ),
                (
                    "pokoknya di situ",
                    "Laporan N diterima: Sampah. Petugas 1708 menentukan instansinya "
                    "paling lambat D. Cek: STATUS N",
                ),
            ],
            id="we ask twice, then a person decides",
        ),
        pytest.param(
            [
                (
                    "TANGKAB jalan rusak dan berlubang",
                    "Laporan N diterima: Jalan rusak / berlubang, Kabupaten Tangerang. "
                    "Diteruskan ke Dinas PU Kabupaten Tangerang, dijawab paling lambat D. "
                    "Cek: STATUS N",
                )
            ],
            id="a region keyword names the place",
        ),
        pytest.param(
            [
                (
                    "BPJS saya tidak aktif padahal bayar terus",
                    "Laporan N diterima: BPJS Kesehatan / JKN-KIS. Diteruskan ke BPJS Kesehatan, "
                    "dijawab paling lambat D. Cek: STATUS N",
                )
            ],
            id="a national matter needs no place",
        ),
        pytest.param(
            [
                (
                    "halo",
                    "Halo, ini 1708 LAPOR! Tulis keluhan Anda dan tempatnya dalam satu pesan. Bantuan: BANTUAN",  # noqa: E501 - one sentence
                ),
                ("  ", "Pesan Anda kosong. Tulis apa yang terjadi dan di mana. Bantuan: BANTUAN"),
                (
                    "sttaus",
                    "Belum ada laporan dari Anda di sini. Tulis keluhan dan tempatnya dalam satu pesan.",  # noqa: E501 - one sentence
                ),
                (
                    "stop",
                    "Pemberitahuan dihentikan. Anda tetap bisa melapor dan cek STATUS. Mulai lagi: MULAI",  # noqa: E501 - one sentence
                ),
                ("mulai", "Pemberitahuan aktif lagi. Anda akan dikabari bila ada perkembangan."),
            ],
            id="small talk and commands",
        ),
        pytest.param(
            [
                (
                    ROAD,
                    "Laporan N diterima: Jalan rusak / berlubang, Kec. Coblong, Kota Bandung. "
                    "Diteruskan ke Dinas PU Kota Bandung, dijawab paling lambat D. Cek: STATUS N",
                ),
                (
                    ROAD.lower(),
                    "Pesan yang sama sudah tercatat sebagai laporan N. Cek: STATUS N",
                ),
            ],
            id="the same words again make no second complaint",
        ),
    ],
)
def test_conversation(script, gateway: Gateway) -> None:
    for words, expected in script:
        assert masked(gateway.say(words)) == [expected]


def test_emergency_hears_the_numbers_first_and_is_recorded(gateway: Gateway) -> None:
    [reply] = gateway.say("tolong ada kebakaran rumah di kec coblong kota bandung")
    assert reply.startswith("DARURAT? Telepon 112 (polisi 110, pemadam 113, ambulans 119)")
    [complaint] = gateway.rows(Complaint)
    assert complaint.urgent


def test_a_stranger_learns_neither_text_nor_person(gateway: Gateway) -> None:
    gateway.say(ROAD)
    [complaint] = gateway.rows(Complaint)
    number = complaint.tracking
    [status] = gateway.say(f"STATUS {number}", sender="+6281200000002")
    assert status == (
        f"Laporan {number} sudah diteruskan ke instansi terkait. Rinciannya hanya untuk pelapor."
    )
    [refused] = gateway.say(f"BALAS {number} itu bohong", sender="+6281200000002")
    assert "bukan dari nomor ini" in refused
    assert "follow_up" not in [event.kind for event in gateway.rows(Event)]


def test_a_reply_is_kept_with_the_case(gateway: Gateway) -> None:
    gateway.say(ROAD)
    [complaint] = gateway.rows(Complaint)
    [reply] = gateway.say(f"balas {complaint.tracking} makin dalam lubangnya")
    assert reply.startswith(f"Tambahan Anda tercatat pada laporan {complaint.tracking}")
    [added] = [event for event in gateway.rows(Event) if event.kind == "follow_up"]
    assert added.text == "makin dalam lubangnya"


def test_what_is_kept_of_a_complaint(gateway: Gateway) -> None:
    gateway.say(ROAD)
    [complaint] = gateway.rows(Complaint)
    assert (complaint.text, complaint.category, complaint.place, complaint.status) == (
        ROAD,
        "JALAN_RUSAK",
        "32.73.02",
        "disposed",
    )
    assert 1_000_000 <= complaint.tracking <= 9_999_999
    [disposition] = gateway.rows(Disposition)
    assert disposition.agency == "DINAS_PUPR@32.73"
    assert disposition.reason
    assert [event.kind for event in gateway.rows(Event)] == ["received", "disposed"]


def test_stop_never_stops_intake(gateway: Gateway) -> None:
    gateway.say("STOP")
    [conversation] = gateway.rows(Conversation)
    assert not conversation.notices
    [reply] = gateway.say(ROAD)
    assert reply.startswith("Laporan ")


def test_photo_first_words_later(gateway: Gateway) -> None:
    photo = Media(ref="https://api.example/media/1", content_type="image/jpeg", size=50_000_000)
    [reply] = gateway.say("", media=(photo,))
    assert reply == "Kiriman Anda kami terima. Tulis apa yang terjadi dan di mana."
    gateway.say(ROAD)
    [complaint], [attachment] = gateway.rows(Complaint), gateway.rows(Attachment)
    assert attachment.complaint_id == complaint.id


def test_photo_with_words(gateway: Gateway) -> None:
    gateway.say(ROAD, media=(Media(ref="https://api.example/media/1"),))
    [complaint], [attachment] = gateway.rows(Complaint), gateway.rows(Attachment)
    assert attachment.complaint_id == complaint.id


def test_a_pin_answers_where(gateway: Gateway) -> None:
    gateway.say("sampah numpuk sdh 3 minggu")
    [reply] = gateway.say("", location=Location(lat=-6.8846, lon=107.6136))  # Coblong
    assert "Kota Bandung" in reply
    [complaint] = gateway.rows(Complaint)
    assert complaint.place is not None
    assert complaint.place.startswith("32.73")


def test_pin_first_words_later(gateway: Gateway) -> None:
    gateway.say("", location=Location(lat=-6.8846, lon=107.6136))
    gateway.say("jalan di sini rusak dan berlubang")
    [complaint] = gateway.rows(Complaint)
    assert complaint.agency == "DINAS_PUPR@32.73"
    assert (complaint.lat, complaint.lon) == (-6.8846, 107.6136)
