"""From a location pin to kecamatan (by its polygon) and desa (by the nearest centroid in it)."""

from array import array
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import cos, hypot, radians
from typing import Final

SHORE_DEGREES = 0.006  # about 650 m: polygons are simplified, harbours lie a little outside

Ring = Sequence[Sequence[float]]  # [lat, lng] pairs
Polygons = Sequence[Sequence[Ring]]  # polygons, each an outer ring and its holes


@dataclass(frozen=True, slots=True)
class _Shape:
    code: str
    south: float
    north: float
    west: float
    east: float
    rings: "tuple[tuple[array[float], array[float]], ...]"  # latitudes and longitudes


@dataclass(frozen=True, slots=True)
class Pinned:
    """Where a pin lies; `lead` says how much nearer the village is than the next one (0..1)."""

    district: str
    village: str | None
    lead: float


class PinMap:
    """Polygons of kecamatan with their boxes, and centroids of desa; immutable after building."""

    def __init__(
        self,
        boundaries: Mapping[str, Polygons],
        centroids: Iterable[tuple[str, float, float]],
    ) -> None:
        self._shapes: Final = sorted(
            (_shape(code, polygons) for code, polygons in boundaries.items()),
            key=lambda shape: shape.south,
        )
        self._villages: Final[dict[str, list[tuple[str, float, float]]]] = {}
        for code, lat, lng in centroids:
            if len(code) == 13:
                self._villages.setdefault(code[:8], []).append((code, lat, lng))

    def at(self, lat: float, lon: float) -> Pinned | None:
        """None at sea, abroad, or when the numbers are no place on earth."""
        near = [shape for shape in self._shapes if _near(shape, lat, lon)]
        inside = [shape for shape in near if _contains(shape, lat, lon)]
        if inside:
            return self._pinned(inside[0].code, lat, lon)
        shore = [(_distance(shape, lat, lon), shape.code) for shape in near]
        distance, code = min(shore, default=(1.0, ""))
        return self._pinned(code, lat, lon) if distance <= SHORE_DEGREES else None

    def _pinned(self, district: str, lat: float, lon: float) -> Pinned:
        squeeze = cos(radians(lat))
        ranked = sorted(
            (hypot(a - lat, (b - lon) * squeeze), code)
            for code, a, b in self._villages.get(district, ())
        )
        match ranked:
            case [(first, code), (second, _), *_]:
                return Pinned(district, code, 1 - first / second if second else 0.0)
            case [(_, code)]:
                return Pinned(district, code, 1.0)
        return Pinned(district, None, 0.0)


def _shape(code: str, polygons: Polygons) -> _Shape:
    rings = tuple(
        (array("d", (p[0] for p in ring)), array("d", (p[1] for p in ring)))
        for polygon in polygons
        for ring in polygon
        if len(ring) > 2
    )
    lats = [lat for ring in rings for lat in ring[0]] or [0.0]
    lngs = [lng for ring in rings for lng in ring[1]] or [0.0]
    return _Shape(code, min(lats), max(lats), min(lngs), max(lngs), rings)


def _near(shape: _Shape, lat: float, lon: float) -> bool:
    return (
        shape.south - SHORE_DEGREES <= lat <= shape.north + SHORE_DEGREES
        and shape.west - SHORE_DEGREES <= lon <= shape.east + SHORE_DEGREES
    )


def _contains(shape: _Shape, lat: float, lon: float) -> bool:
    """Even-odd rule over all rings, so that holes are outside."""
    inside = False
    for lats, lngs in shape.rings:
        previous = len(lats) - 1
        for here in range(len(lats)):
            a, b = lats[here], lats[previous]
            if (a > lat) != (b > lat):
                crossing = lngs[here] + (lat - a) / (b - a) * (lngs[previous] - lngs[here])
                inside ^= lon < crossing
            previous = here
    return inside


def _distance(shape: _Shape, lat: float, lon: float) -> float:
    """Degrees to the nearest edge."""
    best = 1.0
    for lats, lngs in shape.rings:
        previous = len(lats) - 1
        for here in range(len(lats)):
            best = min(
                best,
                _to_edge(lat, lon, lats[previous], lngs[previous], lats[here], lngs[here]),
            )
            previous = here
    return best


def _to_edge(lat: float, lon: float, a: float, b: float, c: float, d: float) -> float:
    length = (c - a) ** 2 + (d - b) ** 2
    along = ((lat - a) * (c - a) + (lon - b) * (d - b)) / length if length else 0.0
    along = min(max(along, 0.0), 1.0)
    return hypot(lat - a - along * (c - a), lon - b - along * (d - b))
