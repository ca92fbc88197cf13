"""Who may do and see what: roles, scopes, secret cases, keys of programs."""

from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings, strategies
from sqlalchemy import delete, insert, select
from sqlmodel import Session, col

from bots.reader import Reader
from gateway.runtime import Runtime
from store.agencies import api_keys
from store.agencies.access import ALL, LOCAL, Access, Action, of_officer
from store.agencies.directory import Directory, Unit
from store.agencies.scope import Scope, listed, visible
from store.agency_models import AgencyRow, ApiKey, Officer, Role, Subscription
from store.models import AuditRow, Complaint, DeskState, Disposition, Privacy
from tests.harness import NOON, Lapor, rows

UNITS = (
    Unit("DINAS_PUPR@32.04/JALAN", "Bidang Jalan", parent="DINAS_PUPR@32.04"),
    Unit("UPT_SOREANG", "UPT Soreang", parent="DINAS_PUPR@32.04/JALAN"),
    Unit("RSUD_JABAR", "RSUD Provinsi", parent="PEMPROV_32"),
    Unit("REHSOS", "Ditjen Rehsos", parent="KEMENSOS"),
    Unit("PANTI", "Panti Sosial", parent="REHSOS"),
    Unit("RING_A", "A", parent="RING_B"),  # an import refuses it, a hand in the table does not
    Unit("RING_B", "B", parent="RING_A"),
)


@pytest.mark.parametrize(
    ("role", "actions"),
    [
        (Role.NATIONAL, "act admin file operate read report triage"),
        (Role.COORDINATOR, "act file read report triage"),
        (Role.LIAISON, "act read report"),
        (Role.MONITOR, "read report"),
    ],
)
def test_what_a_role_may(role: Role, actions: str):
    person = Officer(login="a", name="Ani", agency="KEMENSOS", role=role, updated_at=NOON)
    access = of_officer(person)
    assert sorted(action for action in Action if access.may(action)) == actions.split()
    person.active = False
    assert not any(of_officer(person).may(action) for action in Action)


def test_the_console_may_everything_everywhere():
    assert (LOCAL.agency, all(LOCAL.may(action) for action in Action)) == ("", True)


REACHED = {
    "PEMKAB_3204": "PEMKAB_3204 PEMKAB_3204/UMUM DINAS_PUPR@32.04 DINAS_PUPR@32.04/JALAN "
    "DINAS_PUPR@32.04/X/Y UPT_SOREANG KECAMATAN@32.04.05 PEMDES@32.04.05.2001",
    "PEMPROV_32": "PEMPROV_32 DINAS_ESDM@32 RSUD_JABAR PEMKAB_3204 PEMKAB_3204/UMUM "
    "DINAS_PUPR@32.04 DINAS_PUPR@32.04/JALAN DINAS_PUPR@32.04/X/Y UPT_SOREANG "
    "KECAMATAN@32.04.05 PEMDES@32.04.05.2001 PEMKOT_3273 DLH@32.73",
    "DINAS_PUPR@32.04": "DINAS_PUPR@32.04 DINAS_PUPR@32.04/JALAN DINAS_PUPR@32.04/X/Y UPT_SOREANG",
    "DINAS_PUPR@32.04/JALAN": "DINAS_PUPR@32.04/JALAN UPT_SOREANG",
    "UPT_SOREANG": "UPT_SOREANG",
    "KEMENSOS": "KEMENSOS REHSOS PANTI KEMENSOS/BIRO",
    "KEMENKEU": "KEMENKEU KEMENKEU_DJP",
    "RING_A": "RING_A RING_B",
    "NOBODY": "",
}
EVERY = {
    *" ".join(REACHED.values()).split(),
    *("PEMPROV_33", "PEMKAB_3304", "DLH@33.04", "DLH@3.204", "DLH@132.04", "dinas_pupr@33.04"),
    *("pemkab_3204", "pemkab_3204/umum", "kemensos/biro", "KEMENSOSX", "KEMENSOS_X", "XKEMENSOS"),
    *("32.04", "@", "/", "PEMKAB%3204", "PEMKAB_3204%", "PEMKABX3204/UMUM"),
}
ODD = {"DLH@32.040", "dinas_pupr@32.04", "KEMENSOS@32", "DLH@32.04x", "@32.04", "a@32.04@33"}


