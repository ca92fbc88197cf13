"""Values as they stand in queries and bodies: exactly what the OpenAPI document says, no more."""

import re
from datetime import UTC, date, datetime
from typing import Annotated

from pydantic import AfterValidator, AwareDatetime, BeforeValidator, Field, StringConstraints

from gateway.api import faults
from gateway.api.faults import Unfit

MOMENT = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?"
    r"([Zz]|[+-][0-9]{2}:[0-9]{2})"
)
DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
WHOLE = re.compile(r"-?[0-9]{1,18}")
FIRST = datetime(1, 1, 1, tzinfo=UTC)
LAST = datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)
LARGEST_ID = 10**18 - 1
LARGEST_TRACKING = 2**31 - 1  # that the column can hold
NO_NUL = r"^[^\x00]*$"
SAID = r"^[^\x00]*[^\s\x00][^\x00]*$"  # not blank
SAID_ON_A_LINE = r"^[^\x00-\x1f\x7f]*[^\s\x00-\x1f\x7f][^\x00-\x1f\x7f]*$"


def _moment(value: object) -> object:
    """pydantic takes numbers of seconds as well; RFC 3339 is enough."""
    if not isinstance(value, str) or not MOMENT.fullmatch(value):
        raise Unfit(faults.MOMENT)
    return value


def _utc(value: datetime) -> datetime:
    """At the ends of the calendar there is no such moment in UTC; the end itself will do."""
    try:
        return value.astimezone(UTC)
    except OverflowError:
        return FIRST if value.year == FIRST.year else LAST


def _day(value: object) -> object:
    if not isinstance(value, str) or not DAY.fullmatch(value):
        raise Unfit(faults.DAY)
    return value


def _whole(value: object) -> object:
    if not isinstance(value, str) or not WHOLE.fullmatch(value):
        raise Unfit(faults.WHOLE)
    return int(value)


def _yes(value: object) -> object:
    match value:
        case "true":
            return True
        case "false":
            return False
    raise Unfit(faults.YES_NO)


Moment = Annotated[AwareDatetime, BeforeValidator(_moment), AfterValidator(_utc)]
At = Annotated[datetime, AfterValidator(_utc)]  # of an answer: in UTC, wherever the server is
Day = Annotated[date, BeforeValidator(_day)]
# In a query or path everything is text.
Yes = Annotated[bool, BeforeValidator(_yes)]
Limit = Annotated[int, Field(ge=1, le=100), BeforeValidator(_whole)]
Id = Annotated[int, Field(ge=1, le=LARGEST_ID), BeforeValidator(_whole)]
Tracking = Annotated[int, Field(ge=1, le=LARGEST_TRACKING), BeforeValidator(_whole)]
RowCursor = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{1,15}$")]
NameCursor = Annotated[str, StringConstraints(pattern=r"^([0-9a-f]{2}){1,100}$")]
Code = Annotated[str, StringConstraints(pattern=SAID_ON_A_LINE, max_length=100)]
Line = Annotated[str, StringConstraints(pattern=SAID_ON_A_LINE, max_length=500)]
Text = Annotated[str, StringConstraints(pattern=SAID, max_length=3000)]
Note = Annotated[str, StringConstraints(pattern=NO_NUL, max_length=3000)]
