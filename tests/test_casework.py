"""Officers at work: deadlines, corrections, several agencies, and what they are refused."""

from collections.abc import Callable
from datetime import date

import pytest

from bots.casework import Casework
from bots.refusals import Refused
from gateway import jobs
from store import complaints
from store.agencies.access import BY_ROLE, LOCAL, Access
from store.agency_models import Role
from store.models import ArchiveReason, Complaint, Disposition, Event, OutboxLane, OutboxRow
from tests.harness import Gateway, envelope

ROAD = "Jalan rusak parah di Kec. Coblong Kota Bandung"
PU, DISHUB, PROVINCE = "DINAS_PUPR@32.73", "DISHUB@32.73", "DINAS_PUPR@32"
CITY, OTHER = "PEMKOT_3273", "PEMKOT_3578"
Act = Callable[[Casework], object]


def filed(gateway: Gateway, words: str = ROAD, **more: str) -> int:
    gateway.say(words, **more)
    return int(gateway.rows(Complaint)[-1].tracking)


def officer(gateway: Gateway, tracking: int, act: Act, access: Access = LOCAL) -> None:
    with gateway.rt.transaction() as session:
        act(Casework.of(session, gateway.rt.desk(), access, tracking))


def case(gateway: Gateway, tracking: int) -> Complaint:
    with gateway.rt.reading() as session:
        found = complaints.by_tracking(session, tracking)
        assert found is not None
        return found


def facts(gateway: Gateway, tracking: int) -> dict[str, object]:
    found = case(gateway, tracking)
    return {name: getattr(found, name) for name in Complaint.model_fields}


def kinds(gateway: Gateway) -> list[str]:
    return [event.kind for event in gateway.rows(Event)]


def notices(gateway: Gateway) -> list[str]:
    return [row.text for row in gateway.rows(OutboxRow) if row.lane == OutboxLane.NOTICE]


def test_the_clock_stands_still_while_the_reporter_is_asked(gateway: Gateway) -> None:
    # Friday 20 November 2026; a road needs an inspection, 60 working days: 6 up to the end of it,
    # 21 in December (24 cuti bersama, 25 Christmas), 19 in January (1 New Year, 5 Isra Mi'raj), and
    # 14 in February up to the 19th, for the 5th is cuti bersama of Imlek.
    tracking = filed(gateway)
    before = case(gateway, tracking).deadline
    gateway.clock.forward(days=3)  # Monday
    officer(gateway, tracking, lambda work: work.defer("Di mana tepatnya?", PU))
    gateway.clock.forward(days=4)  # Friday: four days, Tuesday to Friday, do not count
    gateway.say("depan masjid")
    found = case(gateway, tracking)
    assert (before, found.deadline) == (date(2027, 2, 19), date(2027, 2, 25))
    assert found.status == "in_progress"
    assert found.pauses == [["2026-11-23T05:00:05+00:00", "2026-11-27T05:00:05+00:00"]]


def test_another_class_counts_from_the_same_day_and_the_history_keeps_the_old(
    gateway: Gateway,
) -> None:
    tracking = filed(gateway)
    gateway.clock.forward(days=4)
    officer(gateway, tracking, lambda work: work.correct(kind="information_request"))
    found = case(gateway, tracking)
    assert (found.duty, found.deadline) == ("information", date(2026, 11, 27))
    moved = gateway.rows(Event)[-1]
    assert moved.kind == "reclassified"
    assert moved.detail["was"] == {"duty": "inspection", "deadline": "2027-02-19"}
    assert moved.detail["now"] == {"duty": "information", "deadline": "2026-11-27"}


def test_several_agencies_each_have_their_own_state(gateway: Gateway) -> None:
    tracking = filed(gateway)
    officer(gateway, tracking, lambda work: work.dispose(DISHUB, "rambu juga"))
    officer(gateway, tracking, lambda work: work.answer(PU, "Lubang ditutup."))
    assert case(gateway, tracking).status == "in_progress"
    assert "Instansi lain masih bekerja." in notices(gateway)[-1]
    officer(gateway, tracking, lambda work: work.answer(DISHUB, "Rambu dipasang."))
    assert case(gateway, tracking).status == "answered"
    states = {row.agency: row.state for row in gateway.rows(Disposition)}
    assert states == {PU: "answered", DISHUB: "answered"}


