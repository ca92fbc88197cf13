"""`lapor outbox cost`: what replies cost, by channel and by complaint."""

from datetime import timedelta

import click

from gateway.cli.opening import opened
from gateway.cli.options import Age, Exemplary, as_json
from gateway.cli.rows import print_fields, print_json, print_table, rupiah
from gateway.runtime import Runtime
from store import costs
from store.costs import OfChannel, OfComplaints

COLUMNS = ("channel", "replies", "segments", "cost")


@click.command(
    "cost",
    cls=Exemplary,
    epilog="lapor {group} cost --since 7d\nlapor {group} cost --since 52w --json",
)
@click.option("--since", type=Age(), default="7d", show_default=True, metavar="AGE")
@as_json
def cost(*, since: timedelta, as_json: bool) -> None:
    """Replies, SMS segments and rupiah by channel, and what a complaint costs."""
    with opened() as rt:
        start = rt.now() - since
        with rt.reading() as session:
            channels = costs.by_channel(session, since=start)
            complaints = costs.by_complaint(session, since=start)
        if as_json:
            found = [_of_channel(rt, item) for item in channels]
            of_complaints = _of_complaints(rt, complaints)
            print_json({"since": start, "channels": found, "complaints": of_complaints})
            return
        print_table(COLUMNS, [_line(rt, item) for item in channels])
        print_fields(_words(rt, complaints), rt.settings.zone)


def _of_channel(rt: Runtime, item: OfChannel) -> dict[str, object]:
    return {
        "channel": item.channel,
        "replies": item.replies,
        "segments": item.segments,
        "cost": _price(rt, item.segments),
    }


def _of_complaints(rt: Runtime, found: OfComplaints) -> dict[str, object]:
    mean = found.segments / found.count if found.count else 0
    return {
        "count": found.count,
        "mean": {"segments": round(mean, 2), "cost": _price(rt, mean)},
        "costliest": {
            "tracking": found.costliest,
            "segments": found.most,
            "cost": _price(rt, found.most),
        },
    }


def _line(rt: Runtime, item: OfChannel) -> tuple[str, ...]:
    price = _price(rt, item.segments)
    money = "" if price is None else rupiah(price)
    return item.channel, str(item.replies), str(item.segments), money


def _words(rt: Runtime, found: OfComplaints) -> dict[str, object]:
    if not found.count:
        return {"complaints": "none with an SMS"}
    mean = found.segments / found.count
    return {
        "complaints with an SMS": found.count,
        "mean of them": _said(rt, mean),
        f"most, of {found.costliest}": _said(rt, found.most),
    }


def _said(rt: Runtime, segments: float) -> str:
    price = _price(rt, segments)
    return f"{segments:.3g} segments" + ("" if price is None else f", {rupiah(price)}")


def _price(rt: Runtime, segments: float) -> float | None:
    """None where no price is set: nothing is better than a wrong figure."""
    price = rt.settings.outbox.price_per_segment
    return round(segments * price, 2) if price else None
