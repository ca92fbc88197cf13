"""Agencies, units and officers: who stands above whom, what a CSV file may say and what not."""

import json
from datetime import timedelta
from pathlib import Path

import pytest

from bots.reader import Reader
from gateway.runtime import Runtime
from gateway.settings import ROOT
from parsers.catalogue import Agency, Catalogue
from store.agencies import agency_import, officers, sheets
from store.agencies.directory import Directory, Unit
from store.agency_models import AgencyRow, Officer, Role
from store.models import AuditRow, Complaint, Disposition
from tests.harness import NOON, Lapor, rows

FILES = ROOT / "tests" / "fixtures" / "agencies"
AREAS = frozenset({"32", "32.04", "32.04.05", "32.73", "33", "73.71"})


@pytest.fixture(scope="module")
def national(reader: Reader) -> Directory:
    """The national catalogue, with a few units of a kabupaten and a ministry."""
    units = (
        Unit("DINAS_PUPR@32.04/JALAN", "Bidang Jalan", parent="DINAS_PUPR@32.04"),
        Unit("UPT_SOREANG", "UPT Soreang", parent="DINAS_PUPR@32.04/JALAN"),
        Unit("REHSOS", "Ditjen Rehsos", parent="KEMENSOS"),
        Unit("PANTI", "Panti Sosial", parent="REHSOS"),
        Unit("KOMISI", "Komisi Baru"),
    )
    return Directory.of(reader.catalogue, units)


@pytest.mark.parametrize(
    ("code", "above"),
    [
        ("UPT_SOREANG", "DINAS_PUPR@32.04/JALAN"),
        ("DINAS_PUPR@32.04/JALAN", "DINAS_PUPR@32.04"),
        ("DINAS_PUPR@32.04", "PEMKAB_3204"),
        ("DLH@32.73", "PEMKOT_3273"),
        ("KELURAHAN@32.73.02.1001", "PEMKOT_3273"),
        ("DINAS_ESDM@32", "PEMPROV_32"),
        ("PANTI", "REHSOS"),
        ("REHSOS", "KEMENSOS"),
        ("KEMENKEU_DJP", "KEMENKEU"),
        ("KEMENSOS/BIRO", "KEMENSOS"),  # nobody imported it, its code says so
        ("KEMENSOS", ""),
        ("PEMKAB_3204", ""),  # the catalogue puts it below its province, but that is no escalation
        ("PEMPROV_32", ""),
        ("KOMISI", ""),
        ("DINAS_PUPR@99.99", ""),
        ("NOBODY", ""),
    ],
)
def test_who_is_told_when_an_agency_does_not_act(national: Directory, code: str, above: str):
    assert national.parent_of(code) == above


def test_a_government_that_only_the_table_knows_has_the_offices_of_its_area():
    city = Catalogue([], [Agency(code="DISHUB", name="Dishub", level="kabkota")])
    directory = Directory.of(city, [Unit("PEMKOT", "Pemkot", level="pemda_kota", area="73.71")])
    assert directory.parent_of("DISHUB@73.71") == "PEMKOT"
    assert directory.parent_of("DISHUB@73.72") == ""


@pytest.mark.parametrize(
    ("code", "known"),
    [
        ("KEMENSOS", True),
        ("PEMKAB_3204", True),
        ("UPT_SOREANG", True),
        ("DINAS_PUPR@32.04", True),
        ("DINAS_PUPR@32.99", False),  # no such place
        ("DINAS_PUPR", False),  # where?
        ("KEMENSOS@32.04", False),  # stands once
        ("KEMENSOS/BIRO", False),
        ("kemensos", False),
        ("", False),
        ("@32.04", False),
    ],
)
def test_where_a_case_may_go(national: Directory, code: str, known: bool):
    assert national.known(code, AREAS) is known


@pytest.mark.parametrize(
    ("written", "hint"),
    [
        ("KEMENSSOS", " Is it KEMENSOS?"),
        ("Kementerian Sosial", " Is it KEMENSOS"),
        ("DINAS_PUPRR@32.04", " Is it DINAS_PUPR@32.04"),
        ("UPT_SOREAN", " Is it UPT_SOREANG?"),
        ("DINAS_PUPRR@99.99", ""),
        ("zzzz", ""),
    ],
)
def test_a_near_code_is_named(national: Directory, written: str, hint: str):
    said = national.hint(written, AREAS)
    assert said.startswith(hint)
    assert bool(said) is bool(hint)


