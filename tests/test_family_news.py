"""What the reporters of a family hear: all of it, under their own numbers, once."""

from pathlib import Path

import pytest
from click.testing import CliRunner
from sqlalchemy import event as sa_event
from sqlmodel import Session

from bots import following
from gateway import jobs
from gateway.cli import cli
from store import complaints
from store.families import families
from store.models import ArchiveReason, Complaint, OutboxLane, OutboxRow, OutboxStatus
from tests import api
from tests.complaints import complaint, keep
from tests.harness import Gateway, at_once
from tests.test_casework import DISHUB, PU, Act, officer

HEAD, FIRST, SECOND = ("+6281200000001", "+6281200000002", "+6281200000003")
DO: dict[str, Act] = {
    "dispose": lambda work: work.dispose(DISHUB),
    "return": lambda work: work.give_back(PU, "bukan kami"),
    "start": lambda work: work.start(PU),
    "defer": lambda work: work.defer("Bu Sari, di depan rumah nomor berapa?", PU),
    "triage": lambda work: work.defer("Ibu Sari, alamat Ibu di mana?"),
    "resume": lambda work: work.resume(),
    "answer": lambda work: work.answer(PU, "Sudah kami tambal."),
    "another answer": lambda work: work.answer(DISHUB, "Rambu dipasang."),
}


def filed(gateway: Gateway, sender: str) -> int:
    return int(api.filed(gateway, sender=sender).tracking)


def link(gateway: Gateway, member: int, head: int) -> None:
    with gateway.rt.transaction() as session:
        pair = [complaints.by_tracking(session, number) for number in (member, head)]
        child, parent = pair
        assert child is not None
        assert parent is not None
        families.link(session, child, parent, actor="rina", now=gateway.clock.now)


def family(gateway: Gateway, *members: str) -> list[int]:
    """The head and its members, by their numbers; what is told of the filing is gone."""
    head, *others = numbers = [filed(gateway, sender) for sender in (HEAD, *members)]
    for number in others:
        link(gateway, number, head)
    follow()
    return numbers


def found(gateway: Gateway, number: int) -> Complaint:
    with gateway.rt.reading() as session:
        row = complaints.by_tracking(session, number)
    assert row is not None
    return row


def follow() -> None:
    for _ in range(2):
        jobs.follow_families()


def news(gateway: Gateway, sender: str) -> list[str]:
    """What this person was told unasked since the last look."""
    gateway.clock.forward(minutes=10)
    jobs.deliver()
    seen: set[int] = vars(gateway).setdefault("seen", set())
    found = [row for row in notices(gateway, sender) if row.id not in seen]
    seen |= {row.id for row in found}
    return [row.text for row in found]


def notices(gateway: Gateway, *people: str) -> list[OutboxRow]:
    """Those that were not taken over by a newer one."""
    found = [row for row in gateway.rows(OutboxRow) if row.lane == OutboxLane.NOTICE]
    found = [row for row in found if row.status != OutboxStatus.CANCELLED]
    return [row for person in people for row in found if row.recipient == person]


