"""One turn's view of the conversation: the message, what we remember, the person's cases."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from bots.routing import KABKOTA_CODE
from bots.state import Case, Limits, Message, Question, State, recent
from parsers.understanding import Kind


@dataclass(frozen=True, slots=True)
class Talk:
    """Everything that a rule of the dialogue may look at."""

    state: State
    message: Message
    cases: Sequence[Case]
    limits: Limits

    def case(self, number: str, *, mine: bool = True) -> Case | None:
        """The case of this number; only the person's own unless told."""
        for case in self.cases:
            if str(case.tracking) == number and (case.mine or not mine):
                return case
        return None

    def fresh(self, span: timedelta) -> int | None:
        """The newest complaint, if its last words came within this time."""
        state = self.state
        return state.tracking if recent(state.digest_at, self.message.at, span) else None

    @property
    def question(self) -> Question | None:
        """Our question, if it still stands."""
        question = self.state.question
        stands = question and recent(question.at, self.message.at, self.limits.question)
        return question if stands else None

    def goes_on(self, tracking: int, *, closely: bool = False) -> bool:
        """Whether the message has no matter or place of its own beside that of the complaint.

        `closely`: it must be of the same topic, or of none.
        """
        seen, case = self.message.seen, self.case(str(tracking))
        if seen.kind is Kind.EMERGENCY or case is None or not case.open:
            return False
        place = seen.settled
        elsewhere = (
            place is not None
            and case.place is not None
            and place.start >= 0
            and place.code[:KABKOTA_CODE] != case.place[:KABKOTA_CODE]
        )
        best = seen.category
        if elsewhere or best is None:
            return not elsewhere
        if best.code == case.category:
            return seen.address is None or not closely
        return not best.sure and not closely
