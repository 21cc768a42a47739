"""From a model's name to a pydantic-ai model with the settings' keys and addresses."""

from __future__ import annotations

from typing import Any

from pydantic import SecretStr
from pydantic_ai.exceptions import UserError
from pydantic_ai.models import Model, infer_model
from pydantic_ai.providers import Provider, infer_provider
from pydantic_ai.providers.anthropic import AnthropicProvider
from pydantic_ai.providers.openai import OpenAIProvider

from integrations.ai.settings import OPENAI, AISettings
from integrations.errors import NotConnected

NO_KEY = "no-key"
"""Sent to servers of one's own that need none: the client insists on something."""


def model_of(name: str, settings: AISettings) -> Model:
    """The model called `name`; raises NotConnected when there is none, or no key for it.

    It belongs to one event loop and has to be closed there: make one per question.
    """
    if not name.partition(":")[2]:
        raise NotConnected(f"{name!r} names no model. Set BATON_MODEL to provider:name, then press Resume.")
    try:
        return infer_model(name, lambda provider: _provider(provider, settings))
    except (UserError, ValueError, ImportError) as error:
        said = " ".join(str(error).split())[:200]
        words = f"The model {name} can't be used ({said})"
        raise NotConnected(f"{words}. Set BATON_MODEL and the key of its provider, then press Resume.") from None


def _provider(name: str, settings: AISettings) -> Provider[Any]:
    if name in OPENAI:
        if settings.openai_api_key is None and not settings.openai_base_url:
            raise NotConnected("OPENAI_API_KEY is not set. Set it, then press Resume.")
        key = _plain(settings.openai_api_key) or NO_KEY
        return OpenAIProvider(base_url=settings.openai_base_url or None, api_key=key)
    if name == "anthropic":
        if settings.anthropic_api_key is None:
            raise NotConnected("ANTHROPIC_API_KEY is not set. Set it, then press Resume.")
        return AnthropicProvider(
            api_key=_plain(settings.anthropic_api_key), base_url=settings.anthropic_base_url or None
        )
    return infer_provider(name)  # the others read their own variables from the environment


def _plain(secret: SecretStr | None) -> str:
    return secret.get_secret_value() if secret is not None else ""
