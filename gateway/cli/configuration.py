"""How a command gets the settings; what is wrong with them is said in sentences."""

import click

from gateway.settings import ConfigError, Settings, load


class BadConfig(click.ClickException):
    """The configuration must be corrected first."""

    exit_code = 2

    def __init__(self, mistakes: list[str]) -> None:
        super().__init__("the configuration cannot be used; correct this:\n" + "\n".join(mistakes))
        self.mistakes = mistakes


def read_settings() -> Settings:
    """The settings, with addresses that can be tried; BadConfig names every mistake."""
    try:
        return load()
    except ConfigError as error:
        raise BadConfig(str(error).splitlines()) from error
