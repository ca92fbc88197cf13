"""The section `families` of config.yaml."""

from datetime import timedelta

from pydantic import Field, PositiveFloat, PositiveInt

from bots.family_rules import BurstRules, FamilyRules
from gateway.channel_settings import Section
from parsers.likeness import Rules
from store.families.spots import load_spot_words

FARTHEST = 200  # metres: what lies within them is in a neighbouring cell of store.clues
MOST_BITS = 6  # that may differ: then two parts of eight are surely the same


class Families(Section):
    days: PositiveFloat
    open_days: PositiveFloat
    propose: float = Field(ge=0, le=100)
    near_metres: float = Field(gt=0, le=FARTHEST)
    photo_bits: int = Field(ge=0, le=MOST_BITS)
    burst_count: int = Field(ge=2)
    burst_minutes: PositiveFloat
    candidates: PositiveInt
    batch: PositiveInt

    @property
    def rules(self) -> FamilyRules:
        return FamilyRules(
            likeness=Rules(
                spots=load_spot_words(),
                propose=self.propose,
                near_metres=self.near_metres,
                photo_bits=self.photo_bits,
            ),
            within=timedelta(days=self.days),
            within_open=timedelta(days=max(self.days, self.open_days)),
            candidates=self.candidates,
            burst=BurstRules(count=self.burst_count, within=timedelta(minutes=self.burst_minutes)),
        )