@pytest.fixture(scope="module")
def national(reader: Reader) -> Directory:
    return Directory.of(reader.catalogue, UNITS)


@pytest.mark.parametrize("agency", REACHED)
def test_what_an_agency_reaches(national: Directory, agency: str):
    scope = Scope.within(national, agency)
    assert {code for code in EVERY if scope.reaches(code)} == set(REACHED[agency].split())


def test_national_reaches_all(national: Directory):
    assert all(Scope.within(national, "").reaches(code) for code in EVERY)


def test_a_province_owns_its_offices_but_not_those_of_its_kabupaten(national: Directory):
    own = Scope.within(national, "PEMPROV_32").own
    assert {code for code in EVERY if own.reaches(code)} == {
        "PEMPROV_32",
        "DINAS_ESDM@32",
        "RSUD_JABAR",
    }
    kabupaten = Scope.within(national, "PEMKAB_3204")
    assert kabupaten.own == kabupaten.reach


def test_whoever_is_told_of_a_missed_deadline_may_see_the_case(national: Directory):
    for code in EVERY | ODD | national.parents.keys():
        if above := national.parent_of(code):
            assert Scope.within(national, above).reaches(code), code


@pytest.fixture
def units(runtime: Runtime) -> Runtime:
    with runtime.transaction() as session:
        session.add_all(AgencyRow(**unit._asdict(), updated_at=NOON) for unit in UNITS)
    return runtime


def selected(session: Session, scope: Scope, codes: set[str]) -> tuple[set[str], set[str]]:
    """What the two forms of SQL select of these codes, in a column without rules of its own."""
    column = col(Subscription.agency)
    blank = {"name": "", "url": "", "secret": "", "events": [], "active": True, "created_at": NOON}
    connection = session.connection()
    connection.execute(delete(Subscription))
    connection.execute(insert(Subscription), [{**blank, "agency": code} for code in codes])
    plain = connection.execute(select(column).where(scope.where(column)))
    quick = connection.execute(select(column).where(scope.sought(column)))
    return set(plain.scalars()), set(quick.scalars())


PIECES = strategies.sampled_from(
    [*"/@._%", "32", "04", "05", "PEMKAB_3204", "pemkab_3204", "KEMENSOS", "DINAS_PUPR", "JALAN"]
)
CODES = strategies.sets(strategies.lists(PIECES, max_size=6).map("".join), min_size=1, max_size=40)


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(codes=CODES, agency=strategies.sampled_from(["", *REACHED]))
def test_sql_and_test_agree_on_every_code(
    units: Runtime, reader: Reader, codes: set[str], agency: str
):
    with units.transaction() as session:
        scope = Scope.of(session, reader.catalogue, agency)
        reached = {code for code in codes | EVERY | ODD if scope.reaches(code)}
        assert selected(session, scope, codes | EVERY | ODD) == (reached, reached)


CASES = [  # number, privacy, desks
    (1, Privacy.PUBLIC, {"DINAS_PUPR@32.04": DeskState.WAITING}),
    (2, Privacy.CONFIDENTIAL, {"DINAS_PUPR@32.04": DeskState.WORKING}),
    (3, Privacy.PUBLIC, {"DINAS_PUPR@32.04": DeskState.RETURNED, "DLH@32.73": DeskState.WAITING}),
    (4, Privacy.ANONYMOUS, {"KEMENSOS": DeskState.FORWARDED, "REHSOS": DeskState.WAITING}),
    (5, Privacy.CONFIDENTIAL, {"DINAS_ESDM@32": DeskState.ANSWERED}),
    (6, Privacy.CONFIDENTIAL, {"DLH@32.04": DeskState.RETURNED, "REHSOS": DeskState.WAITING}),
    (7, Privacy.PUBLIC, {}),  # in triage
    (
        8,
        Privacy.CONFIDENTIAL,
        {"DINAS_ESDM@32": DeskState.RETURNED, "DLH@32.73": DeskState.WAITING},
    ),
]


