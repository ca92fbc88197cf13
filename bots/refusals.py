"""What an officer or a program hears when something cannot be done, in the language it asked in."""

from datetime import date

from bots.language import Part, Sentence
from store.casework.lifecycle import Illegal


class Refused(Exception):
    """A request that changed nothing; `sentence` says what is wrong and what to do."""

    def __init__(self, sentence: Sentence) -> None:
        super().__init__(sentence.say())
        self.sentence = sentence


STATUS_NAMES = {
    "triage": Sentence("sedang diverifikasi"),
    "disposed": Sentence("terdisposisi"),
    "in_progress": Sentence("dalam proses"),
    "deferred": Sentence("ditunda"),
    "answered": Sentence("ditindaklanjuti"),
    "commented": Sentence("ditanggapi pelapor"),
    "closed": Sentence("selesai"),
    "archived": Sentence("diarsipkan"),
    "withdrawn": Sentence("dibatalkan pelapor"),
}
DESK_NAMES = {
    "waiting": Sentence("belum dimulai"),
    "working": Sentence("dikerjakan"),
    "deferred": Sentence("ditunda"),
    "answered": Sentence("dijawab"),
    "forwarded": Sentence("diteruskan ke unit"),
    "returned": Sentence("dikembalikan"),
    "": Sentence("tidak ada"),
}
MOVE_NAMES = {
    "dispose": Sentence("mendisposisikan"),
    "forward": Sentence("meneruskan ke unit"),
    "return": Sentence("mengembalikan"),
    "start": Sentence("memulai"),
    "defer": Sentence("menunda"),
    "resume": Sentence("melanjutkan"),
    "answer": Sentence("menjawab"),
    "comment": Sentence("menanggapi"),
    "accept": Sentence("menerima jawaban"),
    "expire": Sentence("menutup"),
    "reopen": Sentence("membuka lagi"),
    "escalate": Sentence("menaikkan ke koordinator"),
    "archive": Sentence("mengarsipkan"),
    "restore": Sentence("mengembalikan dari arsip"),
    "withdraw": Sentence("membatalkan"),
}


def illegal(error: Illegal) -> Refused:
    """The state that stands in the way of a move."""
    fields: dict[str, Part] = {
        "move": MOVE_NAMES[error.move],
        "status": STATUS_NAMES[error.status],
        "agency": error.agency,
        "state": DESK_NAMES[error.state],
    }
    if not error.agency:
        return Refused(Sentence("Tidak bisa {move}: laporan ini {status}.", fields))
    return Refused(
        Sentence("Tidak bisa {move}: laporan ini {status}, dan meja {agency} {state}.", fields)
    )


def unknown_case(tracking: int) -> Refused:
    """Also for a case of another agency: whether it exists is nobody else's business."""
    return Refused(
        Sentence(
            "Laporan {tracking} tidak ada, atau bukan untuk instansi Anda.", {"tracking": tracking}
        )
    )


def not_allowed(what: str) -> Refused:
    return Refused(Sentence("Kunci atau peran Anda tidak mengizinkan: {what}.", {"what": what}))


def not_your_desk(agency: str) -> Refused:
    return Refused(Sentence("Anda tidak bertindak untuk {agency}.", {"agency": agency}))


def unknown_code(what: str, code: str, near: str) -> Refused:
    """`near` is a code that was perhaps meant, or ""."""
    fields: dict[str, Part] = {"what": what, "code": code, "near": near}
    if near:
        return Refused(Sentence("{what} {code} tidak dikenal. Apakah maksud Anda {near}?", fields))
    return Refused(Sentence("{what} {code} tidak dikenal.", fields))


def empty(what: str) -> Refused:
    return Refused(Sentence("{what} tidak boleh kosong.", {"what": what}))


def past_deadline(day: date, today: date) -> Refused:
    return Refused(
        Sentence(
            "Jatuh tempo {day} sudah lewat; paling awal {today}.", {"day": day, "today": today}
        )
    )


def late_deadline(day: date, legal: date) -> Refused:
    return Refused(
        Sentence("Jatuh tempo {day} melewati batas layanan {legal}.", {"day": day, "legal": legal})
    )


def answer_first() -> Refused:
    return Refused(Sentence("Laporan ini dibuka lagi oleh pelapor: jawab dulu sebelum diarsipkan."))


def not_a_unit(unit: str, agency: str) -> Refused:
    return Refused(
        Sentence(
            "{unit} bukan unit di bawah {agency}; kembalikan laporan ini bila bukan wewenang Anda.",
            {"unit": unit, "agency": agency},
        )
    )


def nothing_changes() -> Refused:
    return Refused(Sentence("Tidak ada yang berubah: nilainya sudah sama."))
