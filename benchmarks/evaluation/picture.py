"""Coverage against precision as an SVG, drawn by hand: no library, no other host."""

from collections.abc import Iterable, Mapping, Sequence
from html import escape

from benchmarks.evaluation.metrics import ENOUGH, Point, Step

WIDTH, HEIGHT = 720, 440
LEFT, RIGHT, TOP, BOTTOM = 64, 200, 56, 56
LOWEST = 0.5  # of the precision axis
COLOURS = ("#0b5cad", "#c2410c", "#15803d", "#7e22ce", "#57534e")
DASHES = ("", "8 4", "2 4", "12 4 2 4", "4 4")  # so that the lines differ without colour
BAR = 0.95
FONT = 'font-family="system-ui, sans-serif" font-size="13"'


def curve_points(points: Sequence[Point]) -> list[tuple[float, float]]:
    """(coverage, precision) for every number of best-scored answers, from few to all."""
    ranked = sorted(points, key=lambda point: -point.score)
    found, right = [], 0
    for place, point in enumerate(ranked, 1):
        right += point.right
        last = place == len(ranked) or ranked[place].score < point.score
        if last and place >= ENOUGH:  # equal scores stand or fall together
            found.append((place / len(ranked), right / place))
    return found


def svg(lines: Mapping[str, Sequence[Point]], marks: Mapping[str, Step]) -> str:
    """One line for each set of answers; a mark where the shipped thresholds stand."""
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" '
        f'role="img" aria-label="Precision of the category against the share of messages" {FONT}>',
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#ffffff"/>',
        _text(LEFT, 26, "How often the best category is right, when only", size=15),
        _text(LEFT, 44, "the best-scored share of the messages is trusted", size=15),
        *_axes(),
    ]
    for place, (name, points) in enumerate(lines.items()):
        parts += _line(place, name, curve_points(points), marks.get(name))
    return "\n".join([*parts, "</svg>"]) + "\n"


def _axes() -> Iterable[str]:
    for tenth in range(0, 11, 2):
        x = _x(tenth / 10)
        yield _rule(x, TOP, x, HEIGHT - BOTTOM, "#e7e5e4")
        yield _text(x, HEIGHT - BOTTOM + 18, f"{tenth * 10} %", anchor="middle")
    for tenth in range(5, 11):
        y = _y(tenth / 10)
        yield _rule(LEFT, y, WIDTH - RIGHT, y, "#e7e5e4")
        yield _text(LEFT - 8, y + 4, f"{tenth * 10} %", anchor="end")
    yield _rule(LEFT, _y(BAR), WIDTH - RIGHT, _y(BAR), "#1c1917", dash="3 3")
    yield _text(WIDTH - RIGHT + 6, _y(BAR) + 4, "95 %: the aim of sure")
    middle = (LEFT + WIDTH - RIGHT) / 2
    yield _text(middle, HEIGHT - 14, "share of the messages", anchor="middle")


def _line(
    place: int, name: str, path: Sequence[tuple[float, float]], mark: Step | None
) -> Iterable[str]:
    colour, dash = COLOURS[place % len(COLOURS)], DASHES[place % len(DASHES)]
    drawn = " ".join(f"{_x(c):.1f},{_y(p):.1f}" for c, p in path)
    dashed = f' stroke-dasharray="{dash}"' if dash else ""
    yield f'<polyline points="{drawn}" fill="none" stroke="{colour}" stroke-width="2"{dashed}/>'
    if mark and mark.precision is not None:
        at = f'cx="{_x(mark.coverage):.1f}" cy="{_y(mark.precision):.1f}"'
        yield f'<circle {at} r="5" fill="#ffffff" stroke="{colour}" stroke-width="2.5"/>'
    y = HEIGHT - BOTTOM - 20 * (len(COLOURS) - place)
    x = WIDTH - RIGHT + 6
    yield _rule(x, y - 4, x + 28, y - 4, colour, dash=dash, width=2)
    yield _text(x + 34, y, name)


def _x(coverage: float) -> float:
    return LEFT + coverage * (WIDTH - LEFT - RIGHT)


def _y(precision: float) -> float:
    return TOP + (1 - max(precision, LOWEST)) / (1 - LOWEST) * (HEIGHT - TOP - BOTTOM)


def _rule(
    x1: float, y1: float, x2: float, y2: float, colour: str, *, dash: str = "", width: int = 1
) -> str:
    dashed = f' stroke-dasharray="{dash}"' if dash else ""
    return (
        f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" '
        f'stroke="{colour}" stroke-width="{width}"{dashed}/>'
    )


def _text(x: float, y: float, words: str, *, anchor: str = "start", size: int = 13) -> str:
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-size="{size}" '
        f'fill="#1c1917">{escape(words)}</text>'
    )
