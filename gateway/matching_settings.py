"""The section `matching` of config.yaml, and the catalogue that it names."""

from collections.abc import Callable, Iterator
from pathlib import Path

from pydantic import Field

from gateway.channel_settings import Section
from parsers.catalogue import Catalogue
from store.catalogue import DEFAULT, CatalogueError


class Matching(Section):
    catalogue: str
    category_sure: float = Field(ge=0, le=100)
    category_margin: float = Field(ge=0, le=100)
    place_sure: float = Field(ge=0, le=100)
    place_margin: float = Field(ge=0, le=100)
    command_typo: float = Field(ge=0, le=100)

    def directory(self, data_dir: Path) -> Path:
        """Where the catalogue lies: shipped, at an absolute path, or below data_dir."""
        return data_dir / self.catalogue if self.catalogue else DEFAULT

    def mistakes(self, data_dir: Path, read: Callable[[], Catalogue]) -> Iterator[str]:
        """Of an own catalogue only: the shipped one is right, and takes a moment to read."""
        if not self.catalogue:
            return
        folder = self.directory(data_dir)
        if not folder.is_dir():
            yield (
                f"matching.catalogue: {folder} is no directory: put categories.csv and "
                f'agencies.csv there, or set "" for the shipped catalogue.'
            )
            return
        try:
            catalogue = read()
        except CatalogueError as error:
            yield from (f"matching.catalogue: {folder}: {line}" for line in str(error).splitlines())
            return
        for file, rows in (("categories", catalogue.topics), ("agencies", catalogue.agencies)):
            if not rows:
                yield f"matching.catalogue: {folder}: {file}.csv: has no rows."
