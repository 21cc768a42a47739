"""Which model is asked, and that choosing one loads no provider's library."""

from __future__ import annotations

import subprocess
import sys

import pytest
from pydantic import SecretStr
from pydantic_ai.models import known_model_names

from integrations.ai.settings import DEFAULT_ANTHROPIC, DEFAULT_OPENAI, AISettings
from integrations.errors import NotConnected

KEY = SecretStr("made-up")


def test_a_role_falls_back_to_the_common_model() -> None:
    settings = AISettings(model="openai:a", editor="anthropic:b")
    assert (settings.named("writer"), settings.named("editor"), settings.named("fast")) == (
        "openai:a",
        "anthropic:b",
        "openai:a",
    )


def test_without_a_model_the_key_chooses() -> None:
    assert AISettings(openai_api_key=KEY, anthropic_api_key=KEY).named("fast") == DEFAULT_OPENAI
    assert AISettings(anthropic_api_key=KEY).named("fast") == DEFAULT_ANTHROPIC


def test_for_a_server_of_ones_own_a_model_has_to_be_named() -> None:
    with pytest.raises(NotConnected, match="Set BATON_MODEL"):
        AISettings(openai_api_key=KEY, openai_base_url="http://127.0.0.1:1/v1").named("writer")


def test_without_anything_it_says_what_to_set() -> None:
    with pytest.raises(NotConnected, match=r"^No language model is set\. Set BATON_MODEL"):
        AISettings().named("writer")


@pytest.mark.parametrize("name", [DEFAULT_OPENAI, DEFAULT_ANTHROPIC])
def test_the_defaults_exist(name: str) -> None:
    assert name in known_model_names()


def test_settings_can_be_a_key_and_show_no_secret() -> None:
    settings = AISettings(openai_api_key=KEY)
    assert hash(settings) == hash(AISettings(openai_api_key=KEY))
    assert "made-up" not in repr(settings)


def test_heavy_libraries_are_loaded_with_the_connector_only() -> None:
    code = (
        "import sys, integrations.registry, integrations.protocols, integrations.ai.settings, "
        "workflows.library.content_pipeline, workflows.library.content_trigger;"
        "print([m for m in ('pydantic_ai', 'openai', 'anthropic', 'httpx', 'PIL') if m in sys.modules])"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"
