"""Settings that are more than text."""

from __future__ import annotations

import pytest

from bot.settings import SLACK_API, SettingsError, read_settings, secrets_of


def test_roles() -> None:
    text = "finance=slack:T1:U1, slack:T1:S2 ; role:legal=cli:ana;; finance=cli:ben"
    assert read_settings(baton_roles=text).baton_roles == {
        "finance": ("slack:T1:U1", "slack:T1:S2", "cli:ben"),
        "legal": ("cli:ana",),
    }
    assert read_settings(baton_roles="").baton_roles == {}


@pytest.mark.parametrize("text", ["finance", "=cli:ana", "finance=", "finance=,"])
def test_roles_that_say_nothing(text: str) -> None:
    with pytest.raises(SettingsError, match=r"BATON_ROLES.*name=member,member"):
        read_settings(baton_roles=text)


@pytest.mark.parametrize(
    ("given", "used"),
    [
        (SLACK_API, SLACK_API),
        ("https://slack.com/api", SLACK_API),
        ("http://127.0.0.1:8020/api", "http://127.0.0.1:8020/api/"),
        ("http://localhost:1/api/", "http://localhost:1/api/"),
        ("http://[::1]:1/api/", "http://[::1]:1/api/"),
    ],
)
def test_slacks_own_address_or_this_machine(given: str, used: str) -> None:
    assert read_settings(slack_api_url=given).slack_api_url == used


@pytest.mark.parametrize(
    "url",
    [
        "https://slack.com.evil.example/api/", "http://slack.com/api/", "https://evil.example/api/",
        "http://127.0.0.1@evil.example/", "https://slack.com:444/api/", "ftp://127.0.0.1/", "http://10.0.0.1/api/", "x",
    ],
)  # fmt: skip
def test_tokens_go_nowhere_else(url: str) -> None:
    with pytest.raises(SettingsError, match="SLACK_API_URL"):
        read_settings(slack_api_url=url)


def test_hooks_and_their_secrets() -> None:
    given = read_settings(baton_hooks="stripe=order, refund; crm=lead", baton_hook_secrets="stripe=a=,b; crm=c")
    assert given.baton_hooks == {"stripe": ("order", "refund"), "crm": ("lead",)}
    assert [one.get_secret_value() for one in given.baton_hook_secrets["stripe"]] == ["a=", "b"]
    assert {one.get_secret_value() for one in secrets_of(given)} >= {"a=", "b", "c"}
    assert read_settings(baton_hook_keep="2w").hook_keep.days == 14


@pytest.mark.parametrize(
    ("over", "words"),
    [
        ({"baton_hooks": "stripe"}, r"BATON_HOOKS.*'stripe' is no hook: write name=workflow,workflow"),
        ({"baton_hook_secrets": "a=b; made-up-4711"}, r"BATON_HOOK_SECRETS.*entry 2 can't be read: write name=secret"),
        ({"baton_hook_keep": "6d"}, "BATON_HOOK_KEEP.*7d at least"),
        ({"baton_hook_keep": "long"}, "BATON_HOOK_KEEP"),
        ({"baton_hook_keep": "9999y"}, "BATON_HOOK_KEEP.*calendar"),
    ],
)
def test_settings_of_hooks_that_can_t_be_used(over: dict[str, str], words: str) -> None:
    with pytest.raises(SettingsError, match=words) as caught:
        read_settings(**over)
    assert "made-up-4711" not in str(caught.value)