@pytest.mark.parametrize(
    ("done", "heard"),
    [
        (
            ["dispose"],
            "Laporan {N} dan laporan lain tentang hal yang sama kini ditangani Dinas Perhubungan"
            " Kota Bandung.",
        ),
        (
            ["return"],
            "Hal yang Anda laporkan ({N}) menurut laporan lain bukan wewenang Dinas PU Kota"
            " Bandung. Petugas 1708 mencari instansi yang tepat.",
        ),
        (
            ["start"],
            "Dinas PU Kota Bandung mulai mengerjakan hal yang Anda laporkan ({N}), bersama laporan"
            " lain.",
        ),
        (
            ["start", "defer"],
            "Dinas PU Kota Bandung menunggu keterangan pelapor lain tentang hal yang Anda laporkan"
            " ({N}). Tahu lebih banyak? BALAS {N} keterangan",
        ),
        (
            ["return", "triage"],
            "Kami menunggu keterangan pelapor lain tentang hal yang Anda laporkan ({N})."
            " Tahu lebih banyak? BALAS {N} keterangan",
        ),
        (
            ["defer", "resume"],
            "Hal yang Anda laporkan ({N}) dikerjakan lagi, bersama laporan lain.",
        ),
        (
            ["answer"],
            "Laporan {N} dijawab Dinas PU Kota Bandung: Sudah kami tambal. Apakah Anda puas dengan"
            " jawaban atas laporan {N}?",
        ),
        (
            ["dispose", "answer"],
            "Laporan {N} dan laporan lain tentang hal yang sama kini ditangani Dinas Perhubungan"
            " Kota Bandung.\nLaporan lain tentang hal yang Anda laporkan ({N}) dijawab Dinas PU"
            " Kota Bandung: Sudah kami tambal.",
        ),
    ],
)
def test_a_member_hears_how_far_it_is_under_its_own_number(
    gateway: Gateway, done: list[str], heard: str
) -> None:
    head, member = family(gateway, FIRST)
    for step in done:
        officer(gateway, head, DO[step])
        follow()
    assert news(gateway, FIRST) == [heard.format(N=member)]
    everything = " ".join(row.text for row in gateway.rows(OutboxRow) if row.recipient == FIRST)
    assert str(head) not in everything
    assert "Sari" not in everything


def test_when_the_last_of_several_agencies_returns_the_members_have_the_answer_too(
    gateway: Gateway,
) -> None:
    head, member = family(gateway, FIRST)
    for step in ("dispose", "answer"):
        officer(gateway, head, DO[step])
        follow()
    assert found(gateway, member).status == "disposed"
    officer(gateway, head, lambda work: work.give_back(DISHUB, "bukan kami"))
    follow()
    assert found(gateway, member).status == "answered"
    [told] = news(gateway, FIRST)
    assert told.count("Sudah kami tambal.") == 1
    assert "Apakah Anda puas" in told


def test_a_member_that_was_asked_itself_has_the_answer_too(gateway: Gateway) -> None:
    head, member = family(gateway, FIRST)
    officer(gateway, member, DO["defer"])
    officer(gateway, head, DO["answer"])
    follow()
    assert found(gateway, member).status == "answered"


def test_of_two_agencies_that_answer_each_answer_is_told_once(gateway: Gateway) -> None:
    head, member = family(gateway, FIRST)
    officer(gateway, head, DO["dispose"])
    officer(gateway, head, DO["answer"])
    follow()
    assert "Sudah kami tambal." in news(gateway, FIRST)[0]
    assert found(gateway, member).status == "disposed"
    officer(gateway, head, DO["another answer"])
    follow()
    assert news(gateway, FIRST) == [
        f"Laporan {member} dijawab Dinas Perhubungan Kota Bandung: Rambu dipasang. "
        f"Apakah Anda puas dengan jawaban atas laporan {member}?"
    ]
    assert found(gateway, member).status == "answered"


def test_what_the_heads_reporter_says_of_the_answer_is_no_judgment_of_the_others(
    gateway: Gateway,
) -> None:
    head, member = family(gateway, FIRST)
    officer(gateway, head, DO["answer"])
    follow()
    news(gateway, FIRST)
    gateway.say(f"BELUM {head} masih rusak")
    follow()
    [told] = news(gateway, FIRST)
    assert told == (
        f"Menurut pelapor lain, hal yang Anda laporkan ({member}) belum selesai. "
        f"Laporannya dibuka lagi. Anda juga? BELUM {member}"
    )
    officer(gateway, head, lambda work: work.answer(PU, "Kini diaspal."))
    follow()
    [told] = news(gateway, FIRST)
    assert "Kini diaspal." in told
    assert found(gateway, member).status == "answered"
    gateway.say(f"PUAS {head}")
    follow()
    assert news(gateway, FIRST) == []
    assert found(gateway, member).status == "answered"


