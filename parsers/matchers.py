"""The matchers of one catalogue together, and what a learned model gets to see of a text."""

import math
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, replace

from parsers.agency import AgencyMatcher
from parsers.features import PLACE, Seen
from parsers.learned import Model, Verdict
from parsers.match import CategoryMatcher, Words
from parsers.phrases import Reading
from parsers.text import Token

Shares = Mapping[str, float]  # probability of each code
Cold = Mapping[str, Shares]  # by field, `category` or `agency`
NONE: Shares = {}
ADVISED = ("category", "agency")  # fields that the national model is asked about


@dataclass(frozen=True, slots=True)
class Matchers:
    """All that reads a text by one catalogue alone."""

    words: Words
    categories: CategoryMatcher
    agencies: AgencyMatcher

    def think(self, reading: Reading, shares: Shares) -> Cold:
        """Whatever the place: a model learns what is so everywhere in its deployment."""
        desks = self.agencies.desks(reading, shares, "")
        return {"category": shares, "agency": {code: desk.share for code, desk in desks.items()}}


@dataclass(frozen=True, slots=True)
class Witness:
    """Looks at a text for a model: with the national catalogue, which knows many words.

    `mentor` is what was learnt of that catalogue: it helps a city that has few examples.
    """

    own: Matchers
    national: Matchers
    mentor: Model | None = None

    def see(
        self,
        tokens: Sequence[Token],
        words: Sequence[tuple[str, ...]],
        named: Set[int],
        reading: Reading,
        shares: Shares,
    ) -> tuple[Seen, Cold]:
        """`named` tokens name a place; the last three and `words` are of the own catalogue."""
        cold = self.own.think(reading, shares)
        theirs, opinions = reading, NONE
        if self.national is not self.own:
            words = self.national.words.normaliser(tokens)
            theirs = self.national.words.read(words, named)
            opinions = self.national.categories.shares(theirs)[0]
        # A landmark (`dekat jembatan`) says where, as a name does, and not what.
        where = named | {theirs.tokens[at] for at in theirs.landmarks}
        what = [at for at in range(len(theirs.words)) if at not in theirs.landmarks]
        seen = Seen(
            spelt=[token.norm for token in tokens],
            words=[PLACE if at in where else w for at, parts in enumerate(words) for w in parts],
            telling=[theirs.words[at] for at in what],
            roots=[theirs.stems[at] for at in what],
            national=_flat({"category": opinions}),
            own=_flat(cold) if self.national is not self.own else {},
            advice=NONE,
        )
        if self.mentor:
            verdicts = self.mentor.judge(seen, {"category": opinions}, {})
            seen = replace(seen, advice=_advice(verdicts))
        return seen, cold


def _advice(verdicts: Mapping[str, Verdict]) -> Shares:
    """Roots of the chances: what is unlikely nationwide may be what this city calls something."""
    told = {name: verdicts[name].shares for name in ADVISED if name in verdicts}
    return {name: math.sqrt(share) for name, share in _flat(told).items()}


def _flat(cold: Cold) -> dict[str, float]:
    return {
        f"{name} {code}": part for name, shares in cold.items() for code, part in shares.items()
    }