def test_a_unit_that_returns_a_case_gives_it_back_to_its_coordinator(gateway: Gateway) -> None:
    tracking = filed(gateway)
    officer(gateway, tracking, lambda work: work.dispose(CITY))
    officer(gateway, tracking, lambda work: work.give_back(PU, "bukan kami"))
    officer(gateway, tracking, lambda work: work.forward(CITY, DISHUB))
    officer(gateway, tracking, lambda work: work.give_back(DISHUB, "bukan kami"))
    states = {row.agency: row.state for row in gateway.rows(Disposition)}
    assert states == {PU: "returned", CITY: "waiting", DISHUB: "returned"}
    assert case(gateway, tracking).agency == CITY


@pytest.mark.parametrize(
    ("act", "says"),
    [
        (lambda work: work.answer(DISHUB, "Sudah."), "meja DISHUB@32.73 tidak ada"),
        (lambda work: work.answer(PU, "  "), "Jawaban tidak boleh kosong."),
        (lambda work: work.dispose("DINAS_PUPRR@32.73"), "maksud Anda DINAS_PUPR@32.73?"),
        (lambda work: work.dispose("DINAS_PUPR@99.99"), "tidak dikenal"),
        (lambda work: work.dispose(PU), "laporan ini terdisposisi"),
        (lambda work: work.dispose(DISHUB, deadline=date(2026, 11, 19)), "sudah lewat"),
        (lambda work: work.dispose(DISHUB, deadline=date(2028, 1, 1)), "melewati batas layanan"),
        (lambda work: work.forward(PU, DISHUB), "bukan unit di bawah DINAS_PUPR@32.73"),
        (lambda work: work.give_back(PU, ""), "Alasan tidak boleh kosong."),
        (lambda work: work.resume(), "Tidak bisa melanjutkan"),
        (lambda work: work.restore(), "Tidak bisa mengembalikan dari arsip"),
        (lambda work: work.correct(category="JALAN_RUSAKK"), "maksud Anda JALAN_RUSAK?"),
        (lambda work: work.correct(place="99"), "Wilayah 99 tidak dikenal."),
        (lambda work: work.correct(campaign="covid"), "Kampanye covid tidak dikenal."),
        (lambda work: work.correct(category="JALAN_RUSAK"), "Tidak ada yang berubah"),
    ],
)
def test_what_cannot_be_done_says_why_and_does_nothing(gateway: Gateway, act: Act, says) -> None:
    tracking = filed(gateway)
    before = facts(gateway, tracking), kinds(gateway), len(gateway.rows(OutboxRow))
    with pytest.raises(Refused) as refused:
        officer(gateway, tracking, act)
    assert says in refused.value.sentence.say()
    assert refused.value.sentence.say("en") != refused.value.sentence.say("id")
    after = facts(gateway, tracking), kinds(gateway), len(gateway.rows(OutboxRow))
    assert after == before


LIAISON = Access("Budi", PU, BY_ROLE[Role.LIAISON])
COORDINATOR = Access("Ani", CITY, BY_ROLE[Role.COORDINATOR])
STRANGER = Access("Cici", OTHER, BY_ROLE[Role.COORDINATOR])
MONITOR = Access("Dedi", "", BY_ROLE[Role.MONITOR])


@pytest.mark.parametrize(
    ("access", "act", "says"),
    [
        (STRANGER, lambda work: work.start(PU), "tidak ada, atau bukan untuk instansi Anda"),
        (LIAISON, lambda work: work.dispose(DISHUB), "tidak mengizinkan: triage"),
        (LIAISON, lambda work: work.answer(DISHUB, "x"), "tidak bertindak untuk DISHUB@32.73"),
        (MONITOR, lambda work: work.start(PU), "tidak mengizinkan: act"),
        (LIAISON, lambda work: work.start(PU), None),
        (COORDINATOR, lambda work: work.start(PU), None),
    ],
)
def test_who_may(gateway: Gateway, access: Access, act: Act, says: str | None) -> None:
    tracking = filed(gateway)
    if says is None:
        officer(gateway, tracking, act, access)
        assert case(gateway, tracking).status == "in_progress"
        return
    with pytest.raises(Refused) as refused:
        officer(gateway, tracking, act, access)
    assert says in refused.value.sentence.say()