def test_every_mistake_of_a_file_is_told_at_once(national: Directory):
    plan = agency_import.plan(FILES / "wrong_units.csv", national, AREAS)
    assert [str(mistake).removeprefix("wrong_units.csv ") for mistake in plan.mistakes] == [
        "line 2, code: 'dinas' is no code of A-Z, 0-9 and _, such as DINAS_PUPR@32.04.",
        "line 3, parent: goes round in a circle: UNIT_A -> UNIT_B -> UNIT_A.",
        "line 5, connected: 'mungkin' is neither ya nor tidak.",
        "line 5, level: 'unti' is not one of kementerian, lembaga, bumn, pemda, pemda_provinsi, "
        "pemda_kabupaten, pemda_kota, perguruan_tinggi, perwakilan, unit.",
        "line 5, area: '99.99' is no Kemendagri code such as 32.04.",
        "line 5, parent: is the agency itself.",
        "line 6, name: must not be empty.",
        "line 6, parent: 'KEMENSSOS' is not an agency. Is it KEMENSOS?",
        "line 7, code: UNIT_D is already on line 6.",
        "line 8, area: 32.04 has a government already: PEMKAB_3204.",
        "line 9, area: of a local government is its province, kabupaten or kota.",
        "line 10, code: DINAS_PUPR@32.99 is no office type of the catalogue at an existing area.",
        "line 11, parent: of PEMKAB_3204 is PEMPROV_32: the catalogue says so.",
        "line 12, parent: of A/B is A: its code says so.",
    ]


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "f.csv line 1, code: is missing."),
        (b"code,name\n", None),
        (b"\xef\xbb\xbfcode,name\r\nA,Satu\r\n", None),
        (b"code;name\nA;Satu, dua\n", None),
        (b'code,name\nA,"Satu\ndua"\n', "line 2, name: holds a line break"),
        (b'code,name\nA,"Satu\n"\nB\n', "line 4: 1 fields instead of 2."),
        (b"code,name\nA,Satu\nB,Caf\xe9\n", "line 3: byte 0xe9 is not UTF-8"),
        ("code,name\nA,Satu".encode("utf-16"), "is UTF-16: save it as `CSV UTF-8`."),
        (b"PK\x03\x04 xl/workbook.xml", "is a workbook (xlsx, ods)"),
        (b"code,nama\nA,Satu\n", "line 1: column 'nama' is not one of"),
        (b"code,name,code\nA,Satu,B\n", "line 1, code: stands twice."),
        (b'code,name\nA,"Satu"x\n', "line 2: "),
        (b"code,name\nA,Sa\x00tu\n", "f.csv"),
        (b"code,name\nA," + b"x" * 201 + b"\n", "line 2, name: has 201 characters, at most 200"),
        (b"code,name\nA,Satu\n,,\n", None),  # what a spreadsheet leaves at the end
        (b"code,name\nA,Satu\n,\n", None),
    ],
)
def test_a_file_that_a_spreadsheet_has_spoilt(
    tmp_path: Path, national: Directory, content: bytes, says: str | None
):
    path = tmp_path / "f.csv"
    path.write_bytes(content)
    found = [str(mistake) for mistake in agency_import.plan(path, national, AREAS).mistakes]
    if says is None:
        assert found == []
    else:
        assert says in found[0]


def test_lines_are_those_of_the_editor(tmp_path: Path):
    path = tmp_path / "f.csv"
    path.write_text('code,name\nA,"two\nlines"\n\nB,x\n')
    sheet = sheets.read(path, ("code", "name"), needed=("code",))
    assert [row.line for row in sheet.rows] == [2, 5]


def test_an_import_twice_changes_nothing_and_a_new_name_keeps_the_cases(
    runtime: Runtime, national: Directory
):
    def imported(*units: Unit, hours: int) -> agency_import.Change:
        with runtime.transaction() as session:
            return agency_import.store(session, units, NOON + timedelta(hours=hours))

    one, two = Unit("A", "Satu"), Unit("B", "Dua", parent="A")
    assert imported(one, two, hours=0) == agency_import.Change(added=2)
    with runtime.transaction() as session:
        case = Complaint(
            tracking=1234567,
            text="x",
            kind="complaint",
            agency="B",
            deadline=NOON.date(),
            created_at=NOON,
            updated_at=NOON,
        )
        session.add(case)
    assert imported(one, two, hours=1) == agency_import.Change(same=2)
    assert imported(two._replace(name="Dua Baru"), hours=2) == agency_import.Change(changed=1)
    stored = {row.code: (row.name, row.updated_at) for row in rows(runtime, AgencyRow)}
    assert stored == {"A": ("Satu", NOON), "B": ("Dua Baru", NOON + timedelta(hours=2))}
    assert [row.agency for row in rows(runtime, Complaint)] == ["B"]


