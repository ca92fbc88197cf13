"""The section `api` of config.yaml."""

from pydantic import PositiveFloat, PositiveInt

from gateway.channel_settings import Section


class Api(Section):
    requests_per_minute: PositiveInt
    own_limits: dict[str, PositiveInt]
    strangers_per_minute: PositiveInt
    require_if_match: bool
    idempotency_hours: PositiveFloat
