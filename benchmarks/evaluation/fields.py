"""Kind, tracking numbers, private data, time and urgency, labelled in our own corpus only."""

from collections.abc import Iterator, Sequence

from benchmarks.evaluation.city import Sms
from benchmarks.evaluation.corpus import Case
from benchmarks.evaluation.metrics import Score, macro_f1, per_class, share, token_score
from benchmarks.evaluation.places import words_of
from benchmarks.evaluation.table import Aim, Row, Sheet, row, shown
from parsers.understanding import Kind, Understanding

Read = Sequence[tuple[Case, Understanding]]
Where = tuple[str, int, int]  # type, start, end
GROUP = "Kind, numbers, private data, time"


def kind_rows(on: str, answers: Read) -> list[Row]:
    pairs = [(case.kind.value, seen.kind.value) for case, seen in answers]
    macro = macro_f1(pairs)
    return [
        row(GROUP, "kind: accuracy", on, share(a == b for a, b in pairs)),
        Row(group=GROUP, what="kind: macro-F1", on=on, n=len(pairs), figure=macro),
    ]


def kind_sheet(answers: Read) -> Sheet:
    scores = per_class((case.kind.value, seen.kind.value) for case, seen in answers)
    return Sheet(
        title="Kind",
        heads=("kind", "n", "precision", "recall", "F1"),
        lines=[
            (name, f"{s.there:.0f}", shown(s.precision), shown(s.recall), shown(s.f1))
            for name, s in scores.items()
        ],
    )


def spam_rows(messages: Sequence[Sms], seen: Sequence[Understanding]) -> list[Row]:
    caught = [found.kind is Kind.SPAM for found in seen]
    pairs = list(zip(messages, caught, strict=True))
    group, on = GROUP, "real SMS"
    return [
        row(group, "fraud called spam", on, share(c for m, c in pairs if m.fraud)),
        row(group, "fraud and promotion called spam", on, share(c for m, c in pairs if m.spam)),
        row(
            group,
            "normal SMS called spam",
            on,
            share(c for m, c in pairs if not m.spam),
            Aim(0.02, at_most=True),
        ),
    ]


def private_rows(on: str, answers: Read) -> list[Row]:
    wanted = [_wanted(case) for case, _ in answers]
    found = [{(s.type, s.start, s.end) for s in seen.private} for _, seen in answers]
    both = sum(len(a & b) for a, b in zip(wanted, found, strict=True))
    score = Score(both, sum(map(len, found)), sum(map(len, wanted)))
    masked = share(
        any(start <= at < end for _, start, end in seen)
        for there, seen in zip(wanted, found, strict=True)
        for _, first, last in there
        for at in range(first, last)
    )
    return [
        Row(group=GROUP, what="private data: span F1", on=on, n=int(score.there), figure=score.f1),
        Row(group=GROUP, what="private data: span precision", on=on, figure=score.precision),
        Row(group=GROUP, what="private data: span recall", on=on, figure=score.recall),
        row(GROUP, "private characters that are masked", on, masked),
    ]


def private_sheet(answers: Read) -> Sheet:
    kinds = sorted({span.type for case, _ in answers for span in case.private})
    lines = []
    for kind in kinds:
        wanted = [{w for w in _wanted(case) if w[0] == kind} for case, _ in answers]
        found = [
            {(s.type, s.start, s.end) for s in u.private if s.type == kind} for _, u in answers
        ]
        both = sum(len(a & b) for a, b in zip(wanted, found, strict=True))
        s = Score(both, sum(map(len, found)), sum(map(len, wanted)))
        lines.append((kind, f"{s.there:.0f}", shown(s.precision), shown(s.recall), shown(s.f1)))
    return Sheet(
        title="Private data", heads=("type", "n", "precision", "recall", "F1"), lines=lines
    )


def _wanted(case: Case) -> set[Where]:
    return set(_located(case))


def _located(case: Case) -> Iterator[Where]:
    """Every place where a labelled piece stands in the text."""
    for piece in case.private:
        start = case.text.find(piece.text)
        while start >= 0:
            yield piece.type, start, start + len(piece.text)
            start = case.text.find(piece.text, start + len(piece.text))


def number_rows(on: str, answers: Read) -> list[Row]:
    told = [(case, seen) for case, seen in answers if case.tracking]
    none = [seen for case, seen in answers if not case.tracking]
    exact = share(set(case.tracking) == set(seen.tracking) for case, seen in told)
    false = share(bool(seen.tracking) for seen in none)
    return [
        row(GROUP, "tracking numbers: all right", on, exact),
        row(GROUP, "tracking numbers where there are none", on, false),
    ]


def when_rows(on: str, answers: Read) -> list[Row]:
    told = [(case, seen) for case, seen in answers if case.when]
    dated = [(case, seen) for case, seen in told if case.date]
    none = [seen for case, seen in answers if not case.when]
    words = token_score(
        (words_of(case.when or ""), words_of(seen.when[0] if seen.when else ""))
        for case, seen in told
    )
    right = share((seen.when or ("", None))[1] == case.date for case, seen in dated)
    false = share(bool(seen.when) for seen in none)
    return [
        row(GROUP, "time: found", on, share(bool(seen.when) for _, seen in told)),
        Row(group=GROUP, what="time: token F1", on=on, n=len(told), figure=words.f1),
        row(GROUP, "time: date right", on, right),
        row(GROUP, "time where there is none", on, false),
    ]


def flag_rows(on: str, answers: Read) -> list[Row]:
    """Urgent messages, and both topics of two complaints in one message."""
    score = _flags([(case.urgent, seen.urgent is not None) for case, seen in answers])
    return [
        Row(
            group=GROUP,
            what="urgent: precision",
            on=on,
            n=int(score.found),
            figure=score.precision,
        ),
        Row(group=GROUP, what="urgent: recall", on=on, n=int(score.there), figure=score.recall),
    ]


def _flags(pairs: Sequence[tuple[bool, bool]]) -> Score:
    return Score(sum(a and b for a, b in pairs), sum(b for _, b in pairs), sum(a for a, _ in pairs))


def two_rows(on: str, answers: Read) -> list[Row]:
    """Both topics must be among the three best, and neither alone may be `sure`."""
    two = [(case, seen) for case, seen in answers if case.two and len(case.topics) > 1]
    both = share(
        set(case.topics[:2]) <= {item.code for item in seen.categories[:3]} for case, seen in two
    )
    calm = share(not (seen.category and seen.category.sure) for _, seen in two)
    return [
        row(GROUP, "two complaints: both topics among three", on, both),
        row(GROUP, "two complaints: not `sure` of one", on, calm),
    ]
