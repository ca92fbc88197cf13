"""Every sentence that 1708 sends. Plain ASCII, so that an SMS stays in the cheap alphabet."""

from datetime import date

from store.models import ComplaintStatus, Privacy

MONTHS = ("Jan", "Feb", "Mar", "Apr", "Mei", "Jun", "Jul", "Agu", "Sep", "Okt", "Nov", "Des")
EMERGENCY = "DARURAT? Telepon 112 (polisi 110, pemadam 113, ambulans 119) sekarang juga."
STATUS_WORDS: dict[str, str] = {
    ComplaintStatus.TRIAGE: "sedang diperiksa petugas 1708",
    ComplaintStatus.DISPOSED: "sudah diteruskan ke {agency}",
    ComplaintStatus.IN_PROGRESS: "sedang dikerjakan {agency}",
    ComplaintStatus.ANSWERED: "sudah dijawab {agency}",
    ComplaintStatus.CLOSED: "selesai",
    ComplaintStatus.ARCHIVED: "diarsipkan",
    ComplaintStatus.WITHDRAWN: "dibatalkan pelapor",
}
HELP = (
    "1708 LAPOR! Tulis keluhan dan tempatnya dalam satu pesan. "
    "Cek: STATUS nomor. Tambah: BALAS nomor pesan. Batal: BATAL. Darurat: 112"
)
GREETING = (
    "Halo, ini 1708 LAPOR! Tulis keluhan Anda dan tempatnya dalam satu pesan. Bantuan: BANTUAN"
)
THANKS = "Sama-sama. Tulis saja di sini bila ada keluhan lain."
SPAM = "Pesan Anda tercatat. 1708 hanya untuk keluhan layanan publik. Bantuan: BANTUAN"
EMPTY = "Pesan Anda kosong. Tulis apa yang terjadi dan di mana. Bantuan: BANTUAN"
UNCLEAR = (
    "Pesan Anda kami terima. Tulis apa yang terjadi dan di mana, agar bisa kami teruskan. "
    "Bantuan: BANTUAN"
)
MEDIA_ALONE = "Kiriman Anda kami terima. Tulis apa yang terjadi dan di mana."
PIN_ALONE = "Lokasi Anda kami terima. Tulis apa yang terjadi di sana."
STOPPED = "Pemberitahuan dihentikan. Anda tetap bisa melapor dan cek STATUS. Mulai lagi: MULAI"
STARTED = "Pemberitahuan aktif lagi. Anda akan dikabari bila ada perkembangan."
NO_CASE = "Belum ada laporan dari Anda di sini. Tulis keluhan dan tempatnya dalam satu pesan."
NOTHING_TO_UNDO = (
    "Tidak ada laporan yang masih bisa dibatalkan. Laporan yang sudah lama: BALAS nomor pesan"
)
REPLY_WHAT = "Tulis: BALAS nomor pesan. Contoh: BALAS {tracking} lampu masih mati"
READ_BY_PERSON = "Pesan Anda kami terima dan akan dibaca petugas 1708."


def day(value: date) -> str:
    """14 Des 2026"""
    return f"{value.day} {MONTHS[value.month - 1]} {value.year}"


def received(tracking: int, what: str, where: str, agency: str, due: date) -> str:
    """The first answer to a complaint that has a desk."""
    matter = ", ".join(part for part in (what, where) if part)
    return (
        f"Laporan {tracking} diterima{': ' + matter if matter else ''}. Diteruskan ke {agency}, "
        f"dijawab paling lambat {day(due)}. Cek: STATUS {tracking}"
    )


def in_triage(tracking: int, what: str, where: str, due: date) -> str:
    """The first answer to a complaint whose desk a person must choose: no guess is told."""
    matter = ", ".join(part for part in (what, where) if part)
    return (
        f"Laporan {tracking} diterima{': ' + matter if matter else ''}. "
        f"Petugas 1708 menentukan instansinya paling lambat {day(due)}. Cek: STATUS {tracking}"
    )


def ask_place(tracking: int, what: str) -> str:
    matter = f": {what}" if what else ""
    return (
        f"Laporan {tracking} diterima{matter}. Di mana tempatnya? "
        "Balas dengan desa/kelurahan, kecamatan dan kab/kota."
    )


def ask_place_again(names: str) -> str:
    if names:
        return f"Yang mana: {names}? Balas dengan kecamatan dan kab/kota."
    return (
        "Tempatnya belum kami kenali. Balas dengan kecamatan dan kab/kota, "
        "misal: Kec. Coblong Kota Bandung"
    )


def emergency(following: str) -> str:
    return f"{EMERGENCY} {following}"


def repeated(tracking: int) -> str:
    return f"Pesan yang sama sudah tercatat sebagai laporan {tracking}. Cek: STATUS {tracking}"


def added(tracking: int) -> str:
    return f"Tambahan Anda tercatat pada laporan {tracking}. Cek: STATUS {tracking}"


def withdrawn(tracking: int) -> str:
    return f"Laporan {tracking} dibatalkan. Tulis lagi kapan saja bila perlu."


def unknown_number(tracking: str) -> str:
    return f"Laporan {tracking} tidak ditemukan. Periksa nomornya, atau tulis STATUS saja."


def not_yours(tracking: int) -> str:
    return f"Laporan {tracking} bukan dari nomor ini, jadi tidak bisa ditambah dari sini."


def status_line(
    tracking: int, status: str, what: str, agency: str, due: date, *, waiting: bool
) -> str:
    """What the reporter is told about one own complaint."""
    words = STATUS_WORDS[status].format(agency=agency or "instansi")
    until = f", paling lambat {day(due)}" if waiting else ""
    return f"{tracking} {what}: {words}{until}." if what else f"{tracking}: {words}{until}."


def public_status(tracking: int, status: str, privacy: str) -> str:
    """What anyone may hear: neither text, person nor place; a secret report does not exist."""
    if privacy == Privacy.CONFIDENTIAL:
        return unknown_number(str(tracking))
    words = STATUS_WORDS[status].format(agency="instansi terkait")
    return f"Laporan {tracking} {words}. Rinciannya hanya untuk pelapor."
