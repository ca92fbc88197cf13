"""The people who act for agencies, and their import from a CSV file."""

import re
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from email.errors import MessageError
from email.headerregistry import Address
from pathlib import Path

from sqlmodel import Session, col, select

from store.agencies import sheets
from store.agencies.access import RESERVED
from store.agencies.agency_import import Change
from store.agencies.directory import Directory
from store.agencies.sheets import Mistake, Row, shown
from store.agency_models import Officer, Role

COLUMNS = (
    "login",
    "name",
    "agency",
    "role",
    "email",
    "telegram",
    "channels",
    "digest",
    "language",
    "active",
)
LOGIN = re.compile(r"[a-z0-9][a-z0-9._@-]{1,63}")
CHAT = re.compile(r"-?[1-9][0-9]{0,15}")  # 52 bits: https://core.telegram.org/bots/api#chat
HOST = re.compile(r"[a-z0-9-]+(\.[a-z0-9-]+)+", re.IGNORECASE)
CHANNELS = ("email", "telegram")


@dataclass(frozen=True, slots=True)
class Person:
    """One officer as a file has it."""

    login: str
    name: str = ""
    agency: str = ""
    role: Role = Role.LIAISON
    email: str = ""
    telegram: str = ""
    channels: tuple[str, ...] = ()
    digest: bool = False
    language: str = "id"
    active: bool = True

    def values(self) -> dict[str, object]:
        return asdict(self) | {"channels": list(self.channels)}


@dataclass(frozen=True, slots=True)
class Plan:
    """The officers of a file; to be stored only if there are no mistakes."""

    people: tuple[Person, ...]
    mistakes: tuple[Mistake, ...]


@dataclass(frozen=True, slots=True)
class Known:
    """What a file of officers may speak of."""

    directory: Directory
    areas: Collection[str]  # Kemendagri codes
    languages: Collection[str]  # ISO 639


def listed(session: Session, agency: str | None = None) -> list[Officer]:
    statement = select(Officer).order_by(col(Officer.agency), col(Officer.login))
    if agency is not None:
        statement = statement.where(Officer.agency == agency)
    return list(session.exec(statement))


def people(session: Session) -> dict[str, Person]:
    """Those of the table, by login."""
    return {row.login: _person(row) for row in listed(session)}


def plan(path: Path, present: Mapping[str, Person], known: Known) -> Plan:
    """What the file says of each officer; a column that it has not keeps what is `present`."""
    sheet = sheets.read(path, COLUMNS, needed=("login", "name", "role"))
    lines: dict[str, Row] = {}
    found = []
    for row in sheet.rows:
        login = row.text("login")
        if not LOGIN.fullmatch(login):
            row.wrong("login", f"{shown(login)} is no login of a-z, 0-9 and . _ @ -")
        elif login in lines:
            row.wrong("login", f"{login} is already on line {lines[login].line}.")
        else:
            lines[login] = row
            found.append(_read(row, present.get(login, Person(login)), known))
    return Plan(tuple(found), tuple(sorted(sheet.mistakes, key=lambda each: each.line)))


def store(
    session: Session, found: Collection[Person], now: datetime, *, replace_all: bool = False
) -> Change:
    """With `replace_all`, officers who are not among them may act no more; no row is deleted."""
    rows = {row.login: row for row in listed(session)}
    added = changed = 0
    for person in found:
        row = rows.pop(person.login, None)
        if row is None:
            session.add(Officer.model_validate({**person.values(), "updated_at": now}))
            added += 1
        elif _person(row) != person:
            row.sqlmodel_update({**person.values(), "updated_at": now})
            changed += 1
    gone = [row for row in rows.values() if row.active] if replace_all else []
    for row in gone:
        row.sqlmodel_update({"active": False, "updated_at": now})
    return Change(added, changed, len(found) - added - changed, len(gone))


def _person(row: Officer) -> Person:
    values = {name: getattr(row, name) for name in COLUMNS}
    return Person(**values | {"channels": tuple(row.channels), "role": Role(row.role)})


def _read(row: Row, old: Person, known: Known) -> Person:
    """Mistakes go to the row's sheet; what is returned then is never stored."""
    channels = row.get("channels", " ".join(old.channels)).casefold().replace("|", " ").split()
    new = Person(
        login=old.login,
        name=row.text("name"),
        agency=row.get("agency", old.agency),
        role=_role(row),
        email=row.get("email", old.email),
        telegram=row.get("telegram", old.telegram),
        channels=tuple(dict.fromkeys(channels)),
        digest=row.flag("digest", default=False) if row.has("digest") else old.digest,
        language=row.get("language", old.language) or "id",
        active=row.flag("active", default=True) if row.has("active") else old.active,
    )
    _check(row, new, known)
    return new


def _role(row: Row) -> Role:
    word = row.text("role").casefold()
    if word in set(Role):
        return Role(word)
    row.wrong("role", f"{shown(word)} is not one of {', '.join(Role)}.")
    return Role.MONITOR


def _check(row: Row, person: Person, known: Known) -> None:
    if not person.name:
        row.wrong("name", "must not be empty.")
    if {person.name.casefold(), person.login} & RESERVED:
        row.wrong("name", "citizen and system are names of 1708 itself.")
    if person.email and (reason := email_fault(person.email)):
        row.wrong("email", f"is no address: {reason}.")
    if person.telegram and not CHAT.fullmatch(person.telegram):
        row.wrong("telegram", "must be the number of a chat, not a name or a phone number.")
    if person.language not in known.languages:
        row.wrong(
            "language", f"{shown(person.language)} is not one of {', '.join(known.languages)}."
        )
    _check_channels(row, person)
    _check_agency(row, person, known)


def _check_channels(row: Row, person: Person) -> None:
    for name in person.channels:
        if name not in CHANNELS:
            row.wrong("channels", f"{shown(name)} is not one of {', '.join(CHANNELS)}.")
        elif not getattr(person, name):
            row.wrong(name, f"is empty, but channels has {name}.")


def _check_agency(row: Row, person: Person, known: Known) -> None:
    """Whoever is nobody's officer would act for everybody: only two roles do."""
    if person.role is Role.NATIONAL and person.agency:
        row.wrong("agency", "must be empty: a national officer acts for all.")
    elif not person.agency and person.role in (Role.COORDINATOR, Role.LIAISON):
        row.wrong("agency", f"must not be empty: a {person.role} acts for an agency.")
    elif person.agency and not known.directory.known(person.agency, known.areas):
        hint = known.directory.hint(person.agency, known.areas)
        row.wrong("agency", f"{shown(person.agency)} is not an agency.{hint}")


def email_fault(address: str) -> str:
    """Why nothing can be sent there, or ""; the address itself is not quoted."""
    try:
        parsed = Address(addr_spec=address)
    except (MessageError, ValueError, IndexError):
        return "not the form name@host"
    if not address.isascii():
        return "it has characters beyond ASCII"
    return "" if HOST.fullmatch(parsed.domain) else "the host must be such as pemda.go.id"
