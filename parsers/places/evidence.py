"""How much one mention tells for one region (the numbers stand in weights.py)."""

from dataclasses import dataclass

from parsers.places.weights import PlaceWeights
from parsers.places.words import (
    DISTRICT,
    PROVINCE,
    REGENCY,
    VILLAGE,
    Common,
    Manner,
    Mention,
    level_of,
)


@dataclass(frozen=True, slots=True)
class Weigher:
    weights: PlaceWeights

    def anywhere(self, mention: Mention, code: str) -> float:
        """How likely the mention means this region while nothing else is known."""
        weights, level = self.weights, level_of(code)
        if (certain := self._certain(mention, level)) is not None:
            small = level in {DISTRICT, VILLAGE} and mention.words == 1
            word = small and mention.common is Common.EVERYDAY
            certain *= weights.mixed if mention.mixed else 1.0
            return certain * (weights.everyday if word else 1.0)
        weight = {
            PROVINCE: weights.province,
            REGENCY: weights.regency,
            DISTRICT: weights.district,
            VILLAGE: weights.village,
        }[level]
        if level == DISTRICT and len(mention.codes) > 3:
            weight *= (weights.many + 3) / (weights.many + len(mention.codes))
        weight *= self._reading(mention, code)
        weight += weights.located if mention.manner in {Manner.LOCATED, Manner.NAMED} else 0.0
        street = weights.street if len(code) > 5 else weights.far_street
        weight *= self._manner(mention, street)
        large = level in {PROVINCE, REGENCY} and mention.common < Common.EVERYDAY
        return weight * (mention.quality if large else self._common(mention))

    def inside(self, mention: Mention, code: str) -> float:
        """How likely the mention means this region once its kabupaten/kota is known."""
        weights, level = self.weights, level_of(code)
        if (certain := self._certain(mention, level)) is not None:
            return certain
        weight = weights.inside_district if level == DISTRICT else weights.inside_village
        if mention.manner is Manner.STREET:
            weight = weights.inside_street
        weight *= self._reading(mention, code) * self._manner(mention, 1.0)
        word = weights.inside_word if mention.common >= Common.WORD else 1.0
        return weight * mention.quality * word

    def _certain(self, mention: Mention, level: str) -> float | None:
        """The weight where the manner says it all: pins, cues and postcodes."""
        weights, cued = self.weights, mention.manner is Manner.CUED
        if mention.manner is Manner.PIN:
            return weights.pin * (mention.quality if level == VILLAGE else 1.0)
        if mention.postcode:
            return weights.postcode_cued if cued else weights.postcode
        if mention.manner is Manner.CHAINED:
            below = len(mention.codes[0]) == 8 and level == VILLAGE
            return weights.cued * mention.quality * (weights.below_district if below else 1.0)
        if not cued:
            return None
        if level == mention.cue:
            cued_weight = weights.cued_regency if level == REGENCY else weights.cued
            return cued_weight * mention.quality
        return weights.miscued * self._common(mention)

    def _reading(self, mention: Mention, code: str) -> float:
        """A name that is a city and a village is the city, unless something says otherwise."""
        shortest = len(mention.codes[0])
        if len(code) <= max(shortest, 5):
            return self.weights.like_province if shortest < len(code) else 1.0
        return self.weights.below_district if shortest == 8 else self.weights.lower_reading

    def _manner(self, mention: Mention, street: float) -> float:
        weights = self.weights
        match mention.manner:
            case Manner.STREET:
                return street
            case Manner.TOWARDS:
                return weights.towards
            case Manner.TAIL:
                return weights.tail
            case Manner.OTHER:
                return weights.other
        return 1.0

    def _common(self, mention: Mention) -> float:
        weights = self.weights
        bare = mention.words == 1 and mention.manner not in {Manner.NAMED, Manner.STREET}
        word = weights.dictionary if bare else weights.phrase
        derived = weights.derived if bare else 1.0
        return mention.quality * (1.0, derived, word, weights.everyday)[mention.common]
