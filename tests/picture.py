"""`python -m tests.picture`: draw the states of the conversation into docs/conversation.md.

The code itself is asked: each message is said in each state, and what `step` does is an arrow.
"""

import re
from collections.abc import Iterator
from pathlib import Path

from bots.dialogue import RULES, step
from bots.state import Asks, Question, State
from bots.survey import ask_satisfied
from parsers.understanding import Kind
from tests.test_dialogue import ANSWERED, LIMITS, MINE, PIN, ROAD_HERE, N, ago, message

PAGE = Path(__file__).parent.parent / "docs" / "conversation.md"
DRAWN = re.compile(r"(<!-- drawn by tests.picture -->\n).*?(<!-- end -->)", re.DOTALL)
NOTHING = "nothing_asked"
SURVEY = (Asks.SATISFIED, Asks.SCORE, Asks.REASON)
SAID = {
    "a new complaint": ROAD_HERE,
    "1": message("1", kind=Kind.OTHER),
    "2": message("2", kind=Kind.OTHER),
    "a word or two": message("hm", kind=Kind.OTHER),
    "a sentence": message("dekat rumah saya yang biru", kind=Kind.OTHER),
    "a pin": message("", kind=Kind.OTHER, location=PIN),
    "thanks": message("terima kasih", kind=Kind.THANKS),
}


def states() -> Iterator[tuple[str, State]]:
    yield NOTHING, State()
    for asks in Asks:
        options = (("1", "Satu"), ("2", "Dua")) if asks is not Asks.PLACE else ()
        question = Question(asks=asks, tracking=N, at=ago(hours=1), options=options)
        question = ask_satisfied(N, ago(hours=1)) if asks is Asks.SATISFIED else question
        yield asks.value, State(tracking=N, asked=1, question=question)


def arrows() -> Iterator[str]:
    for name, state in states():
        asks = state.question.asks if state.question else None
        case = ANSWERED if asks in SURVEY else MINE
        found: dict[tuple[str, str], list[str]] = {}
        for words, said in SAID.items():
            turn = step(state, said, [case] if state.question else [], LIMITS)
            after = turn.state.question.asks.value if turn.state.question else NOTHING
            deeds = ", ".join(type(action).__name__ for action in turn.actions) or "reply only"
            found.setdefault((after, deeds), []).append(words)
        for (after, deeds), words in found.items():
            yield f"    {name} --> {after}: {' / '.join(words)} [{deeds}]"


def drawing() -> str:
    rules = [
        f"{number}. `{rule.__name__}`: {(rule.__doc__ or '').strip().splitlines()[0]}"
        for number, rule in enumerate(RULES, 1)
    ]
    picture = ["```mermaid", "stateDiagram-v2", f"    [*] --> {NOTHING}", *arrows(), "```"]
    return "\n".join([*rules, "", *picture]) + "\n"


def drawn(page: str) -> str:
    return DRAWN.sub(lambda found: found[1] + drawing() + found[2], page)


if __name__ == "__main__":
    PAGE.write_text(drawn(PAGE.read_text("utf-8")), "utf-8")
