"""What a channel says about a file that its provider keeps for us; light, for every process."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable


class MediaRefused(Exception):
    """The file will never be taken; the message says why, in plain words without an address."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Where a provider keeps a file. Its address may hold a token: never log it."""

    url: str
    within: str  # ours to call: `url` must lie under this, which ends in a slash
    headers: Mapping[str, str] = field(default_factory=dict)  # never sent on to another host


@runtime_checkable
class KeepsMedia(Protocol):
    """A channel whose provider keeps photos, voice notes and documents for us."""

    def open_media(self, ref: str) -> Source:
        """Where `Media.ref` leads now; may ask the provider. SendError or MediaRefused if not."""