def test_a_column_that_the_file_has_not_keeps_what_was_there(tmp_path: Path, national: Directory):
    path = tmp_path / "f.csv"
    path.write_text("code,name\nPANTI,Panti Sosial Cibiru\n")
    before = Directory.of(
        national.catalogue, [Unit("PANTI", "Panti", "unit", "KEMENSOS", "32.73", connected=False)]
    )
    [unit] = agency_import.plan(path, before, AREAS).units
    assert unit == Unit(
        "PANTI", "Panti Sosial Cibiru", "unit", "KEMENSOS", "32.73", connected=False
    )


def test_a_file_is_taken_whole_and_shows_as_a_tree(runtime: Runtime, lapor: Lapor):
    path = str(FILES / "units.csv")
    assert lapor("agency", "import", path, "--dry-run").stdout == (
        "5 added. Dry run: nothing was changed.\n"
    )
    assert rows(runtime, AgencyRow) == []
    assert rows(runtime, AuditRow) == []
    assert lapor("agency", "import", path).stdout == "5 added.\n"
    assert json.loads(lapor("agency", "import", path, "--json").stdout) == {
        "added": 0,
        "changed": 0,
        "same": 5,
        "deactivated": 0,
        "dry_run": False,
    }
    assert [row.action for row in rows(runtime, AuditRow)] == ["agency.import"] * 2
    _hand_over(runtime, "UPT_JALAN_SOREANG", "DINAS_PUPR@32.04", "DLH@32.04")
    lines = [json.loads(line) for line in lapor("agency", "list", "--json").stdout.splitlines()]
    assert [(line["depth"], line["code"], line["open"], line["late"]) for line in lines] == [
        (0, "KEMENSOS", 0, 0),
        (1, "KEMENSOS_REHSOS", 0, 0),
        (0, "PEMPROV_32", 0, 0),
        (1, "PEMKAB_3204", 0, 0),
        (2, "DINAS_PUPR@32.04", 1, 1),
        (3, "DINAS_PUPR@32.04/JALAN", 0, 0),
        (4, "UPT_JALAN_SOREANG", 1, 1),
        (2, "DLH@32.04", 1, 1),
        (2, "RSUD_OTISTA", 0, 0),
    ]
    shown = json.loads(lapor("agency", "show", "DINAS_PUPR@32.04", "--json").stdout)
    assert shown["above"] == ["PEMKAB_3204", "PEMPROV_32"]
    assert shown["below"] == ["DINAS_PUPR@32.04/JALAN", "UPT_JALAN_SOREANG"]
    assert (shown["open"], shown["open with those below"]) == (1, 2)


def _hand_over(rt: Runtime, *codes: str) -> None:
    """A complaint for each agency, whose deadline was long ago."""
    with rt.transaction() as session:
        for number, code in enumerate(codes):
            case = Complaint(
                tracking=1_000_000 + number,
                text="x",
                kind="complaint",
                status="disposed",
                agency=code,
                deadline=NOON.date(),
                created_at=NOON,
                updated_at=NOON,
            )
            session.add(case)
            session.flush()
            desk = Disposition(
                complaint_id=case.key,
                agency=code,
                actor="system",
                deadline=NOON.date() - timedelta(days=4000),
                at=NOON,
            )
            session.add(desk)


def test_a_file_with_one_mistake_changes_nothing(runtime: Runtime, lapor: Lapor, tmp_path: Path):
    path = tmp_path / "f.csv"
    path.write_text("code,name,parent\nBAIK,Baik,KEMENSOS\nBURUK,Buruk,KEMENSOSS\n")
    done = lapor("agency", "import", str(path))
    assert done.exit_code == 1
    assert "f.csv line 3, parent: 'KEMENSOSS' is not an agency. Is it KEMENSOS?" in done.stderr
    assert "1 to correct. Nothing was changed." in done.stderr
    assert rows(runtime, AgencyRow) == []


def test_an_unknown_agency_is_not_shown(lapor: Lapor):
    done = lapor("agency", "show", "KEMENSOSS")
    assert (done.exit_code, done.stderr) == (
        1,
        "Error: KEMENSOSS is not an agency. Is it KEMENSOS?\n",
    )


def test_a_catalogue_directory_is_checked(lapor: Lapor, tmp_path: Path):
    assert lapor("agency", "check", str(ROOT / "store/seed/catalogue")).exit_code == 0
    (tmp_path / "categories.csv").write_text("code,name,handles\nJALAN,Jalan,DINAS\n")
    (tmp_path / "agencies.csv").write_text("code,name\nDISHUB,Dishub\n")
    done = lapor("agency", "check", str(tmp_path))
    assert done.exit_code == 1
    assert "categories.csv line 2: handles: DINAS is not an agency." in done.stderr