@pytest.fixture
def cases(units: Runtime) -> Runtime:
    with units.transaction() as session:
        for number, privacy, desks in CASES:
            case = Complaint(
                id=number,
                tracking=1_000_000 + number,
                text="x",
                kind="complaint",
                privacy=privacy,
                deadline=NOON.date(),
                created_at=NOON,
                updated_at=NOON,
            )
            session.add(case)
            session.flush()
            for agency, state in desks.items():
                desk = Disposition(
                    complaint_id=number,
                    agency=agency,
                    state=state,
                    actor="system",
                    deadline=NOON.date(),
                    at=NOON,
                )
                session.add(desk)
    return units


@pytest.mark.parametrize(
    ("agency", "numbers"),
    [
        ("", [1, 2, 3, 4, 5, 6, 7, 8]),
        ("DINAS_PUPR@32.04", [1, 2]),
        ("PEMKAB_3204", [1, 2]),
        ("PEMPROV_32", [1, 3, 5]),  # no secret case of a kabupaten, nor one that it gave back
        ("PEMKOT_3273", [3, 8]),
        ("REHSOS", [4, 6]),
        ("KEMENSOS", [4, 6]),
        ("UPT_SOREANG", []),
        ("PEMPROV_33", []),
    ],
)
def test_which_cases_an_agency_sees(
    cases: Runtime, reader: Reader, agency: str, numbers: list[int]
):
    with cases.reading() as session:
        scope = Scope.of(session, reader.catalogue, agency)
        for condition in (visible, listed):
            may = condition(Access("Ani", agency, ALL), scope)
            found = session.connection().execute(select(col(Complaint.id)).where(may)).scalars()
            assert sorted(found) == numbers
            no = condition(Access("Ani", agency, ALL - {Action.READ}), scope)
            assert not session.connection().execute(select(col(Complaint.id)).where(no)).all()


YEAR = timedelta(days=365)


def made(rt: Runtime, name: str = "sipd", agency: str = "PEMKAB_3204") -> tuple[int, str]:
    with rt.transaction() as session:
        row, text = api_keys.create(
            session, name, agency, {Action.READ, Action.ACT}, NOON + YEAR, NOON
        )
        return row.key, text


def test_a_key_opens_what_it_was_made_for_and_is_kept_as_a_digest(runtime: Runtime):
    number, text = made(runtime)
    other_number, other = made(runtime, "lain", "")
    assert text.startswith("1708_")
    assert text != other
    with runtime.reading() as session:
        access = api_keys.find(session, text, NOON)
        assert access == Access("sipd", "PEMKAB_3204", frozenset({"read", "act"}), key=number)
        found = api_keys.find(session, other, NOON)
        assert found is not None
        assert (found.agency, found.key) == ("", other_number)
    assert text not in "".join(row.model_dump_json() for row in rows(runtime, ApiKey))


@pytest.mark.parametrize("wrong", ["", "1708_", "1708_" + "0" * 64, "kunci é", "\x00", "\udce9"])
def test_what_is_no_key_opens_nothing(runtime: Runtime, wrong: str):
    _, text = made(runtime)
    with runtime.reading() as session:
        assert api_keys.find(session, wrong, NOON) is None
        assert api_keys.find(session, text.upper(), NOON) is None
        assert api_keys.find(session, text + " ", NOON) is None


def test_a_key_ends_with_its_last_second_and_when_it_is_revoked(runtime: Runtime):
    number, text = made(runtime)
    with runtime.transaction() as session:
        assert api_keys.find(session, text, NOON + YEAR - timedelta(seconds=1))
        assert api_keys.find(session, text, NOON + YEAR) is None
        assert api_keys.revoke(session, number, NOON)
        assert not api_keys.revoke(session, number, NOON)  # once
        assert not api_keys.revoke(session, 999, NOON)
        assert api_keys.find(session, text, NOON) is None


