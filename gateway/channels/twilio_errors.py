"""What Twilio's error codes mean for us: https://www.twilio.com/docs/api/errors"""

import json
from typing import Any

import urllib3

from gateway.channels.base import SendError
from gateway.channels.http import refused, retry_after
from parsers.messages import Failure

# The message would go without the template, or by SMS.
TEMPLATE_FAULTS = frozenset(
    (
        "21655",  # no such content template, or of another account
        "21656",  # its variables are malformed
        "63021",  # WhatsApp takes no such content, or text and variables exceed 1,024 characters
        "63027",  # not approved in this language
        "63028",  # another number of variables than it has
    )
)

# A code that is not here is judged by its HTTP status.
FAILURES = {
    "20003": Failure.CONFIG,  # account SID or auth token is wrong
    "20005": Failure.CONFIG,  # the account is not active
    "20404": Failure.CONFIG,  # no such account, or a wrong api_url
    "20429": Failure.RETRY,  # too many requests at once
    "21211": Failure.REJECTED,  # To is not a phone number
    "21212": Failure.CONFIG,  # From is not a phone number
    "21214": Failure.REJECTED,  # To cannot be reached
    "21268": Failure.REJECTED,  # To is a premium number
    "21401": Failure.CONFIG,  # From cannot send SMS
    "21408": Failure.CONFIG,  # the country of To is switched off in the account's geo permissions
    "21601": Failure.CONFIG,  # From is not a number of the account
    "21602": Failure.REJECTED,  # no text
    "21603": Failure.CONFIG,  # no From
    "21604": Failure.REJECTED,  # no To
    "21606": Failure.CONFIG,  # From cannot send to this To, or is not ours
    "21608": Failure.CONFIG,  # a trial account sends to verified numbers only
    "21609": Failure.CONFIG,  # the status callback is no public URL: public_url is wrong
    "21610": Failure.BLOCKED,  # the person answered STOP
    "21611": Failure.RETRY,  # the queue of From is full for ten hours
    "21612": Failure.REJECTED,  # no route from this From to this To
    "21614": Failure.REJECTED,  # To is not a mobile number
    "21617": Failure.REJECTED,  # longer than 1,600 characters
    "21635": Failure.REJECTED,  # To is a landline
    "21659": Failure.CONFIG,  # From is not a Twilio number
    "21660": Failure.CONFIG,  # From belongs to another account
    "21661": Failure.CONFIG,  # From cannot send SMS
    "21701": Failure.CONFIG,  # no such messaging service
    "21703": Failure.CONFIG,  # the messaging service has no sender for this To
    "21705": Failure.CONFIG,  # the messaging service SID is malformed
    "21910": Failure.CONFIG,  # From and To are of different channels
    "30001": Failure.RETRY,  # queue overflow
    "30002": Failure.CONFIG,  # the account is suspended
    "30003": Failure.REJECTED,  # the phone is off or out of reach
    "30004": Failure.BLOCKED,  # the person or the operator blocks our messages
    "30005": Failure.REJECTED,  # unknown number
    "30006": Failure.REJECTED,  # landline, or an operator that cannot be reached
    "30007": Failure.REJECTED,  # filtered as spam
    "30008": Failure.REJECTED,  # the operator gives no reason
    "63001": Failure.CONFIG,  # WhatsApp refuses our sender's credentials
    "63002": Failure.CONFIG,  # WhatsApp does not know our sender
    "63003": Failure.REJECTED,  # the person is not on WhatsApp
    "63005": Failure.REJECTED,  # WhatsApp refuses the content
    "63007": Failure.CONFIG,  # From is not a WhatsApp sender of the account
    "63012": Failure.RETRY,  # an error inside WhatsApp
    "63013": Failure.REJECTED,  # breaks a policy of WhatsApp
    "63014": Failure.BLOCKED,  # the person has blocked us
    "63015": Failure.REJECTED,  # the person has not joined the sandbox
    "63016": Failure.CLOSED,  # outside the 24 hours after the person's last message
    "63018": Failure.RETRY,  # too many messages at once for WhatsApp
    "63020": Failure.CONFIG,  # the WhatsApp business account needs its owner
    "63024": Failure.REJECTED,  # To cannot receive
    "63032": Failure.CLOSED,  # WhatsApp withholds templates from this person (their experiment)
    "63038": Failure.CONFIG,  # the account's daily limit is reached
    "63049": Failure.CLOSED,  # Meta limits templates that it takes for marketing to this person
    **dict.fromkeys(TEMPLATE_FAULTS, Failure.CLOSED),
}


def failed(answer: urllib3.BaseHTTPResponse) -> SendError:
    match _json(answer.data):
        case {"code": int(number)}:
            code = str(number)
        case _:
            code = f"HTTP {answer.status}"
    failure = FAILURES.get(code) or refused(answer.status)
    return SendError(failure, code, retry_after=retry_after(answer))


def _json(body: bytes) -> Any:  # noqa: ANN401 - dies in the match above
    try:
        return json.loads(body)
    except ValueError:
        return None
