"""Which models are asked, and how: light, so that the settings can be read without a provider's library."""

from __future__ import annotations

from datetime import timedelta

from pydantic import BaseModel, ConfigDict, Field, SecretStr

from integrations.errors import NotConnected
from integrations.protocols import Role

DEFAULT_OPENAI = "openai:gpt-6.1-terra"
DEFAULT_ANTHROPIC = "anthropic:claude-sonnet-5-5"
OPENAI = frozenset({"openai", "openai-responses", "openai-chat"})
"""Providers that use OPENAI_API_KEY and OPENAI_BASE_URL; all but `openai-chat` speak the Responses API."""


class AISettings(BaseModel):
    """Models as `provider:name`, by role where they differ; `model` is for the roles that have none.

    Without any, the key that is there chooses: OpenAI's before Anthropic's. With an address of its own
    (`openai_base_url`) no model can be guessed, so one has to be named.
    """

    model_config = ConfigDict(frozen=True)

    model: str = ""
    writer: str = ""
    editor: str = ""
    fast: str = ""
    openai_api_key: SecretStr | None = None
    openai_base_url: str = ""
    anthropic_api_key: SecretStr | None = None
    anthropic_base_url: str = ""
    timeout: timedelta = Field(default=timedelta(minutes=4), gt=timedelta(0))
    """For one request to a model; a step may make several."""
    max_tokens: int = Field(default=16_000, ge=256)
    """How much a model may write in one answer, thinking included: bounds what a question can cost."""

    def named(self, role: Role) -> str:
        """The model for a role; raises NotConnected when none is set and no key chooses one."""
        by_role = {"writer": self.writer, "editor": self.editor, "fast": self.fast}
        chosen = by_role[role] or self.model or self._by_key()
        if not chosen:
            words = "No language model is set. Set BATON_MODEL, for instance to"
            raise NotConnected(f"{words} {DEFAULT_OPENAI}, and the key of its provider, then press Resume.")
        return chosen

    def _by_key(self) -> str:
        if self.openai_api_key is not None and not self.openai_base_url:
            return DEFAULT_OPENAI
        return DEFAULT_ANTHROPIC if self.anthropic_api_key is not None else ""
