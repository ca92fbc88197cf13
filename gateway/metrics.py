"""Prometheus figures. Labels are channels, outcomes and lanes, never anything of a person."""

import os
from collections.abc import Iterator

from prometheus_client import (
    REGISTRY,
    CollectorRegistry,
    Counter,
    Histogram,
    generate_latest,
    multiprocess,
)
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300)

ACCEPTED = Counter("lapor_accepted_total", "Messages stored for the first time", ["channel"])
REPEATED = Counter("lapor_repeated_total", "Deliveries of a message that was stored before")
SPOOLED = Counter("lapor_spooled_total", "Messages written to the spool, the database being away")
QUARANTINED = Counter("lapor_quarantined_total", "Requests without proof of origin", ["channel"])
PROCESSED = Counter("lapor_processed_total", "Messages understood and settled", ["lane"])
FAILED = Counter("lapor_failed_total", "Tries that raised an error", ["lane"])
REPLIED = Counter("lapor_replied_total", "Sends by what became of them", ["channel", "outcome"])
SEGMENTS = Counter("lapor_segments_total", "SMS segments that went out", ["channel"])
EXPIRED = Counter("lapor_expired_total", "Replies cancelled because they came too late")
RESTS = Counter("lapor_rests_total", "Rests of channels whose provider refused", ["channel"])
FETCHED = Counter("lapor_attachments_total", "Files by what became of them", ["channel", "outcome"])
ACCEPT_SECONDS = Histogram(
    "lapor_accept_seconds", "From request to durable answer", ["channel"], buckets=SECONDS
)
REPLY_SECONDS = Histogram(
    "lapor_reply_seconds", "From stored message to reply at the provider", buckets=SECONDS
)


class Rows(Collector):
    """Gauges that are asked from the database when somebody looks."""

    def __init__(self, figures: dict[str, float]) -> None:
        self._figures = figures

    def collect(self) -> Iterator[GaugeMetricFamily]:
        for name, value in self._figures.items():
            yield GaugeMetricFamily(f"lapor_{name}", name.replace("_", " "), value=value)


def exposition(figures: dict[str, float]) -> bytes:
    """The metrics page: counters of all processes of this machine, and gauges of the rows."""
    registry = CollectorRegistry()
    registry.register(Rows(figures))
    if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
        multiprocess.MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
        return generate_latest(registry)
    return generate_latest(REGISTRY) + generate_latest(registry)
