"""Every sentence that 1708 sends: plain ASCII, so that an SMS stays in the cheap alphabet."""

from dataclasses import replace
from datetime import date

from bots.language import Part, Sentence, joined
from store.models import ComplaintStatus, Privacy

EMERGENCY = Sentence("DARURAT? Telepon 112 (polisi 110, pemadam 113, ambulans 119) sekarang juga.")
STATUS_WORDS: dict[str, Sentence] = {
    ComplaintStatus.TRIAGE: Sentence("sedang diperiksa petugas 1708"),
    ComplaintStatus.DISPOSED: Sentence("sudah diteruskan ke {agency}"),
    ComplaintStatus.IN_PROGRESS: Sentence("sedang dikerjakan {agency}"),
    ComplaintStatus.DEFERRED: Sentence("menunggu keterangan dari Anda"),
    ComplaintStatus.ANSWERED: Sentence("sudah dijawab {agency}"),
    ComplaintStatus.COMMENTED: Sentence("tanggapan Anda diperiksa {agency}"),
    ComplaintStatus.CLOSED: Sentence("selesai"),
    ComplaintStatus.ARCHIVED: Sentence("diarsipkan"),
    ComplaintStatus.WITHDRAWN: Sentence("dibatalkan pelapor"),
}
SOME_AGENCY = Sentence("instansi terkait")
OFFICERS = Sentence("petugas 1708")
HELP = Sentence(
    "1708 LAPOR! Tulis keluhan dan tempatnya. Cek: STATUS nomor. Tambah: BALAS nomor pesan. "
    "BATAL, ANONIM, RAHASIA, STOP, BAHASA EN. Darurat: 112"
)
GREETING = Sentence(
    "Halo, ini 1708 LAPOR! Tulis keluhan Anda dan tempatnya dalam satu pesan. Bantuan: BANTUAN"
)
THANKS = Sentence("Sama-sama. Tulis saja di sini bila ada keluhan lain.")
SPAM = Sentence("Pesan Anda tercatat. 1708 hanya untuk keluhan layanan publik. Bantuan: BANTUAN")
EMPTY = Sentence("Pesan Anda kosong. Tulis apa yang terjadi dan di mana. Bantuan: BANTUAN")
UNCLEAR = Sentence(
    "Pesan Anda kami terima. Tulis apa yang terjadi dan di mana, agar bisa kami teruskan. "
    "Bantuan: BANTUAN"
)
CALM = Sentence("Pesan Anda tercatat. Tulis apa yang terjadi dan di mana, agar bisa kami bantu.")
MEDIA_ALONE = Sentence("Kiriman Anda kami terima. Tulis apa yang terjadi dan di mana.")
PIN_ALONE = Sentence("Lokasi Anda kami terima. Tulis apa yang terjadi di sana.")
STOPPED = Sentence(
    "Pemberitahuan dihentikan. Anda tetap bisa melapor dan cek STATUS. Mulai lagi: MULAI"
)
STARTED = Sentence("Pemberitahuan aktif lagi. Anda akan dikabari bila ada perkembangan.")
NO_CASE = Sentence(
    "Belum ada laporan dari Anda di sini. Tulis keluhan dan tempatnya dalam satu pesan."
)
NOTHING_TO_UNDO = Sentence(
    "Tidak ada laporan yang masih bisa dibatalkan. Laporan yang sudah lama: BALAS nomor pesan"
)
NOTHING_TO_RATE = Sentence("Belum ada jawaban instansi yang bisa Anda nilai. Cek: STATUS")
READ_BY_PERSON = Sentence("Pesan Anda kami terima dan akan dibaca petugas 1708.")
STALE = Sentence("Pilihan itu sudah tidak berlaku. Tulis saja apa yang Anda perlukan, atau STATUS.")
SPEAKS = Sentence("Kami akan menjawab dalam bahasa Indonesia.")
NEXT_IS = {  # asked for before there is a complaint
    Privacy.ANONYMOUS: Sentence(
        "Nama Anda tidak kami teruskan. Tulis sekarang apa yang terjadi dan di mana."
    ),
    Privacy.CONFIDENTIAL: Sentence(
        "Laporan Anda akan dirahasiakan: hanya petugas yang berwenang membacanya. "
        "Tulis sekarang apa yang terjadi dan di mana."
    ),
    Privacy.PUBLIC: Sentence(
        "Laporan Anda tidak akan dirahasiakan. Tulis sekarang apa yang terjadi dan di mana."
    ),
}
ANY_OTHER = Sentence("Bukan salah satunya")
CODE_WRONG = Sentence("Kode itu tidak cocok atau sudah kedaluwarsa. Minta lagi: HUBUNGKAN nomor")
CODE_NUMBER = Sentence("Tulis HUBUNGKAN dan nomor HP Anda, misal: HUBUNGKAN 081200001234")
CODE_ENOUGH = Sentence("Hari ini sudah terlalu banyak kode diminta. Coba lagi besok.")
CODE_NOWHERE = Sentence("Kode belum bisa dikirim ke nomor itu. Kirim dulu SMS ke 1708 darinya.")
LINKED = Sentence(
    "Kanal ini dan nomor itu kini terhubung: STATUS menampilkan semua laporan Anda. Lepas: PUTUSKAN"
)
NOTED = Sentence("Catatan Anda tersimpan.")
UNLINKED = Sentence("Kanal ini tidak lagi terhubung dengan kanal lain.")
NOT_LINKED = Sentence("Kanal ini belum terhubung dengan kanal lain.")
SCORE = Sentence("Terima kasih, laporan ditutup. Bagaimana penanganannya? Beri nilai 1 sampai 5.")
SCORES = (
    Sentence("Sangat buruk"),
    Sentence("Buruk"),
    Sentence("Cukup"),
    Sentence("Baik"),
    Sentence("Sangat baik"),
)
SCORED = Sentence("Terima kasih atas penilaian Anda.")
WHY = Sentence("Apa yang belum selesai? Tulis dalam satu pesan, kami sampaikan ke instansi.")
YES, NO = Sentence("Puas"), Sentence("Belum")


