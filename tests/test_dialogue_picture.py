"""docs/conversation.md shows the states that the code has."""

from tests import picture


def test_the_picture_is_what_the_code_does() -> None:
    page = picture.PAGE.read_text("utf-8")
    assert picture.drawn(page) == page, "stale: run python -m tests.picture"
    assert "place --> nothing_asked" in page