def test_a_rotated_key_lives_for_the_grace_beside_its_successor(runtime: Runtime):
    number, old = made(runtime)
    day = timedelta(days=1)
    with runtime.transaction() as session:
        rotated = api_keys.rotate(session, number, NOON + YEAR, grace=day, now=NOON)
        assert rotated is not None
        row, new = rotated
        assert (row.name, row.agency, row.actions) == ("sipd", "PEMKAB_3204", ["act", "read"])
        assert api_keys.rotate(session, number, NOON + YEAR, grace=day, now=NOON) is None
    with runtime.reading() as session:
        alive = [bool(api_keys.find(session, old, NOON + day * part)) for part in (0, 0.99, 1)]
        assert alive == [True, True, False]
        assert api_keys.find(session, new, NOON + 2 * day)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"name": ""}, "cannot be the name"),
        ({"name": "System"}, "cannot be the name"),
        ({"actions": ()}, "may nothing"),
        ({"actions": (Action.READ, Action.OPERATE)}, "operate is for national keys only"),
        ({"actions": (Action.ADMIN,)}, "admin is for national keys only"),
        ({"expires_at": NOON}, "ended already"),
        ({"name": "sipd"}, "there is a key 'sipd'"),
    ],
)
def test_a_key_that_cannot_be_made(runtime: Runtime, change: dict[str, object], says: str):
    made(runtime)
    wished = {
        "name": "baru",
        "agency": "KEMENSOS",
        "actions": (Action.READ,),
        "expires_at": NOON + YEAR,
    } | change
    with runtime.transaction() as session, pytest.raises(api_keys.Refused, match=says):
        api_keys.create(session, **wished, now=NOON)  # type: ignore[arg-type]
    assert len(rows(runtime, ApiKey)) == 1


def test_a_key_is_shown_once_at_the_command_line(runtime: Runtime, lapor: Lapor):
    created = lapor("key", "create", "sipd", "--agency", "PEMKAB_3204", "--may", "read,act")
    text = created.stdout.strip()
    with runtime.reading() as session:
        assert api_keys.find(session, text, runtime.now())
    rotated = lapor("key", "rotate", "1", "--grace", "1h").stdout.strip()
    assert lapor("key", "revoke", "2", "--reason", "bocor").exit_code == 0
    shown = lapor("key", "list").stdout + lapor("key", "list", "--json").stdout
    assert "PEMKAB_3204" in shown
    assert "1708_" not in shown
    assert rotated not in shown
    with runtime.reading() as session:
        assert api_keys.find(session, text, runtime.now())
        assert api_keys.find(session, rotated, runtime.now()) is None
    audited = rows(runtime, AuditRow)
    assert [(row.action, row.detail["keys"]) for row in audited] == [
        ("key.create", [1]),
        ("key.rotate", [1, 2]),
        ("key.revoke", [2]),
    ]
    assert all("1708_" not in row.model_dump_json() for row in audited)


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        ("create sipd --agency KEMENSOSS --may read", 2, "Is it KEMENSOS?"),
        ("create sipd --may red", 2, "'red' is not one of read, file, act"),
        ("create sipd --agency KEMENSOS --may admin", 2, "admin is for national keys only"),
        ("create sipd --may read --days 0", 2, "0 is not in the range"),
        ("create sipd", 2, "Missing option '--may'"),
        ("rotate 7", 1, "there is no key 7"),
        ("revoke 7 --reason x", 1, "there is no living key 7"),
        ("revoke 7", 2, "Missing option '--reason'"),
    ],
)
def test_what_lapor_key_refuses(runtime: Runtime, lapor: Lapor, words: str, code: int, says: str):
    done = lapor("key", *words.split())
    assert done.exit_code == code
    assert says in " ".join(done.output.split())
    assert rows(runtime, ApiKey) == []
    assert rows(runtime, AuditRow) == []
