"""The matchers of one catalogue together, and what a learned model gets to see of a text."""

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass

from parsers.agency import AgencyMatcher
from parsers.features import PLACE, Seen
from parsers.match import CategoryMatcher, Words
from parsers.phrases import Reading
from parsers.text import Token

Shares = Mapping[str, float]  # probability of each code
Cold = Mapping[str, Shares]  # by field, `category` or `agency`
NONE: Shares = {}


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
    """Looks at a text for a model: with the national catalogue, which knows many words."""

    own: Matchers
    national: Matchers

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
        seen = Seen(
            spelt=[token.norm for token in tokens],
            words=[PLACE if at in named else w for at, parts in enumerate(words) for w in parts],
            telling=theirs.words,
            roots=theirs.stems,
            national=_flat({"category": opinions}),
            own=_flat(cold) if self.national is not self.own else {},
        )
        return seen, cold


def _flat(cold: Cold) -> dict[str, float]:
    return {
        f"{name} {code}": part for name, shares in cold.items() for code, part in shares.items()
    }
