"""The message that officers who chose so get once a working day."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date

from bots import officers as words
from bots.language import Part, Sentence
from bots.officers import LONGEST_LIST, Names, listed
from store.casework.digests import Item, Overview, Section
from store.models import Privacy

LINES = LONGEST_LIST


@dataclass(frozen=True, slots=True)
class Digest:
    """One overview, said to officers in their languages."""

    overview: Overview
    names: Names
    day: date

    def say(self, language: str) -> str:
        found = self.overview
        head: dict[str, Part] = {
            "day": self.day,
            "new": found.new.count,
            "soon": found.soon.count,
            "late": found.late.count,
        }
        counts: dict[str, Part] = {"open": found.open, "overdue": found.overdue}
        lines = [
            replace(words.DIGEST, fields=head).say(language),
            *self._section(words.NEW, found.new, language),
            *self._section(words.SOON, found.soon, language),
            *self._section(words.LATE, found.late, language),
            *self._section(words.COMMENTED, found.commented, language),
            *self._section(words.TRIAGE, found.triage, language),
            replace(words.COUNTS, fields=counts).say(language),
            replace(words.OPEN_IT, fields={"link": self.names.link()}).say(language),
        ]
        return "\n".join(lines)

    def _section(self, title: Sentence, section: Section, language: str) -> Iterator[str]:
        if section.count:
            yield title.say(language)
            lines = [self._line(item).say(language) for item in section.items]
            yield from listed(lines, language, total=section.count)

    def _line(self, item: Item) -> Sentence:
        if item.privacy == Privacy.CONFIDENTIAL:
            return replace(words.SECRET_ITEM, fields={"due": item.due})
        reader = self.names.reader
        said = [
            str(item.tracking),
            reader.category_name(item.category) if item.category else "",
            reader.place_name(item.place) if item.place else "",
        ]
        matter = ", ".join(filter(None, said))
        return replace(words.ITEM, fields={"matter": matter, "due": item.due})
