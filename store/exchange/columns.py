"""Which column of a file is which fact of a complaint: our own names, and those of SP4N-LAPOR!."""

import csv
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

NOT_LETTERS = re.compile(r"[\W_]+")

# Field -> what its column may be called, the surest first; only letters and digits are compared.
# Those of an SP4N-LAPOR! export, then what local exports say; the field's own name always counts.
NAMES: Final[Mapping[str, str]] = {
    "tracking": "Tracking ID|ID Tracking|Nomor Tracking|Nomor Laporan|No Laporan|ID Laporan",
    "source": "Sumber Laporan|Sumber|Kanal",
    "status": "Status Laporan",
    "kind": "Klasifikasi|Klasifikasi Laporan|Jenis Laporan",
    "privacy": "Kerahasiaan|Privasi",
    "anonymous": "Anonim",
    "confidential": "Rahasia",
    "urgent": "Mendesak",
    "headline": "Judul Laporan|Judul",
    "text": "Isi Laporan Awal|Isi Laporan|Isi Aduan",
    "category": "Kategori|Kategori Laporan|Topik",
    "agency": "",
    "agencies": "Instansi Terdisposisi|Instansi Disposisi|Instansi",
    "province": "Provinsi",
    "regency": "Kota/Kabupaten|Kabupaten/Kota|Kab/Kota|Kabupaten|Kota",
    "district": "Kecamatan",
    "village": "Kelurahan/Desa|Desa/Kelurahan|Kelurahan|Desa",
    "place": "Kode Wilayah",
    "address": "Alamat|Lokasi|Lokasi Kejadian",
    "lat": "Latitude|Lintang",
    "lon": "Longitude|Bujur|Lng",
    "duty": "",
    "campaign": "Kampanye",
    "deadline": "Tanggal Jatuh Tempo|Jatuh Tempo|Batas Waktu",
    "verify_by": "",
    "clock_at": "",
    "parent": "Laporan Induk",
    "archive_reason": "",
    "created_at": "Tanggal Laporan Masuk|Tanggal Laporan|Tanggal Masuk|Tanggal Lapor"
    "|Tanggal Pelaporan|Tanggal Dibuat|Waktu Laporan|Tanggal",
    "forwarded_at": "Tanggal Disposisi|Tanggal Terdisposisi|Waktu Disposisi",
    "responded_at": "Tanggal Tindak Lanjut Pertama|Tanggal Respon Pertama"
    "|Tanggal Tanggapan Pertama",
    "answered_at": "Tanggal Tindak Lanjut Terakhir|Tanggal Tindak Lanjut|Tanggal Ditindaklanjuti"
    "|Waktu Tindak Lanjut",
    "closed_at": "Tanggal Selesai|Tanggal Penyelesaian|Tanggal Ditutup",
    "reopened": "",
    "rating": "Penilaian",
    "alarm": "",
    "pauses": "",
    "candidates": "",
    "dispositions": "",
    "events": "",
}
NESTED: Final = ("pauses", "candidates", "dispositions", "events")  # in JSON lines only


def folded(name: str) -> str:
    return NOT_LETTERS.sub("", name).casefold()


FIELDS: Final = {  # folded name -> (field, rank among its names)
    folded(name): (field_, rank)
    for field_, names in NAMES.items()
    for rank, name in enumerate((field_, *filter(None, names.split("|"))))
}


class Unusable(ValueError):
    """The file cannot be used at all; the message says why, as a sentence."""


@dataclass
class Columns:
    """Names of a file turned into fields; `ignored` are those that mean nothing here."""

    own: Mapping[str, str] = field(default_factory=dict)  # folded name -> field, of a mapping file
    ignored: dict[str, None] = field(default_factory=dict)

    def of_header(self, header: Sequence[str]) -> list[str | None]:
        """The field of each column; of two columns for one field the surer name is used."""
        best: dict[str, tuple[int, int]] = {}
        for position, name in enumerate(header):
            if found := self._find(name):
                field_, rank = found
                best[field_] = min(best.get(field_, (rank, position)), (rank, position))
        used = {position: field_ for field_, (_, position) in best.items()}
        for position, name in enumerate(header):
            if position not in used and name.strip() and self.own.get(folded(name)) != "":
                self.ignored[name.strip()] = None
        return [used.get(position) for position in range(len(header))]

    def of_object(self, values: Mapping[str, object]) -> dict[str, object]:
        """The same for the keys of one JSON object."""
        names = list(values)
        fields = self.of_header(names)
        return {to: values[name] for name, to in zip(names, fields, strict=True) if to}

    def _find(self, name: str) -> tuple[str, int] | None:
        key = folded(name)
        if key in self.own:
            return (self.own[key], -1) if self.own[key] else None
        return FIELDS.get(key)


def read_mapping(lines: Iterable[str], name: str) -> dict[str, str]:
    """A CSV file of two columns: theirs and ours; an empty field says that theirs is not wanted."""
    found: dict[str, str] = {}
    rows = csv.reader(lines, strict=True)
    try:
        for row in rows:
            where = f"{name} line {rows.line_num}"
            if not any(cell.strip() for cell in row) or _is_heading(row, rows.line_num):
                continue
            if len(row) != 2 or not folded(row[0]):
                raise Unusable(f"{where}: write their column, a comma, our field.")
            to = row[1].strip()
            if to and to not in NAMES:
                raise Unusable(f"{where}: {to[:40]!r} is none of our fields: {', '.join(NAMES)}.")
            found[folded(row[0])] = to
    except csv.Error as error:
        raise Unusable(f"{name} line {rows.line_num}: {error}.") from error
    return found


def _is_heading(row: Sequence[str], line: int) -> bool:
    return line == 1 and len(row) == 2 and row[1].strip().casefold() in ("field", "our field")
