"""The section `learning` of config.yaml."""

from pydantic import Field, PositiveInt

from gateway.channel_settings import Section


class Learning(Section):
    nightly: bool
    at_hour: int = Field(ge=0, le=23)
    fewest: PositiveInt
