"""One turn's view of the conversation: the message, what we remember, the person's cases."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from bots.language import label
from bots.routing import KABKOTA_CODE
from bots.state import Asks, Case, Limits, Message, Question, State, recent
from parsers.choice import chosen
from parsers.understanding import Candidate, Kind

APART = frozenset(
    {Kind.GREETING, Kind.THANKS, Kind.SPAM, Kind.EMERGENCY, Kind.STATUS_QUERY, Kind.COMMAND}
)
HEARD = 30.0  # score of a category that is worth a thought


@dataclass(frozen=True, slots=True)
class Talk:
    """Everything that a rule of the dialogue may look at."""

    state: State
    message: Message
    cases: Sequence[Case]
    limits: Limits

    def case(self, number: str | int, *, mine: bool = True) -> Case | None:
        """The case of this number; only the person's own unless told."""
        for case in self.cases:
            if str(case.tracking) == str(number) and (case.mine or not mine):
                return case
        return None

    @property
    def open(self) -> list[Case]:
        return [case for case in self.cases if case.mine and case.open]

    def fresh(self, span: timedelta) -> int | None:
        """The newest complaint, if its last words came within this time."""
        state = self.state
        return state.tracking if recent(state.digest_at, self.message.at, span) else None

    @property
    def question(self) -> Question | None:
        """Our question, if it still stands; those of officers do until the case moves on."""
        question = self.state.question
        if question is None or question.asks is Asks.SATISFIED:
            return question
        if question.asks is Asks.DETAILS:
            case = self.case(question.tracking)
            return question if case and case.open else None
        return question if recent(question.at, self.message.at, self.limits.question) else None

    def option(self, question: Question, text: str) -> str | None:
        """The value of the choice that a text means, by its words in either language."""
        labels = [words for _, words in question.options]
        said = [label(words, self.message.language) for words in labels]
        for known in (said, labels):
            if (place := chosen(text, known)) is not None:
                return question.options[place][0]
        return None

    def names_another(self, question: Question) -> bool:
        """Whether the message names or quotes a case that the question is not about."""
        message = self.message
        command = message.seen.command.tracking if message.seen.command else ""
        named = {str(message.about or ""), command} - {""}
        named |= {number for number in message.seen.tracking if self.case(number)}
        return bool(named) and str(question.tracking) not in named

    @property
    def topic(self) -> Candidate | None:
        """The likeliest category, unless it is hardly more than a guess."""
        best = self.message.seen.category
        return best if best and (best.sure or best.score >= HEARD) else None

    def another(self, tracking: int) -> bool:
        """Whether the message is clearly no word about this complaint."""
        seen = self.message.seen
        return seen.kind in APART or bool(seen.command) or self.other_matter(tracking)

    def other_matter(self, tracking: int) -> bool:
        """Whether it surely complains of something else, or of the same somewhere else."""
        case, best = self.case(tracking), self.topic
        if best is None or not best.sure:
            return False
        return case is None or best.code != case.category or self._elsewhere(case)

    def goes_on(self, case: Case | None, *, closely: bool = False) -> bool:
        """Whether the message has no matter or place of its own beside that of an open complaint.

        `closely`: it must be of the same topic, or of none.
        """
        seen = self.message.seen
        if seen.kind is Kind.EMERGENCY or case is None or not case.open:
            return False
        best = self.topic
        if best is None or self._elsewhere(case):
            return not self._elsewhere(case)
        if case.category is None:
            return not closely
        if best.code == case.category:
            return seen.address is None or not closely
        return not best.sure and not closely

    def _elsewhere(self, case: Case) -> bool:
        place = self.message.seen.settled
        if place is None or case.place is None or place.start < 0:
            return False
        return place.code[:KABKOTA_CODE] != case.place[:KABKOTA_CODE]