def test_an_agency_cannot_archive_its_reopened_case_without_an_answer(gateway: Gateway) -> None:
    tracking = filed(gateway)
    officer(gateway, tracking, lambda work: work.answer(PU, "Sudah."))
    gateway.say(f"BELUM {tracking} masih rusak")
    with pytest.raises(Refused, match="jawab dulu"):
        officer(gateway, tracking, lambda w: w.archive(ArchiveReason.UNCLEAR), COORDINATOR)
    officer(gateway, tracking, lambda work: work.archive(ArchiveReason.UNCLEAR))
    assert case(gateway, tracking).status == "archived"


def test_a_reopened_case_gets_its_days_anew(gateway: Gateway) -> None:
    tracking = filed(gateway)
    officer(gateway, tracking, lambda work: work.correct(kind="information_request"))
    gateway.clock.forward(days=14)  # Friday 4 December, long after its 27 November
    officer(gateway, tracking, lambda work: work.answer(PU, "Sudah."))
    gateway.say(f"BELUM {tracking} masih rusak")
    found = case(gateway, tracking)
    assert (found.status, found.deadline, found.alarm) == ("in_progress", date(2026, 12, 11), 0)


def test_alarms_climb_one_step_at_a_time_and_never_twice(gateway: Gateway) -> None:
    tracking = filed(gateway)
    officer(gateway, tracking, lambda work: work.correct(kind="information_request"))
    # Due on Friday 27 November: warned on Thursday, overdue on Monday 30 November,
    # the coordinator after two working days more, 1708 after five.
    seen = []
    for _ in range(20):
        gateway.clock.forward(days=1)
        before = len(kinds(gateway))
        jobs.ring_alarms()
        jobs.ring_alarms()
        if new := kinds(gateway)[before:]:
            seen.append((gateway.clock.now.date().isoformat(), *new))
    assert seen == [
        ("2026-11-26", "due_soon"),
        ("2026-11-30", "overdue"),
        ("2026-12-02", "overdue_coordinator"),
        ("2026-12-07", "overdue_national"),
    ]
    assert sum("melewati batas waktu" in text for text in notices(gateway)) == 1


def test_nobody_is_warned_at_night_or_on_a_free_day(gateway: Gateway) -> None:
    tracking = filed(gateway)
    officer(gateway, tracking, lambda work: work.correct(kind="information_request"))
    gateway.clock.forward(days=8)  # Saturday 28 November, overdue
    jobs.ring_alarms()
    gateway.clock.forward(days=1, hours=13)  # Monday, one o'clock in the night
    jobs.ring_alarms()
    assert "overdue" not in kinds(gateway)
    gateway.clock.forward(hours=7)
    jobs.ring_alarms()
    assert "overdue" in kinds(gateway)


def test_the_members_of_a_family_hear_the_answer_of_its_head(gateway: Gateway) -> None:
    head = filed(gateway)
    member = filed(gateway, "jln rusak bgt di coblong kota bandung", sender="+6281200000002")
    with gateway.rt.transaction() as session:
        child, parent = (complaints.by_tracking(session, n) for n in (member, head))
        assert child is not None
        assert parent is not None
        child.parent_id = parent.id
    officer(gateway, head, lambda work: work.answer(PU, "Sudah kami tambal."))
    for _ in range(2):
        jobs.follow_families()
    assert case(gateway, member).status == "answered"
    answered = [event for event in gateway.rows(Event) if event.kind == "answered"]
    assert [event.detail.get("of") for event in answered] == [None, head]
    told = [row for row in gateway.rows(OutboxRow) if "Sudah kami tambal." in row.text]
    assert {
        (row.recipient, str(n) in row.text) for row, n in zip(told, (head, member), strict=True)
    }
    assert [row.recipient for row in told] == ["+6281200000001", "+6281200000002"]
    assert str(member) in told[1].text
    assert str(head) not in told[1].text


def test_a_secret_wish_is_kept_whatever_became_of_the_case(gateway: Gateway) -> None:
    """The words name the office, so it is taken away; the second time nobody has it."""
    tracking = filed(gateway, "Dinas PU Kota Bandung membiarkan jalan rusak parah di Kec. Coblong")
    for _ in range(2):
        gateway.say("RAHASIA")
        found = case(gateway, tracking)
        assert (found.privacy, found.agency, found.status) == ("rahasia", None, "triage")


