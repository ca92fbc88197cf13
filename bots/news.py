"""Every sentence about what happened to a complaint, told unasked: plain ASCII, short."""

from collections.abc import Mapping
from datetime import date

from bots.language import Part, Sentence
from store.models import ArchiveReason

NEXT_STEPS: Mapping[ArchiveReason, Sentence] = {  # why nobody acts, and what the reporter can do
    ArchiveReason.UNCLEAR: Sentence("Isinya belum jelas. Tulis lagi apa yang terjadi dan di mana."),
    ArchiveReason.TOO_GENERAL: Sentence(
        "Isinya terlalu umum. Tulis satu kejadian, tempat dan waktunya."
    ),
    ArchiveReason.NO_PLACE: Sentence(
        "Tempatnya tidak diketahui. Tulis lagi dengan kecamatan dan kab/kota."
    ),
    ArchiveReason.IRRELEVANT: Sentence("Ini di luar layanan pemerintah."),
    ArchiveReason.IN_COURT: Sentence(
        "Perkara ini ada di pengadilan atau penegak hukum; tanyakan di sana."
    ),
    ArchiveReason.PRIVATE: Sentence(
        "Ini urusan antarwarga; mintalah bantuan RT/RW, kelurahan atau lembaga bantuan hukum."
    ),
    ArchiveReason.ABUSIVE: Sentence("Mohon tulis lagi tanpa kata kasar agar bisa kami bantu."),
    ArchiveReason.SPAM: Sentence("1708 hanya untuk keluhan layanan publik."),
    ArchiveReason.FORMAT: Sentence("Formatnya tidak terbaca. Tambahan: BALAS nomor pesan."),
    ArchiveReason.DONE_BEFORE: Sentence("Masalah ini sudah dijawab pada laporan lain."),
}


def handed_on(tracking: int, agency: str, due: date) -> Sentence:
    return Sentence(
        "Laporan {tracking} diteruskan ke {agency}, dijawab paling lambat {due}.",
        {"tracking": tracking, "agency": agency, "due": due},
    )


def sent_back(tracking: int, agency: str) -> Sentence:
    return Sentence(
        "Laporan {tracking} bukan wewenang {agency}. Petugas 1708 mencari instansi yang tepat.",
        {"tracking": tracking, "agency": agency},
    )


def begun(tracking: int, agency: str) -> Sentence:
    return Sentence(
        "Laporan {tracking} mulai dikerjakan {agency}.", {"tracking": tracking, "agency": agency}
    )


def we_ask(tracking: int, agency: str, question: str) -> Sentence:
    """Without an agency 1708 itself asks."""
    fields: dict[str, Part] = {"tracking": tracking, "agency": agency, "question": question}
    if not agency:
        return Sentence("Tentang laporan {tracking}: {question} Balas di sini.", fields)
    return Sentence(
        "{agency} bertanya tentang laporan {tracking}: {question} Balas di sini.", fields
    )


def answered(tracking: int, agency: str, text: str) -> Sentence:
    """The agency's answer in full."""
    return Sentence(
        "Laporan {tracking} dijawab {agency}: {text}",
        {"tracking": tracking, "agency": agency, "text": text},
    )


def answered_in_part(tracking: int, agency: str, text: str) -> Sentence:
    """One of several agencies has answered; the case goes on."""
    return Sentence(
        "Laporan {tracking} dijawab {agency}: {text} Instansi lain masih bekerja.",
        {"tracking": tracking, "agency": agency, "text": text},
    )


def satisfied(tracking: int) -> Sentence:
    return Sentence(
        "Apakah Anda puas dengan jawaban atas laporan {tracking}?", {"tracking": tracking}
    )


def together(tracking: int) -> Sentence:
    """Said before what is known of the others, to one who has just joined them."""
    return Sentence(
        "Laporan {tracking} ditangani bersama laporan lain tentang hal yang sama.",
        {"tracking": tracking},
    )


def apart(tracking: int) -> Sentence:
    """What was told of others holds for it no more; why is nobody else's business."""
    return Sentence(
        "Laporan {tracking} kini ditangani terpisah dari laporan lain dan tetap terbuka. "
        "Cek: STATUS {tracking}",
        {"tracking": tracking},
    )