def reply_what(tracking: int) -> Sentence:
    return Sentence(
        "Tulis: BALAS nomor pesan. Contoh: BALAS {tracking} lampu masih mati",
        {"tracking": tracking},
    )


def received(tracking: int, matter: str, agency: str, due: date) -> Sentence:
    """The first answer to a complaint that has a desk."""
    return Sentence(
        "Laporan {tracking} diterima{matter}. Diteruskan ke {agency}, dijawab paling lambat {due}. "
        "Cek: STATUS {tracking}",
        {"tracking": tracking, "matter": _about(matter), "agency": agency, "due": due},
    )


def in_triage(tracking: int, matter: str, due: date) -> Sentence:
    """The first answer to a complaint whose desk a person must choose: no guess is told."""
    return Sentence(
        "Laporan {tracking} diterima{matter}. Petugas 1708 menentukan instansinya paling lambat "
        "{due}. Cek: STATUS {tracking}",
        {"tracking": tracking, "matter": _about(matter), "due": due},
    )


def ask_place(tracking: int, matter: str) -> Sentence:
    return Sentence(
        "Laporan {tracking} diterima{matter}. Di mana tempatnya? "
        "Balas dengan desa/kelurahan, kecamatan dan kab/kota.",
        {"tracking": tracking, "matter": _about(matter)},
    )


def which_place(tracking: int, matter: str) -> Sentence:
    return Sentence(
        "Laporan {tracking} diterima{matter}. Tempatnya yang mana?",
        {"tracking": tracking, "matter": _about(matter)},
    )


def which_category(tracking: int) -> Sentence:
    return Sentence("Laporan {tracking} diterima. Ini tentang apa?", {"tracking": tracking})


def which_agency(tracking: int, matter: str) -> Sentence:
    return Sentence(
        "Laporan {tracking} diterima{matter}. Siapa yang dituju?",
        {"tracking": tracking, "matter": _about(matter)},
    )


PLACE_AGAIN = Sentence(
    "Tempatnya belum kami kenali. Balas dengan kecamatan dan kab/kota, "
    "misal: Kec. Coblong Kota Bandung"
)
CHOOSE_AGAIN = Sentence("Maaf, belum kami pahami. Pilih salah satu:")
WHICH_CASE = Sentence("Pesan ini untuk laporan yang mana?")


def emergency(following: Sentence) -> Sentence:
    return joined(EMERGENCY, following)


def repeated(tracking: int) -> Sentence:
    return Sentence(
        "Pesan yang sama sudah tercatat sebagai laporan {tracking}. Cek: STATUS {tracking}",
        {"tracking": tracking},
    )


def added(tracking: int) -> Sentence:
    return Sentence(
        "Tambahan Anda tercatat pada laporan {tracking}. Cek: STATUS {tracking}",
        {"tracking": tracking},
    )


