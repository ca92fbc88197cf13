"""config.yaml and the environment: every mistake is named, all at once, and no secret is shown."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from gateway.settings import OVERRIDES, ROOT, SECRETS, ConfigError, Settings, load
from tests.live import write_config

SHIPPED = ROOT / "config.yaml"


def mistakes(path: Path, environ: dict[str, str] | None = None) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        load(path, environ or {})
    return str(caught.value).splitlines()


def leaves(values: dict[str, Any], prefix: str = "") -> list[str]:
    found = []
    for name, value in values.items():
        below = leaves(value, f"{prefix}{name}.") if isinstance(value, dict) else [prefix + name]
        found += below
    return found


def test_the_shipped_file_is_complete_and_right():
    settings = load(SHIPPED, {})
    assert settings.environment == "development"
    assert (settings.intake.attempts, settings.outbox.attempts) == (4, 6)
    assert settings.zone.key == "Asia/Jakarta"


# Keys that the comment of the line above or their section's explains as well.
SPEAK_FOR_THEMSELVES = {
    "channels.sms.api_url",
    "channels.whatsapp.messaging_service_sid",
    "channels.whatsapp.api_url",
    "channels.telegram.api_url",
    "channels.kannel.username",
    "matching.place_sure",
    "matching.place_margin",
    "deadlines.unit",
}


def test_every_setting_of_the_shipped_file_is_explained():
    path: list[str] = []
    for line in SHIPPED.read_text("utf-8").splitlines():
        if match := re.match(r"( *)(\w+):(.*)", line):
            indent, key, rest = match.groups()
            path = [*path[: len(indent) // 2], key]
            section = not rest.partition("#")[0].strip()
            assert section or "#" in rest or ".".join(path) in SPEAK_FOR_THEMSELVES, line


@pytest.mark.parametrize("key", leaves(yaml.safe_load(SHIPPED.read_text("utf-8"))))
def test_a_key_that_is_missing_is_named(tmp_path: Path, key: str):
    values = yaml.safe_load(SHIPPED.read_text("utf-8"))
    *sections, last = key.split(".")
    section = values
    for name in sections:
        section = section[name]
    del section[last]
    path = tmp_path / "config.yaml"
    path.write_text(yaml.safe_dump(values))
    assert mistakes(path) == [f"config.yaml: {key}: is missing."]


def test_all_mistakes_are_shown_at_once(tmp_path: Path):
    path = write_config(
        tmp_path / "config.yaml",
        intake={"batch": 0, "lease_secnds": 30},
        web={"port": 70000, "threads": "eight"},
        matching={"category_sure": 101},
        deadlines={"unit": "lunar"},
    )
    found = mistakes(path)
    assert len(found) == 6
    for key in (
        "intake.batch: ",
        "intake.lease_secnds: unknown key, check its spelling.",
        "web.port: ",
        "web.threads: ",
        "matching.category_sure: ",
        "deadlines.unit: ",
    ):
        assert any(line.startswith(f"config.yaml: {key}") for line in found), key


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "must hold `key: value` lines"),
        (b"- a\n- b\n", "must hold `key: value` lines"),
        (b"web:\n  port: [8000\n", "is not valid YAML"),
        (b"web: \xff\xfe\n", "UTF-8"),
        (b"intake:\n", "intake"),
        (b"database:\nqueue: 5\n", "queue"),
    ],
    ids=["empty", "list", "yaml", "bytes", "empty section", "section that is a number"],
)
def test_a_file_that_cannot_be_read_is_explained(tmp_path: Path, content: bytes, words: str):
    path = tmp_path / "config.yaml"
    path.write_bytes(content)
    environ = {"DATABASE_URL": "sqlite://", "REDIS_URL": "redis://127.0.0.1/0"}
    assert any(words in line for line in mistakes(path, environ))


def test_a_file_that_is_not_there_is_explained(tmp_path: Path):
    assert mistakes(tmp_path / "none.yaml") == [
        f"{tmp_path / 'none.yaml'}: cannot be read (No such file or directory)."
    ]


def test_the_environment_wins_over_the_file():
    environ = {
        "LAPOR_ENVIRONMENT": "production",
        "PUBLIC_URL": "https://1708.example",
        "DATA_DIR": "/srv/1708",
        "DATABASE_URL": "postgresql+psycopg://u@h/n",
        "REDIS_URL": "redis://h:1/2",
        "HOST": "0.0.0.0",
        "PORT": "8080",
    }
    assert set(environ) == set(OVERRIDES)
    settings = load(SHIPPED, environ)
    assert settings.production
    assert (settings.public_url, str(settings.data_dir)) == ("https://1708.example", "/srv/1708")
    assert (settings.database.url, settings.queue.url) == (
        "postgresql+psycopg://u@h/n",
        "redis://h:1/2",
    )
    assert (settings.web.host, settings.web.port) == ("0.0.0.0", 8080)


@pytest.mark.parametrize(
    ("environ", "words"),
    [
        ({"PORT": "eighty"}, "web.port"),
        ({"PUBLIC_URL": "1708.example"}, "public_url"),
        ({"LAPOR_ENVIRONMENT": "prod"}, "environment"),
        ({"LAPOR_ENVIRONMENT": "production"}, "public_url: in production"),
        ({"TELEGRAM_BOT_TOKEN_FILE": "/no/such/file"}, "TELEGRAM_BOT_TOKEN_FILE"),
    ],
)
def test_a_wrong_environment_is_named(environ: dict[str, str], words: str):
    (line,) = mistakes(SHIPPED, environ)
    assert words in line


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"channels": {"sms": {"number": "+6281170800001"}}}, "TWILIO_AUTH_TOKEN is missing"),
        ({"channels": {"kannel": {"sendsms_url": "http://k/"}}}, "KANNEL_SECRET is missing"),
    ],
)
def test_settings_that_do_not_go_together_are_named(
    tmp_path: Path, changes: dict[str, Any], words: str
):
    (line,) = mistakes(write_config(tmp_path / "config.yaml", **changes))
    assert words in line


def test_a_telegram_webhook_needs_its_secret(tmp_path: Path):
    path = write_config(tmp_path / "config.yaml", channels={"telegram": {"polling": False}})
    (line,) = mistakes(path, {"TELEGRAM_BOT_TOKEN": "1:a"})
    assert "TELEGRAM_WEBHOOK_SECRET" in line
    assert "1:a" not in line


@pytest.mark.parametrize("name", SECRETS)
def test_a_secret_comes_from_the_environment_or_a_file_and_is_never_printed(
    tmp_path: Path, name: str
):
    file = tmp_path / "secret"
    file.write_text("very secret\n")
    for environ in ({name: "very secret"}, {f"{name}_FILE": str(file)}):
        settings = load(SHIPPED, environ)
        assert settings.secrets.text(name) == "very secret"
        for shown in (repr(settings), str(settings), settings.model_dump_json()):
            assert "very secret" not in shown
            assert "**********" in shown


def test_a_secret_file_that_is_no_text_is_named(tmp_path: Path):
    file = tmp_path / "secret"
    file.write_bytes(b"\xff\xfe")
    (line,) = mistakes(SHIPPED, {"KANNEL_SECRET_FILE": str(file)})
    assert "KANNEL_SECRET_FILE" in line


def test_a_secret_has_no_place_in_the_file(tmp_path: Path):
    path = tmp_path / "config.yaml"
    path.write_text(SHIPPED.read_text("utf-8") + "\nTWILIO_AUTH_TOKEN: abc\n")
    assert mistakes(path) == ["config.yaml: TWILIO_AUTH_TOKEN: unknown key, check its spelling."]


def test_settings_cannot_be_changed_on_the_way():
    with pytest.raises(ValueError, match="frozen"):
        load(SHIPPED, {}).web.port = 1  # type: ignore[misc]


def test_every_key_that_the_documentation_names_exists():
    values = yaml.safe_load(SHIPPED.read_text("utf-8"))
    known = set(leaves(values)) | set(values) | {f"channels.{name}" for name in values["channels"]}
    sections = "|".join(name for name, value in values.items() if isinstance(value, dict))
    named = re.compile(rf"`((?:{sections})\.[a-z_.]+)`")
    pages = [ROOT / "README.md", *(ROOT / "docs").glob("*.md")]
    for page in pages:
        for key in named.findall(page.read_text("utf-8")):
            code = re.search(r"\.(py|html|csv|yaml)$", key)
            assert code or key.rstrip(".") in known, f"{page.name} names {key}"


def test_the_table_of_fields_has_no_default_that_the_file_would_hide():
    """Every setting stands in config.yaml, so none may be filled in silently."""
    for name, field in Settings.model_fields.items():
        assert field.is_required() or name == "secrets", name