def others_handed_on(tracking: int, agency: str) -> Sentence:
    return Sentence(
        "Laporan {tracking} dan laporan lain tentang hal yang sama kini ditangani {agency}.",
        {"tracking": tracking, "agency": agency},
    )


def others_sent_back(tracking: int, agency: str) -> Sentence:
    return Sentence(
        "Hal yang Anda laporkan ({tracking}) menurut laporan lain bukan wewenang {agency}. "
        "Petugas 1708 mencari instansi yang tepat.",
        {"tracking": tracking, "agency": agency},
    )


def others_begun(tracking: int, agency: str) -> Sentence:
    return Sentence(
        "{agency} mulai mengerjakan hal yang Anda laporkan ({tracking}), bersama laporan lain.",
        {"tracking": tracking, "agency": agency},
    )


def others_asked(tracking: int, agency: str) -> Sentence:
    """Not what was asked: the question is to one person and may quote them."""
    if not agency:
        return Sentence(
            "Kami menunggu keterangan pelapor lain tentang hal yang Anda laporkan ({tracking}). "
            "Tahu lebih banyak? BALAS {tracking} keterangan",
            {"tracking": tracking},
        )
    return Sentence(
        "{agency} menunggu keterangan pelapor lain tentang hal yang Anda laporkan ({tracking}). "
        "Tahu lebih banyak? BALAS {tracking} keterangan",
        {"tracking": tracking, "agency": agency},
    )


def others_go_on(tracking: int) -> Sentence:
    return Sentence(
        "Hal yang Anda laporkan ({tracking}) dikerjakan lagi, bersama laporan lain.",
        {"tracking": tracking},
    )


def others_answered(tracking: int, agency: str, text: str) -> Sentence:
    """To one whose own report has an answer already, or waits for one of its own."""
    return Sentence(
        "Laporan lain tentang hal yang Anda laporkan ({tracking}) dijawab {agency}: {text}",
        {"tracking": tracking, "agency": agency, "text": text},
    )


def others_reopened(tracking: int) -> Sentence:
    return Sentence(
        "Menurut pelapor lain, hal yang Anda laporkan ({tracking}) belum selesai. "
        "Laporannya dibuka lagi. Anda juga? BELUM {tracking}",
        {"tracking": tracking},
    )


def closed(tracking: int) -> Sentence:
    return Sentence(
        "Laporan {tracking} ditutup karena tidak ada tanggapan. Belum selesai? BELUM {tracking}",
        {"tracking": tracking},
    )


def archived(tracking: int, reason: ArchiveReason | None, text: str) -> Sentence:
    """Why nobody acts on it, in the officer's words if there are any, and the next step."""
    step = NEXT_STEPS[reason] if reason else ""
    return Sentence(
        "Laporan {tracking} diarsipkan. {text}{step} Tidak setuju? BALAS {tracking} alasan",
        {"tracking": tracking, "text": f"{text.strip()} " if text.strip() else "", "step": step},
    )


def restored(tracking: int) -> Sentence:
    return Sentence(
        "Laporan {tracking} dibuka lagi dari arsip. Cek: STATUS {tracking}", {"tracking": tracking}
    )


def due_moved(tracking: int, due: date) -> Sentence:
    return Sentence(
        "Laporan {tracking} kini dijawab paling lambat {due}.", {"tracking": tracking, "due": due}
    )


def late(tracking: int, agency: str) -> Sentence:
    """Said once, when the deadline has passed."""
    if not agency:
        return Sentence(
            "Maaf, laporan {tracking} melewati batas waktu. Petugas 1708 sudah diingatkan.",
            {"tracking": tracking},
        )
    return Sentence(
        "Maaf, {agency} melewati batas waktu laporan {tracking} dan sudah kami ingatkan.",
        {"tracking": tracking, "agency": agency},
    )


def ombudsman(tracking: int) -> Sentence:
    """After 60 days the Ombudsman may take over, if the reporter wants it (DOMAIN section 1)."""
    return Sentence(
        "Laporan {tracking} belum selesai setelah 60 hari. Anda boleh meminta bantuan Ombudsman RI "
        "(telepon 137) dengan nomor laporan ini.",
        {"tracking": tracking},
    )