def withdrawn(tracking: int) -> Sentence:
    return Sentence(
        "Laporan {tracking} dibatalkan. Tulis lagi kapan saja bila perlu.", {"tracking": tracking}
    )


def hidden(tracking: int, privacy: str) -> Sentence:
    """What was changed about who may see a complaint."""
    return replace(NOW_IS[Privacy(privacy)], fields={"tracking": tracking})


def privacy_of(privacy: Privacy, *, asked: bool) -> Sentence | str:
    """Added to the first answer: what is hidden, and how to change that where nobody asked."""
    if privacy is Privacy.CONFIDENTIAL:
        return SECRET if asked else SECRET_BY_DEFAULT
    return NAMELESS if privacy is Privacy.ANONYMOUS else ""


SECRET = Sentence("Laporan ini dirahasiakan.")
NAMELESS = Sentence("Nama Anda tidak kami teruskan.")
SECRET_BY_DEFAULT = Sentence("Laporan ini kami rahasiakan; balas TERBUKA bila tidak perlu.")


NOW_IS = {
    Privacy.ANONYMOUS: Sentence("Nama Anda pada laporan {tracking} tidak kami teruskan."),
    Privacy.CONFIDENTIAL: Sentence(
        "Laporan {tracking} dirahasiakan: hanya petugas yang berwenang membacanya."
    ),
    Privacy.PUBLIC: Sentence("Laporan {tracking} tidak lagi dirahasiakan."),
}


def unknown_number(tracking: str) -> Sentence:
    return Sentence(
        "Laporan {tracking} tidak ditemukan. Periksa nomornya, atau tulis STATUS saja.",
        {"tracking": tracking},
    )


def not_yours(tracking: int) -> Sentence:
    return Sentence(
        "Laporan {tracking} bukan dari nomor ini, jadi tidak bisa ditambah dari sini.",
        {"tracking": tracking},
    )


def status_line(
    tracking: int, status: str, what: str, agency: str, since: date, due: date | None
) -> Sentence:
    """What the reporter is told about one own complaint: what happened last, who has it, when."""
    words = replace(STATUS_WORDS[status], fields={"agency": agency or SOME_AGENCY})
    fields: dict[str, Part] = {
        "tracking": tracking,
        "what": f" {what}" if what else "",
        "words": words,
        "since": since,
    }
    if due is None:
        return Sentence("{tracking}{what}: {words} ({since}).", fields)
    return Sentence(
        "{tracking}{what}: {words} ({since}), paling lambat {due}.", fields | {"due": due}
    )


def public_status(tracking: int, status: str, privacy: str) -> Sentence:
    """What anyone may hear: neither text, person nor place; a secret report does not exist."""
    if privacy == Privacy.CONFIDENTIAL:
        return unknown_number(str(tracking))
    return Sentence(
        "Laporan {tracking} {words}. Rinciannya hanya untuk pelapor.",
        {
            "tracking": tracking,
            "words": replace(STATUS_WORDS[status], fields={"agency": SOME_AGENCY}),
        },
    )


def speaks(code: str, known: dict[str, str]) -> Sentence:
    """Said in the language that was chosen; which there are, if it is none of them."""
    if code in known:
        return SPEAKS
    names = ", ".join(f"BAHASA {key.upper()} ({name})" for key, name in known.items())
    return Sentence("Pilihan bahasa: {names}", {"names": names})


def code(number: str) -> Sentence:
    """Sent to the other channel; whoever did not ask for it learns what to do."""
    return Sentence(
        "Kode 1708: {number}. Balas kode ini di kanal yang memintanya. Bukan Anda? Abaikan.",
        {"number": number},
    )


def code_sent(to: str) -> Sentence:
    return Sentence(
        "Kode dikirim ke {to}. Balas dengan kode itu di sini untuk menghubungkannya.", {"to": to}
    )


def reopened(tracking: int, agency: Part) -> Sentence:
    return Sentence(
        "Laporan {tracking} dibuka lagi dan diteruskan ke {agency}. Cek: STATUS {tracking}",
        {"tracking": tracking, "agency": agency},
    )


def escalated(tracking: int) -> Sentence:
    """After the second time the coordinator decides, not the agency that answered twice."""
    return Sentence(
        "Laporan {tracking} dibuka lagi. Koordinator memeriksa kedua jawaban instansi. "
        "Cek: STATUS {tracking}",
        {"tracking": tracking},
    )


def _about(matter: str) -> str:
    return f": {matter}" if matter else ""