def test_an_escalated_case_is_closed_by_no_old_answer(gateway: Gateway) -> None:
    tracking = filed(gateway)
    for _ in range(3):
        officer(gateway, tracking, lambda work: work.answer(PU, "Sudah."))
        gateway.say(f"BELUM {tracking} masih rusak")
    assert case(gateway, tracking).status == "triage"
    gateway.clock.forward(days=30)
    officer(gateway, tracking, lambda work: work.defer("Apa yang belum?"))
    gateway.say("lubangnya di tengah")
    jobs.close_unanswered()
    assert case(gateway, tracking).status == "triage"


def test_of_two_answers_within_a_minute_both_are_told(gateway: Gateway) -> None:
    tracking = filed(gateway)
    officer(gateway, tracking, lambda work: work.dispose(DISHUB))
    officer(gateway, tracking, lambda work: work.answer(PU, "Lubang ditutup."))
    officer(gateway, tracking, lambda work: work.answer(DISHUB, "Rambu dipasang."))
    [waiting] = [row for row in gateway.rows(OutboxRow) if row.status == "queued"]
    assert "Lubang ditutup." in waiting.text
    assert "Rambu dipasang." in waiting.text


def test_a_question_of_one_of_several_agencies_is_answered(gateway: Gateway) -> None:
    tracking = filed(gateway)
    officer(gateway, tracking, lambda work: work.dispose(DISHUB))
    officer(gateway, tracking, lambda work: work.defer("Di mana tepatnya?", PU))
    assert case(gateway, tracking).status == "in_progress"
    gateway.say("depan masjid")
    states = {row.agency: row.state for row in gateway.rows(Disposition)}
    assert states == {PU: "working", DISHUB: "waiting"}
    assert len(gateway.rows(Complaint)) == 1


def test_when_the_last_agency_returns_a_case_its_reporter_is_asked(gateway: Gateway) -> None:
    tracking = filed(gateway)
    officer(gateway, tracking, lambda work: work.dispose(DISHUB))
    officer(gateway, tracking, lambda work: work.answer(PU, "Lubang ditutup."))
    gateway.clock.forward(days=40)
    officer(gateway, tracking, lambda work: work.give_back(DISHUB, "bukan kami"))
    jobs.close_unanswered()
    assert case(gateway, tracking).status == "answered"
    assert "Apakah Anda puas" in notices(gateway)[-1]


@pytest.mark.parametrize(
    ("said", "privacy"),
    [((), "rahasia"), (("TERBUKA",), "public"), (("RAHASIA", "TERBUKA"), "public")],
)
@pytest.mark.parametrize("first", [True, False], ids=["before", "after"])
def test_a_correction_to_a_delicate_topic_hides_it_unless_its_reporter_spoke(
    gateway: Gateway, said: tuple[str, ...], privacy: str, first: bool
) -> None:
    for words in said if first else ():
        gateway.say(words)
    tracking = filed(gateway)
    for words in () if first else said:
        gateway.say(words)
    for category in ("PUNGLI", "NARKOBA"):
        officer(gateway, tracking, lambda work, code=category: work.correct(category=code))
    assert case(gateway, tracking).privacy == privacy


HALVES = (
    "(1/2) pelayanan KTP di Disdukcapil Kota Bandung lama sekali",
    "(2/2) petugasnya minta uang pungli korupsi suap 200 ribu",
)


@pytest.mark.parametrize("said", [HALVES, (*HALVES, "RAHASIA"), (HALVES[0], "RAHASIA")])
def test_what_becomes_secret_in_one_batch_leaves_the_office_it_accuses(
    gateway: Gateway, said: tuple[str, ...]
) -> None:
    """The desk was given a moment ago, in the same transaction."""
    for number, words in enumerate(said):
        gateway.rt.accept(envelope(f"half-{number}", text=words))
    jobs.drain_live()
    (found,) = gateway.rows(Complaint)
    assert (found.privacy, found.agency, found.status) == ("rahasia", None, "triage")
    assert {(row.agency, row.state) for row in gateway.rows(Disposition)} == {
        ("DISDUKCAPIL@32.73", "returned")
    }


def test_nobody_decides_about_the_desk_of_another(gateway: Gateway) -> None:
    tracking = filed(gateway)
    officer(gateway, tracking, lambda work: work.dispose("DISHUB@35.78"))
    for act in (
        lambda work: work.archive(ArchiveReason.UNCLEAR),
        lambda work: work.correct(category="PJU"),
        lambda work: work.dispose("DINAS_PUPR@35.78"),
    ):
        with pytest.raises(Refused, match=r"tidak bertindak untuk"):
            officer(gateway, tracking, act, COORDINATOR)
