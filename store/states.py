"""The states and kinds that rows may have."""

from enum import StrEnum


class InboxStatus(StrEnum):
    RECEIVED = "received"
    DONE = "done"
    DEAD = "dead"  # a person must look


class Lane(StrEnum):
    """Live intake and bulk replay are drained by different workers."""

    LIVE = "live"
    BULK = "bulk"


class OutboxLane(StrEnum):
    """What a reply is for; of one recipient and between recipients, answers go out first."""

    ANSWER = "answer"  # to what the person just wrote
    NOTICE = "notice"  # of something that happened to a complaint
    BULK = "bulk"


class OutboxStatus(StrEnum):
    QUEUED = "queued"
    SENDING = "sending"
    SENT = "sent"
    DELIVERED = "delivered"
    HELD = "held"  # we do not know whether it went out; a receipt or an operator decides
    FAILED = "failed"
    CANCELLED = "cancelled"  # an operator or the person's STOP took it back, or it was too late


class ComplaintStatus(StrEnum):
    TRIAGE = "triage"  # a person at 1708 decides where it goes
    DISPOSED = "disposed"  # an agency has it
    IN_PROGRESS = "in_progress"
    DEFERRED = "deferred"  # the reporter was asked for something: the clock stands still
    ANSWERED = "answered"
    COMMENTED = "commented"  # the reporter wrote after the answer
    CLOSED = "closed"
    ARCHIVED = "archived"
    WITHDRAWN = "withdrawn"  # the person took it back


class DeskState(StrEnum):
    """How far one agency is with its part of a complaint."""

    WAITING = "waiting"  # nobody there has begun
    WORKING = "working"
    DEFERRED = "deferred"  # it asked the reporter
    ANSWERED = "answered"
    FORWARDED = "forwarded"  # handed on to a unit of its own
    RETURNED = "returned"  # not its task (bukan wewenang)


class ArchiveReason(StrEnum):
    """Why nobody will act on a complaint (DOMAIN section 2: the V3 manual's reasons and others)."""

    UNCLEAR = "unclear"
    TOO_GENERAL = "too_general"
    NO_PLACE = "no_place"
    IRRELEVANT = "irrelevant"  # not about what government does
    IN_COURT = "in_court"
    PRIVATE = "private"  # between citizens
    ABUSIVE = "abusive"
    SPAM = "spam"
    FORMAT = "format"  # a malformed TL/BL message
    DONE_BEFORE = "done_before"  # answered under another number


class Privacy(StrEnum):
    PUBLIC = "public"
    ANONYMOUS = "anonim"  # the name is hidden
    CONFIDENTIAL = "rahasia"  # the report is hidden


class AttachmentStatus(StrEnum):
    WAITING = "waiting"  # to be fetched from the provider
    STORED = "stored"
    REFUSED = "refused"  # too large, of another type than it says, or not from the provider
    FAILED = "failed"  # the provider did not give it


class QuarantineStatus(StrEnum):
    KEPT = "kept"
    RELEASED = "released"
