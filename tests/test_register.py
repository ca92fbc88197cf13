"""`lapor register` against a local server that plays Telegram."""

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from gateway.cli import cli
from tests.conftest import SECRETS, provider_config
from tests.provider import Answer, Provider

TOKEN = SECRETS["TELEGRAM_BOT_TOKEN"]
HOOK = ("POST", f"/bot{TOKEN}/setWebhook")


@pytest.fixture
def run(tmp_path: Path, provider: Provider):
    config = provider_config(tmp_path / "config.yaml", provider)

    def call(**environ: str) -> Result:
        base = {"LAPOR_CONFIG": str(config), "PUBLIC_URL": "https://1708.example", **SECRETS}
        return CliRunner().invoke(cli, ["register"], env={**base, **environ})

    return call


def test_telegram_is_told_our_address_and_secret(run, provider: Provider) -> None:
    result = run()
    assert result.exit_code == 0, result.output
    assert "https://1708.example/in/telegram" in result.output
    request = provider.requests[0]
    assert (request.method, request.path) == HOOK
    assert request.form["url"] == "https://1708.example/in/telegram"
    assert request.form["secret_token"] == SECRETS["TELEGRAM_WEBHOOK_SECRET"]


def test_telegram_is_told_our_commands(run, provider: Provider) -> None:
    result = run()
    assert "commands" in result.output
    asked = [request.path.rsplit("/", 1)[1] for request in provider.requests]
    assert asked == ["setWebhook"] + 2 * [
        "setMyCommands",
        "setMyShortDescription",
        "setMyDescription",
    ]


def test_with_polling_telegram_is_told_no_address(run, provider: Provider, tmp_path: Path) -> None:
    config = tmp_path / "config.yaml"
    config.write_text(config.read_text("utf-8").replace("polling: false", "polling: true"), "utf-8")
    result = run()
    assert result.exit_code == 0, result.output
    assert "gateway.poller" in result.output
    asked = {request.path.rsplit("/", 1)[1] for request in provider.requests}
    assert asked == {"setMyCommands", "setMyShortDescription", "setMyDescription"}


def test_a_refusal_is_one_sentence_without_the_token(run, provider: Provider) -> None:
    provider.routes[HOOK] = Answer(401, '{"ok": false, "error_code": 401, "description": "No"}')
    result = run()
    assert result.exit_code == 1
    assert "Telegram refused" in result.output
    assert TOKEN not in result.output


def test_without_a_token_it_says_what_to_set(run) -> None:
    result = run(TELEGRAM_BOT_TOKEN="")
    assert result.exit_code == 1
    assert "TELEGRAM_BOT_TOKEN" in result.output