def test_who_reopened_gets_no_old_answer_and_who_is_content_is_left_in_peace(
    gateway: Gateway,
) -> None:
    head, member, other = family(gateway, FIRST, SECOND)
    officer(gateway, head, DO["answer"])
    follow()
    gateway.say(f"BELUM {member} masih rusak", sender=FIRST)
    gateway.say(f"PUAS {other}", sender=SECOND)
    news(gateway, FIRST), news(gateway, SECOND)
    gateway.say(f"BELUM {head} masih rusak")
    officer(gateway, head, lambda work: work.answer(PU, "Kini diaspal."))
    follow()
    assert "Kini diaspal." in news(gateway, FIRST)[0]
    assert found(gateway, member).status == "answered"
    assert news(gateway, SECOND) == []
    assert found(gateway, other).status == "closed"


def test_who_joins_late_hears_the_present_state_and_nothing_before_it(gateway: Gateway) -> None:
    head, _ = family(gateway, FIRST)
    officer(gateway, head, DO["start"])
    officer(gateway, head, DO["defer"])
    officer(gateway, head, DO["resume"])
    late = filed(gateway, SECOND)
    link(gateway, late, head)
    follow()
    assert news(gateway, SECOND) == [
        f"Laporan {late} ditangani bersama laporan lain tentang hal yang sama. "
        f"Hal yang Anda laporkan ({late}) dikerjakan lagi, bersama laporan lain."
    ]


def test_who_joins_an_answered_case_is_answered(gateway: Gateway) -> None:
    head = filed(gateway, HEAD)
    officer(gateway, head, DO["answer"])
    late = filed(gateway, FIRST)
    link(gateway, late, head)
    follow()
    assert "Sudah kami tambal." in news(gateway, FIRST)[0]
    assert found(gateway, late).status == "answered"


def test_who_joins_a_former_member_has_the_answer_that_it_got_as_one(gateway: Gateway) -> None:
    head, member = family(gateway, FIRST)
    officer(gateway, head, DO["answer"])
    follow()
    gateway.say(f"BATAL {head}")
    late = filed(gateway, SECOND)
    link(gateway, late, member)
    follow()
    assert found(gateway, late).status == "answered"
    assert "Sudah kami tambal." in news(gateway, SECOND)[0]


@pytest.mark.parametrize("way", ["archive", "withdraw", "secret", "unlink"])
@pytest.mark.parametrize("told_before", [True, False])
def test_when_the_head_goes_its_members_go_on_and_never_hear_why(
    gateway: Gateway, way: str, *, told_before: bool
) -> None:
    head, member, other = family(gateway, FIRST, SECOND)
    if told_before:
        officer(gateway, head, DO["start"])
        follow()
        assert len(news(gateway, FIRST)) == 1
        news(gateway, SECOND)
    match way:
        case "archive":
            officer(gateway, head, lambda work: work.archive(ArchiveReason.ABUSIVE, "Kasar."))
        case "withdraw":
            gateway.say(f"BATAL {head}")
        case "secret":
            gateway.say(f"RAHASIA {head}")
        case "unlink":
            with gateway.rt.transaction() as session:
                for number in (member, other):
                    row = complaints.by_tracking(session, number)
                    assert row is not None
                    families.unlink(session, row, actor="rina", now=gateway.clock.now)
    follow()
    for sender, number in ((FIRST, member), (SECOND, other)):
        apart = (
            f"Laporan {number} kini ditangani terpisah dari laporan lain dan tetap terbuka. "
            f"Cek: STATUS {number}"
        )
        assert news(gateway, sender) == ([apart] if told_before else [])
        assert found(gateway, number).status == "disposed"
    heir = None if way == "unlink" else found(gateway, member).id
    assert found(gateway, other).parent_id == heir
    if heir:
        officer(gateway, member, DO["start"])
        follow()
        assert "mulai mengerjakan" in news(gateway, SECOND)[0]


def test_stop_and_language_hold_for_news_of_others(gateway: Gateway) -> None:
    head, _, member = family(gateway, FIRST, SECOND)
    gateway.say("STOP", sender=FIRST)
    gateway.say("BAHASA EN", sender=SECOND)
    officer(gateway, head, DO["start"])
    follow()
    assert news(gateway, FIRST) == []
    assert news(gateway, SECOND) == [
        f"Dinas PU Kota Bandung has begun to work on what you reported ({member}), together with "
        "other reports."
    ]


