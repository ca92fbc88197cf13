"""What officers are told: for each event of a complaint, whom and in which words.

Neither the reporter's words nor a name go out: the link leads to where one must sign in.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cached_property

from bots.language import Part, Sentence
from bots.reader import Reader
from bots.replies import OFFICERS
from store.agencies.directory import Directory
from store.agency_models import Officer, Role
from store.casework.feed import Happened
from store.casework.lifecycle import UNANSWERED
from store.models import DeskState, Privacy

SYSTEM = "system"
LONGEST_LIST = 20  # lines of a message about many complaints


class To(StrEnum):
    """Who is meant, seen from the desk that an event is about."""

    DESK = "desk"  # its officers; while it has none, those of the nearest agency above it
    COORDINATOR = "coordinator"  # above it; national where there is none
    HOLDER = "holder"  # who has a returned case now: the agency above, else national
    NATIONAL = "national"


DESK, COORDINATOR, HOLDER, NATIONAL = To.DESK, To.COORDINATOR, To.HOLDER, To.NATIONAL
ADDED = Sentence("Pelapor menambah keterangan pada laporan {tracking}.")
# The officers' half of who is told what; that of reporters is in bots/notices.py.
# An event that is not here is told to no officer: they caused it, or it changes nothing for them.
TOLD: Mapping[str, tuple[tuple[To, ...], Sentence]] = {
    "disposed": (
        (DESK,),
        Sentence("Laporan baru {tracking} untuk {agency}, dijawab paling lambat {due}."),
    ),
    "forwarded": (
        (DESK,),
        Sentence("Laporan {tracking} diteruskan ke {agency}, dijawab paling lambat {due}."),
    ),
    "returned": (
        (HOLDER,),
        Sentence("Laporan {tracking} dikembalikan {agency}: bukan wewenangnya."),
    ),
    "follow_up": ((DESK,), ADDED),
    "extended": ((DESK,), ADDED),
    "resumed": ((DESK,), Sentence("Pelapor menjawab pertanyaan tentang laporan {tracking}.")),
    "commented": ((DESK,), Sentence("Pelapor menanggapi jawaban atas laporan {tracking}.")),
    "reopened": (
        (DESK,),
        Sentence("Laporan {tracking} dibuka lagi: menurut pelapor belum selesai."),
    ),
    "escalated": (
        (NATIONAL,),
        Sentence("Laporan {tracking} dibuka lagi setelah dua jawaban: mohon diputuskan."),
    ),
    "withdrawn": ((DESK,), Sentence("Laporan {tracking} dibatalkan pelapor.")),
    "linked": (
        (DESK,),
        Sentence("Laporan {tracking} digabung dengan laporan lain tentang hal yang sama."),
    ),
    "burst": (
        (DESK,),
        Sentence("{count} laporan tentang hal yang sama digabung pada laporan {tracking}."),
    ),
    "due_soon": ((DESK,), Sentence("Laporan {tracking} harus dijawab paling lambat {due}.")),
    "overdue": ((DESK,), Sentence("Laporan {tracking} terlambat: batasnya {due}.")),
    "overdue_coordinator": (
        (COORDINATOR,),
        Sentence("Laporan {tracking} belum dijawab {agency}, batasnya {due}."),
    ),
    "overdue_national": (
        (NATIONAL,),
        Sentence("Laporan {tracking} masih belum dijawab {agency}, batasnya {due}."),
    ),
    "ombudsman": (
        (DESK, COORDINATOR, NATIONAL),
        Sentence("Laporan {tracking} belum selesai: pelapor diberi tahu tentang Ombudsman."),
    ),
}
ALARMS = frozenset({"due_soon", "overdue", "overdue_coordinator", "overdue_national", "ombudsman"})
SECRET = Sentence("Ada laporan rahasia yang menunggu Anda.")
TOPIC = Sentence("Topik: {topic}")
PLACE = Sentence("Tempat: {place}")
URGENT = Sentence("Ditandai mendesak.")
OPEN_IT = Sentence("Buka: {link}")
MANY = Sentence("{count} kabar tentang {cases} laporan.")
MORE = Sentence("dan {count} lainnya.")
DIGEST = Sentence("Ringkasan {day}: {new} baru, {soon} segera jatuh tempo, {late} baru terlambat.")
NEW = Sentence("Laporan baru:")
SOON = Sentence("Segera jatuh tempo:")
LATE = Sentence("Baru terlambat:")
COMMENTED = Sentence("Ditanggapi pelapor:")
TRIAGE = Sentence("Menunggu instansi:")
ITEM = Sentence("{matter} ({due})")
SECRET_ITEM = Sentence("Laporan rahasia ({due})")
COUNTS = Sentence("Belum dijawab: {open}, di antaranya terlambat: {overdue}.")


@dataclass(frozen=True, slots=True)
class Names:
    """How agencies, topics, places and complaints are called in a message."""

    directory: Directory
    reader: Reader
    public_url: str

    def agency(self, code: str) -> str:
        unit = self.directory.units.get(code)
        return unit.name if unit else self.reader.agency_name(code)

    def link(self, tracking: int | None = None) -> str:
        """Where one signs in, never the complaint itself."""
        page = f"{self.public_url.rstrip('/')}/console/complaints"
        return f"{page}/{tracking}" if tracking else page

    def matter(self, category: str | None, place: str | None) -> Iterator[Sentence]:
        if category:
            yield replace(TOPIC, fields={"topic": self.reader.category_name(category)})
        if place:
            yield replace(PLACE, fields={"place": self.reader.place_name(place)})


@dataclass(frozen=True)
class Board:
    """The officers who are told, and who stands above whom."""

    officers: Sequence[Officer]
    names: Names

    def audience(self, event: Happened) -> list[Officer]:
        """Whom an event is told, each once, without whoever made it happen."""
        if event.kind not in TOLD or _told_elsewhere(event):
            return []
        found: dict[int, Officer] = {}
        for code in _desks(event):
            for to in TOLD[event.kind][0]:
                found |= {officer.key: officer for officer in self._meant(to, code, event)}
        return [officer for officer in found.values() if officer.name != event.actor]

    def _meant(self, to: To, code: str, event: Happened) -> Sequence[Officer]:
        match to:
            case To.DESK:
                if not code and event.kind in ALARMS:  # we ourselves are late
                    return self._national
                return self._nearest(self._chain(code), Role.LIAISON, Role.COORDINATOR)
            case To.COORDINATOR:
                _, *above = self._chain(code) or [""]
                found = self._nearest(above or self._chain(code), Role.COORDINATOR)
                return found or self._national
            case To.HOLDER:
                parent = self.names.directory.parent_of(code)
                if any(desk.agency == parent and desk.active for desk in event.desks):
                    return self._meant(To.DESK, parent, event)
        return self._national

    @cached_property
    def _national(self) -> list[Officer]:
        return [officer for officer in self.officers if officer.role == Role.NATIONAL]

    @cached_property
    def _by_agency(self) -> Mapping[str, list[Officer]]:
        found: dict[str, list[Officer]] = {}
        for officer in self.officers:
            found.setdefault(officer.agency, []).append(officer)
        return found

    def _nearest(self, agencies: Sequence[str], *roles: Role) -> list[Officer]:
        """The officers of such a role at the first of the agencies that has any."""
        each = (
            [officer for officer in self._by_agency.get(code, ()) if officer.role in roles]
            for code in agencies
        )
        return next(filter(None, each), [])

    def _chain(self, code: str) -> list[str]:
        """The agency and those above it; a circle of parents ends too."""
        chain: list[str] = []
        while code and code not in chain:
            chain.append(code)
            code = self.names.directory.parent_of(code)
        return chain

    def letter(self, events: Sequence[Happened], language: str) -> str:
        """One message about one complaint; its first line is the subject of a mail."""
        first = events[0]
        sentences = dict.fromkeys(self._said(event, language) for event in events)
        more = [] if _secret(first) else [*self.names.matter(first.category, first.place)]
        if first.urgent and not _secret(first):
            more.append(URGENT)
        more.append(replace(OPEN_IT, fields={"link": self.names.link(first.tracking)}))
        return "\n".join([*sentences, *(sentence.say(language) for sentence in more)])

    def summary(self, events: Sequence[Happened], language: str) -> str:
        """One message about many complaints."""
        said = dict.fromkeys(self._said(event, language) for event in events)
        cases = len({event.tracking for event in events})
        head = replace(MANY, fields={"count": len(events), "cases": cases})
        foot = replace(OPEN_IT, fields={"link": self.names.link()})
        return "\n".join([head.say(language), *listed(list(said), language), foot.say(language)])

    def _said(self, event: Happened, language: str) -> str:
        """A confidential complaint is only said to wait."""
        if _secret(event):
            return SECRET.say(language)
        agencies = ", ".join(self.names.agency(code) for code in _desks(event) if code)
        fields: dict[str, Part] = {
            "tracking": event.tracking,
            "agency": agencies or OFFICERS,
            "due": event.due,
            "count": str(event.detail.get("count", "")),
        }
        return replace(TOLD[event.kind][1], fields=fields).say(language)


def listed(lines: Sequence[str], language: str, *, total: int | None = None) -> list[str]:
    """The lines as a list, cut where nobody reads on; `total` counts those that are not here."""
    shown = [f"- {line}" for line in lines[:LONGEST_LIST]]
    left = (len(lines) if total is None else total) - len(shown)
    return [*shown, replace(MORE, fields={"count": left}).say(language)] if left else shown


def _secret(event: Happened) -> bool:
    return event.privacy == Privacy.CONFIDENTIAL


def _desks(event: Happened) -> list[str]:
    """The desk that the event names, else all that it is about; "" where none has the case.

    A desk from which the case was taken hears no more of it: a secret report may accuse it.
    """
    if event.acting:
        gone = event.acting in event.returned and event.kind != "returned"
        return [] if gone else [event.acting]
    if event.kind == "burst" and event.detail.get("agencies"):
        return [str(code) for code in event.detail["agencies"]]
    states = UNANSWERED if event.kind in ALARMS else UNANSWERED | {DeskState.ANSWERED}
    return [desk.agency for desk in event.desks if desk.state in states] or [""]


def _told_elsewhere(event: Happened) -> bool:
    """Of a flood of reports the head of the family is told, not each that joins it."""
    if event.kind == "linked":
        return event.actor == SYSTEM
    return event.kind == "disposed" and event.parent_agency == event.acting
