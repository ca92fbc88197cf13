"""Comparing complaints in the background: in parts, so that nobody waits for the database."""

from functools import lru_cache
from time import monotonic

from bots.families import relate
from bots.sketch import Sketcher, sketcher
from gateway.runtime import Runtime
from parsers.places.gazetteer import Gazetteer
from parsers.understand import Understander
from store.families.spots import load_spot_words


def relate_new(rt: Runtime, *, until: float) -> int:
    """Compare what is new or changed; returns how many complaints.

    `until` is a time.monotonic() after which no new part is begun.
    """
    settings, compared = rt.settings.families, 0
    sketches, rules = sketches_of(rt), settings.rules
    while monotonic() < until:
        done = rt.unit(
            lambda session: relate(session, sketches, rules, now=rt.now(), limit=settings.batch)
        )
        compared += done
        if done == 0:
            break
    return compared


def sketches_of(rt: Runtime) -> Sketcher:
    return _sketcher(rt.reader.understander, rt.reader.gazetteer)


@lru_cache(maxsize=1)
def _sketcher(understander: Understander, gazetteer: Gazetteer) -> Sketcher:
    """One for each reader: it remembers the words of the last texts."""
    return sketcher(understander, gazetteer, load_spot_words())
