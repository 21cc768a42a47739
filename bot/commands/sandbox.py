"""`baton sandbox`: a Slack workspace on this computer, for those without one."""

from __future__ import annotations

from typing import Annotated

import typer
from pydantic import SecretStr

from bot import printing
from bot.commands.session import quiet
from bot.runtime import Runtime
from bot.sandbox import Tokens
from bot.sandbox.listening import LOCAL
from bot.sandbox.seed import DEFAULT_SEED, person_id
from bot.sandbox.serving import NotHere, Options, listen, refuse_real_tokens, serve
from bot.sandbox.workspace import new_tokens
from bot.settings import Settings, read_settings
from bot.slack.manifest import INSTALL_PATH, REDIRECT_PATH, manifest
from workflows.engine.errors import BatonError

PORT = 8020


def sandbox(
    *,
    port: Annotated[int, typer.Option(min=0, max=65535, help="Where its page is; 0 takes a free port.")] = PORT,
    http: Annotated[
        str,
        typer.Option("--http", help="Call this address over signed HTTP, instead of Socket Mode.", show_default=False),
    ] = "",
) -> int:
    """Run a local Slack workspace in front, to try Baton without an account.

    It prints what to put into .env for `baton up`. Nothing of it is kept. Example: baton sandbox --port 8020
    """
    quiet()
    settings = read_settings()
    tokens = _tokens(settings)
    workflows = Runtime(settings).catalogue.all()
    made = manifest(workflows)  # over signed HTTP it is the same for the workspace
    made["oauth_config"]["redirect_urls"] = [f"{settings.address}{REDIRECT_PATH}"]
    try:
        refuse_real_tokens(_secrets(settings))
        with listen(port=port) as listening:
            address = f"http://127.0.0.1:{listening.getsockname()[1]}"
            printing.say(
                *(to_install(address, settings.address) if settings.installs else _told(address, tokens, http))
            )
            options = Options(tokens=tokens, deliver_to=http, installed=not settings.installs)
            serve(listening, made, environment=_secrets(settings), options=options)
    except NotHere as error:
        raise BatonError(str(error)) from None
    return 0


def _told(address: str, tokens: Tokens, http: str) -> list[str]:
    way = f"SLACK_SIGNING_SECRET={tokens.signing_secret}" if http else f"SLACK_APP_TOKEN={tokens.app}"
    return [
        f"The local workspace is at {address} until ctrl-C. Put this into .env, then `baton up` in another terminal:",
        "",
        f"SLACK_API_URL={address}/api/",
        f"SLACK_BOT_TOKEN={tokens.bot}",
        way,
        f"BATON_APPROVERS=slack:{DEFAULT_SEED.team_id}:{person_id('ben')}",
        "",
        "The last line lets Ben decide what names nobody else. You are Ana at first; switch at the top left.",
    ]


def to_install(address: str, baton: str) -> list[str]:
    """What to do where Baton comes into the workspace by a link."""
    return [
        f"The local workspace is at {address} until ctrl-C, and Baton is not installed in it yet.",
        "",
        f"Put SLACK_API_URL={address}/api/ into .env, and say `baton up` in another terminal. Then open",
        f"{baton}{INSTALL_PATH}",
        "and press Allow. You are Ana at first; switch at the top left.",
    ]


def _tokens(settings: Settings) -> Tokens:
    """The tokens of the settings, where they are a local workspace's, so that .env stays right; else new ones."""
    fresh = new_tokens()
    return Tokens(
        bot=_local(settings.slack_bot_token) or fresh.bot,
        app=_local(settings.slack_app_token) or fresh.app,
        signing_secret=_plain(settings.slack_signing_secret) or fresh.signing_secret,
        client_id=settings.slack_client_id or fresh.client_id,
        client_secret=_plain(settings.slack_client_secret) or fresh.client_secret,
    )


def _local(token: SecretStr | None) -> str:
    text = _plain(token)
    return text if text.startswith(LOCAL) else ""


def _plain(token: SecretStr | None) -> str:
    return token.get_secret_value() if token is not None else ""


def _secrets(settings: Settings) -> dict[str, str]:
    return {"SLACK_BOT_TOKEN": _plain(settings.slack_bot_token), "SLACK_APP_TOKEN": _plain(settings.slack_app_token)}
