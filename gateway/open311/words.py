"""Every sentence of this interface, in Indonesian and English."""

from dataclasses import dataclass, field
from typing import Any

LANGUAGES = ("id", "en")


@dataclass(frozen=True, slots=True)
class Words:
    id: str
    en: str

    def say(self, language: str, **fields: object) -> str:
        words = self.en if language == "en" else self.id
        return words.format(**fields)


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong with a request, as its sender reads it."""

    words: Words
    fields: dict[str, Any] = field(default_factory=dict)

    def say(self, language: str) -> str:
        return self.words.say(language, **self.fields)


class Refusal(Exception):
    """An answer with an error document instead of what was asked for."""

    def __init__(self, status: int, *faults: Fault) -> None:
        super().__init__(status)
        self.status, self.faults = status, faults


def refusal(status: int, words: Words, **fields: object) -> Refusal:
    return Refusal(status, Fault(words, fields))


# --- what is wrong with a request -----------------------------------------------------------------

NO_RESOURCE = Words(
    "Alamat ini tidak dikenal. Lihat /open311/v2/discovery.xml",
    "This address is not known. See /open311/v2/discovery.xml",
)
NO_FORMAT = Words(
    "Format {name} tidak ada; gunakan .xml atau .json.",
    "There is no format {name}; use .xml or .json.",
)
NO_METHOD = Words(
    "Metode HTTP ini tidak berlaku untuk alamat ini.",
    "This HTTP method does not apply to this address.",
)
JURISDICTION_UNKNOWN = Words("jurisdiction_id tidak ditemukan.", "jurisdiction_id was not found.")
JURISDICTION_MISSING = Words("jurisdiction_id wajib diisi.", "jurisdiction_id was not provided.")
KEY_MISSING = Words("api_key wajib diisi.", "api_key was not provided.")
KEY_INVALID = Words(
    "api_key tidak berlaku.", "The api_key is invalid, has expired, or was revoked."
)
KEY_MAY_NOT = Words(
    "api_key ini tidak boleh melakukan hal ini.", "This api_key may not be used for this."
)
MISSING = Words("{name} wajib diisi.", "{name} was not provided.")
TOO_LONG = Words(
    "{name}: paling banyak {longest} karakter.", "{name}: {longest} characters at most."
)
NOT_A_FORM = Words(
    "Kirim sebagai application/x-www-form-urlencoded atau multipart/form-data (UTF-8).",
    "Send application/x-www-form-urlencoded or multipart/form-data (UTF-8).",
)
TOO_LARGE = Words("Permintaan ini terlalu besar.", "The request is too large.")
BAD_REQUEST = Words("Permintaan ini tidak dapat dibaca.", "The request cannot be read.")
SERVICE_UNKNOWN = Words("service_code tidak ditemukan.", "service_code was not found.")
REQUEST_UNKNOWN = Words("service_request_id tidak ditemukan.", "service_request_id was not found.")
TOKEN_UNKNOWN = Words("token tidak ditemukan.", "token was not found.")
BAD_DATE = Words(
    "{name}: tulis tanggal W3C dengan zona waktu, misal 2026-11-20T00:00:00Z.",
    "{name}: give a W3C date with a time zone, such as 2026-11-20T00:00:00Z.",
)
LONG_SPAN = Words(
    "start_date dan end_date: paling lama {days} hari.",
    "start_date and end_date: {days} days apart at most.",
)
TURNED_SPAN = Words("start_date harus sebelum end_date.", "start_date must be before end_date.")
BAD_STATUS = Words("status: open atau closed.", "status: open or closed.")
BAD_NUMBER = Words(
    "{name}: bilangan bulat dari 1 sampai {most}.", "{name}: a whole number from 1 to {most}."
)
NO_LOCATION = Words(
    "Isi lat dan long, atau address_string, atau address_id.",
    "Give lat and long, or address_string, or address_id.",
)
BAD_POINT = Words(
    "lat dan long: derajat WGS84, misal -6.8915 dan 107.6107.",
    "lat and long: degrees WGS84, such as -6.8915 and 107.6107.",
)
ADDRESS_UNKNOWN = Words(
    "address_id bukan kode wilayah Kemendagri, misal 32.73.02.1004.",
    "address_id is not a Kemendagri code of a region, such as 32.73.02.1004.",
)
BAD_URL = Words("media_url: alamat http atau https.", "media_url: an address of http or https.")
KEY_REUSED = Words(
    "Idempotency-Key ini sudah dipakai untuk laporan lain.",
    "This Idempotency-Key was used for another report.",
)
UNAVAILABLE = Words(
    "1708 sedang tidak dapat melayani; kirim lagi sebentar lagi.",
    "1708 cannot answer at this moment; please send it again.",
)
CRASHED = Words("Permintaan ini gagal di 1708.", "1708 failed at this request.")
UPDATE_STATUS = Words(
    "status tidak dikenal. Yang berlaku: {known}.", "The status is not known. There are: {known}."
)
NO_DESK = Words(
    "Laporan ini tidak ada pada instansi Anda.", "Your agency does not have this request."
)

# --- what a service is ---------------------------------------------------------------------------

EXAMPLES = Words("{group}: {name}. Misalnya {examples}.", "{group}: {name}. Such as {examples}.")
PLAIN = Words("{group}: {name}.", "{group}: {name}.")
SECRET_TOPIC = Words(
    "Laporan tentang topik ini dirahasiakan, jadi tidak dapat diikuti di sini.",
    "Reports of this topic are confidential, so they cannot be followed here.",
)
NOTICE = Words(
    "Laporan diteruskan ke instansi yang berwenang, yang menjawab paling lambat {limit} kemudian.",
    "The report goes to the agency in charge, which answers within {limit}.",
)
WORKING_DAYS = Words("{days} hari kerja", "{days} working days")
CALENDAR_DAYS = Words("{days} hari", "{days} days")
ADDRESS_DETAIL = Words(
    "Patokan atau rincian lokasi, misalnya di depan pasar",
    "Landmark or details of the location, such as in front of the market",
)
ADDRESS_HINT = Words("Beberapa kata", "A few words")
WHEN = Words(
    "Kapan terjadi, misalnya sejak Senin malam", "When it happened, such as since Monday night"
)
WHEN_HINT = Words("Tanggal atau beberapa kata", "A date or a few words")

# --- how far a request is ------------------------------------------------------------------------

AGENCY = Words("instansi terkait", "the agency in charge")
STATUS = {
    "triage": Words(
        "Diperiksa petugas 1708, yang menentukan instansinya.",
        "Officers of 1708 verify it and choose the agency.",
    ),
    "disposed": Words("Diteruskan ke {agency}.", "Handed to {agency}."),
    "in_progress": Words("Dikerjakan {agency}.", "{agency} works on it."),
    "deferred": Words(
        "Menunggu keterangan pelapor; tenggat dihentikan sementara.",
        "Waits for more details from the reporter; the deadline stands still.",
    ),
    "answered": Words(
        "Dijawab {agency}; menunggu tanggapan pelapor.",
        "Answered by {agency}; waits for the reporter's opinion.",
    ),
    "commented": Words(
        "Dijawab {agency}; pelapor menanggapi.", "Answered by {agency}; the reporter commented."
    ),
    "closed": Words("Selesai.", "Solved."),
    "archived": Words("Diarsipkan.", "Archived."),
    "withdrawn": Words("Dibatalkan pelapor.", "Withdrawn by the reporter."),
}
ANSWER = Words("Jawaban {agency}: {text}", "Answer of {agency}: {text}")
EVENTS = {
    "disposed": Words("Diteruskan ke {agency}.", "Handed to {agency}."),
    "forwarded": Words("Diteruskan ke unit: {agency}.", "Handed to the unit: {agency}."),
    "returned": Words(
        "Dikembalikan {agency}: bukan wewenangnya.", "Returned by {agency}: not its task."
    ),
    "started": Words("Mulai dikerjakan {agency}.", "{agency} began to work on it."),
    "deferred": Words(
        "Ditunda: pelapor diminta melengkapi keterangan.",
        "Deferred: the reporter was asked for details.",
    ),
    "resumed": Words("Dilanjutkan.", "Resumed."),
    "answered": Words("{text}", "{text}"),
    "accepted": Words("Pelapor puas; laporan selesai.", "The reporter is satisfied; closed."),
    "closed": Words("Selesai: pelapor tidak menanggapi lagi.", "Closed: no word of the reporter."),
    "reopened": Words(
        "Dibuka lagi: menurut pelapor belum selesai.", "Reopened: not solved, says the reporter."
    ),
    "escalated": Words(
        "Dibuka lagi dan diperiksa koordinator.", "Reopened, and taken up by the coordinator."
    ),
    "archived": Words("Diarsipkan.", "Archived."),
    "restored": Words("Diaktifkan kembali dari arsip.", "Taken back from the archive."),
    "withdrawn": Words("Dibatalkan pelapor.", "Withdrawn by the reporter."),
}