def test_news_of_others_wait_for_the_morning_and_only_the_newest_is_said(gateway: Gateway) -> None:
    head, member = family(gateway, FIRST)
    gateway.clock.forward(hours=10)  # 22:00 WIB
    for step in ("start", "defer", "resume"):
        officer(gateway, head, DO[step])
        follow()
    [row] = notices(gateway, FIRST)
    assert row.text == f"Hal yang Anda laporkan ({member}) dikerjakan lagi, bersama laporan lain."
    assert row.due_at.hour == 0  # UTC: seven in the morning


def test_many_are_told_one_by_one_and_once_whoever_is_killed_or_at_work(
    gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    people = [f"+62812000001{number:02}" for number in range(30)]
    head, *members = family(gateway, *people)
    officer(gateway, head, DO["start"])
    tell, told = following.tell_member, []

    def killed(*given: object, **more: object) -> None:
        tell(*given, **more)  # type: ignore[arg-type]
        told.append(given)
        if len(told) == 7:
            raise KeyboardInterrupt

    monkeypatch.setattr(following, "tell_member", killed)
    with pytest.raises(KeyboardInterrupt):
        jobs.follow_families()
    assert len(notices(gateway, *people)) == 6, "each is kept as soon as it is told"
    at_once(3, lambda _: jobs.follow_families())
    follow()
    texts = [row.text for row in notices(gateway, *people)]
    assert len(texts) == len(members)
    assert all(str(number) in text for number, text in zip(members, texts, strict=True))
    assert [row.untold for row in gateway.rows(Complaint)] == [False] * 31


def test_nobody_holds_two_cases_while_members_are_told(gateway: Gateway) -> None:
    head, *_ = family(gateway, FIRST, SECOND)
    officer(gateway, head, DO["answer"])
    touched: list[int] = []

    def count(session: object, *_: object) -> None:
        changed = [row for row in session.dirty if isinstance(row, Complaint)]  # type: ignore[attr-defined]
        touched.append(len(changed))

    sa_event.listen(Session, "before_flush", count)
    jobs.follow_families()
    sa_event.remove(Session, "before_flush", count)
    assert max(touched) == 1


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("Laporan 1000001 selesai.", "Laporan 1000002 selesai."),
        ("Kami menelepon 021-5551000 tadi.", "Kami menelepon *** tadi."),
        ("Kami sudah menelepon 0812-0000-1234.", "Kami sudah menelepon ***."),
        ("NIK 3273014101900001 sudah aktif.", "NIK *** sudah aktif."),
        ("Atas nama Siti Karangan sudah dibayar.", "Atas nama *** sudah dibayar."),
        (
            "Lubang di Jalan Mawar ditutup 20 November.",
            "Lubang di Jalan Mawar ditutup 20 November.",
        ),
    ],
)
def test_an_answer_to_one_is_told_to_others_without_what_is_private(text: str, told: str) -> None:
    head, member = Complaint(tracking=1000001), Complaint(tracking=1000002)
    assert following.own_words(text, head, member) == told


def test_an_answer_that_comes_by_a_file_reaches_the_members_and_a_link_is_told_to_nobody(
    gateway: Gateway, environ: dict[str, str], tmp_path: Path
) -> None:
    keep(gateway.rt, complaint(tracking=9600001, agency=PU, status="in_progress"))
    keep(gateway.rt, complaint(tracking=9600002, agency=PU, status="in_progress"))
    member = filed(gateway, FIRST)
    link(gateway, member, 9600001)
    told = [
        "tracking,status,agency,answered_at,parent",
        f"9600001,answered,{PU},2026-11-19T10:00:00+07:00,",
        f"9600002,in_progress,{PU},,9600001",
    ]
    file = tmp_path / "in.csv"
    file.write_text("\n".join(told) + "\n")
    result = CliRunner().invoke(cli, ["import", str(file)], env=environ)
    assert result.exit_code == 0, result.output
    assert found(gateway, 9600002).parent_id == found(gateway, 9600001).id
    assert not found(gateway, 9600002).untold
    follow()
    assert found(gateway, member).status == "answered"
    assert "dijawab Dinas PU Kota Bandung" in news(gateway, FIRST)[0]