WRONG_OFFICERS = """\
login,name,agency,role,email,telegram,channels,digest,language,active
Budi,Budi,KEMENSOS,liaison,,,,,,
ani,Ani,,liaison,,,,,,
ani,Ani,KEMENSOS,liaison,,,,,,
cici,,KEMENSOS,boss,cici@kantor,@cici,email fax,kadang,xx,
dodo,System,KEMENSOS,national,do do@kantor.example,,telegram,,,
edi,Edi,KEMENSOSS,monitor,edi@kantor.exämple,,,,,
"""


def test_every_mistake_of_a_file_of_officers(tmp_path: Path, national: Directory):
    path = tmp_path / "o.csv"
    path.write_text(WRONG_OFFICERS, encoding="utf-8")
    known = officers.Known(national, AREAS, ("id", "en"))
    plan = officers.plan(path, {}, known)
    assert [str(mistake).removeprefix("o.csv ") for mistake in plan.mistakes] == [
        "line 2, login: 'Budi' is no login of a-z, 0-9 and . _ @ -",
        "line 3, agency: must not be empty: a liaison acts for an agency.",
        "line 4, login: ani is already on line 3.",
        "line 5, role: 'boss' is not one of national, coordinator, liaison, monitor.",
        "line 5, digest: 'kadang' is neither ya nor tidak.",
        "line 5, name: must not be empty.",
        "line 5, email: is no address: the host must be such as pemda.go.id.",
        "line 5, telegram: must be the number of a chat, not a name or a phone number.",
        "line 5, language: 'xx' is not one of id, en.",
        "line 5, channels: 'fax' is not one of email, telegram.",
        "line 6, name: citizen and system are names of 1708 itself.",
        "line 6, email: is no address: not the form name@host.",
        "line 6, telegram: is empty, but channels has telegram.",
        "line 6, agency: must be empty: a national officer acts for all.",
        "line 7, email: is no address: it has characters beyond ASCII.",
        "line 7, agency: 'KEMENSOSS' is not an agency. Is it KEMENSOS?",
    ]


def test_officers_are_imported_changed_and_ended_by_replace_only(
    runtime: Runtime, lapor: Lapor, tmp_path: Path
):
    assert lapor("agency", "import", str(FILES / "units.csv")).exit_code == 0
    path = str(FILES / "officers.csv")
    assert lapor("officer", "import", path).stdout == "5 added.\n"
    assert lapor("officer", "import", path).stdout == "5 same.\n"
    few = tmp_path / "few.csv"
    few.write_text("login,name,role,agency\njalan,Penghubung Baru,liaison,DINAS_PUPR@32.04/JALAN\n")
    assert lapor("officer", "import", str(few)).stdout == "1 changed.\n"
    by_login = {row.login: row for row in rows(runtime, Officer)}
    changed = by_login["jalan"]
    assert (changed.name, changed.role) == ("Penghubung Baru", Role.LIAISON)
    assert (changed.telegram, changed.channels) == ("1000002", ["telegram"])  # not in the file
    assert all(row.active for row in by_login.values())

    dry = lapor("officer", "import", str(few), "--replace", "--dry-run")
    assert dry.stdout == "1 same, 4 deactivated. Dry run: nothing was changed.\n"
    assert lapor("officer", "import", str(few), "--replace").stdout == "1 same, 4 deactivated.\n"
    assert [row.login for row in rows(runtime, Officer) if row.active] == ["jalan"]
    assert lapor("officer", "import", path).stdout == "5 changed.\n"  # back again


def test_a_list_of_officers_shows_no_address(runtime: Runtime, lapor: Lapor):
    lapor("agency", "import", str(FILES / "units.csv"))
    lapor("officer", "import", str(FILES / "officers.csv"))
    shown = lapor("officer", "list", "--agency", "PEMKAB_3204")
    assert "bandung" in shown.stdout
    assert "jabar" not in shown.stdout
    assert "lapor.example" not in lapor("officer", "list", "--json").stdout
    assert "1000001" not in lapor("officer", "list", "--json").stdout


@pytest.mark.parametrize(
    ("code", "name"),
    [
        ("DINAS_PUPR@32.04", "Dinas PUTR"),  # as it was imported
        ("UPT_SOREANG", "UPT Soreang"),
        ("DINAS_PUPR@32.73", "Dinas PU Kota Bandung"),
        ("DINAS_PUPR@32.73/JALAN", "DINAS_PUPR@32.73/JALAN"),
        ("NOBODY", "NOBODY"),
    ],
)
def test_what_people_are_told_an_agency_is_called(reader: Reader, code: str, name: str):
    names = {"DINAS_PUPR@32.04": "Dinas PUTR", "UPT_SOREANG": "UPT Soreang"}
    assert reader.named(names).agency_name(code) == name


def test_a_reader_with_names_reads_with_what_is_loaded_already(reader: Reader):
    assert reader.named({}).understander is reader.understander
