"""Language models of any provider, through pydantic-ai."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

from pydantic_ai import Agent, Tool, UsageLimits
from pydantic_ai.settings import ModelSettings

from integrations.ai import wording
from integrations.ai.faults import mapped
from integrations.ai.providers import model_of
from integrations.ai.researcher import Found, Researcher
from integrations.ai.searching import Searches
from integrations.ai.settings import OPENAI, AISettings
from integrations.ai.watched import Watched
from integrations.base import Health
from integrations.http import Gate, Http, Limits, Redactor
from integrations.http.gate import Way, governing
from integrations.http.redaction import plain
from integrations.protocols import M, Prompt, Role, Sources
from workflows.engine.policy import current_call

VALIDATIONS = 1
"""How often a model may mend an answer that does not fit its shape, within one question."""
RUN_HEADER = "X-Baton-Run"
OPENAI_URL = "https://api.openai.com/v1"
ANTHROPIC_URL = "https://api.anthropic.com"
ANTHROPIC_VERSION = "2023-06-01"


class PydanticAI(Researcher):
    """Models that answer in a given shape. Nothing is retried here but a misshapen answer: the engine retries."""

    def __init__(self, settings: AISettings, gate: Gate | None = None) -> None:
        self._settings = settings
        self._gate = gate or governing()
        keys = (settings.openai_api_key, settings.anthropic_api_key)
        self._redact = Redactor(key for key in keys if key is not None)

    def ask(self, output_type: type[M], prompt: Prompt, role: Role = "writer") -> M:
        """The model's answer as an `output_type`; what was spent is recorded with the step."""
        return self._run(output_type, prompt, role, (), UsageLimits(request_limit=1 + VALIDATIONS))

    def ask_with_search(
        self,
        output_type: type[M],
        prompt: Prompt,
        find: Callable[[str], Sources],
        role: Role = "writer",
        searches: int = 5,
    ) -> Found[M]:
        """The model's answer, for which it may search a few times; every page that it was shown comes with it."""
        searching = Searches(find, searches)
        limits = UsageLimits(request_limit=searches + 2 + VALIDATIONS)
        tool: Tool[object] = Tool(searching.search, takes_ctx=False, sequential=True)
        output = self._run(output_type, prompt, role, (tool,), limits)
        return Found[M](output=output, found=searching.found)

    def health(self) -> Health:
        """Whether the provider of the writer's model answers and has the model."""
        name = self._settings.named("writer")
        provider, _, model = name.partition(":")
        if provider in OPENAI:
            return self._healthy_openai(name, model)
        if provider == "anthropic":
            return self._healthy_anthropic(name, model)
        model_of(name, self._settings)
        return Health(True, f"{name} is set; whether it answers shows at the first question")

    def _run(
        self, output_type: type[M], prompt: Prompt, role: Role, tools: Sequence[Tool[object]], limits: UsageLimits
    ) -> M:
        name = self._settings.named(role)
        agent: Agent[object, M] = Agent(
            Watched(model_of(name, self._settings), self._way(name)),
            output_type=output_type,
            instructions=wording.instructions(prompt),
            tools=tools,
            retries={"output": VALIDATIONS, "tools": VALIDATIONS},
            model_settings=self._model_settings(),
        )
        with mapped(name, f"the task {prompt.task!r}", self._redact):
            return asyncio.run(_answer(agent, wording.material(prompt), limits))

    def _way(self, name: str) -> Way:
        """The way to a model: each has limits of its own, and all of a provider are up or down together."""
        provider, _, model = name.partition(":")
        if provider in OPENAI:
            address, key = self._settings.openai_base_url or OPENAI_URL, self._settings.openai_api_key
            return self._gate.way("OpenAI", address, Limits(), (model, *plain([key] if key else [])))
        if provider == "anthropic":
            address, key = self._settings.anthropic_base_url or ANTHROPIC_URL, self._settings.anthropic_api_key
            return self._gate.way("Anthropic", address, Limits(), (model, *plain([key] if key else [])))
        return self._gate.way(provider, provider, Limits(), (model,))

    def _model_settings(self) -> ModelSettings:
        seconds = self._settings.timeout.total_seconds()
        most = self._settings.max_tokens
        settings = ModelSettings(max_retries=0, timeout=seconds, request_timeout=seconds, max_tokens=most)
        call = current_call()
        if call is not None:
            settings["extra_headers"] = {RUN_HEADER: call.run_id}
        return settings

    def _healthy_openai(self, name: str, model: str) -> Health:
        settings = self._settings
        model_of(name, settings)
        key = settings.openai_api_key.get_secret_value() if settings.openai_api_key else ""
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        path = "models" if settings.openai_base_url else f"models/{model}"  # not every server has the longer one
        return _answers(name, settings.openai_base_url or OPENAI_URL, path, headers)

    def _healthy_anthropic(self, name: str, model: str) -> Health:
        settings = self._settings
        model_of(name, settings)
        key = settings.anthropic_api_key.get_secret_value() if settings.anthropic_api_key else ""
        headers = {"Authorization": f"Bearer {key}", "anthropic-version": ANTHROPIC_VERSION}
        return _answers(name, settings.anthropic_base_url or ANTHROPIC_URL, f"v1/models/{model}", headers)


async def _answer(agent: Agent[object, M], material: str, limits: UsageLimits) -> M:
    """One question, in an event loop and over connections of its own: threads share neither."""
    async with agent:
        result: Any = await agent.run(material, usage_limits=limits)
    answer: M = result.output
    return answer


def _answers(name: str, url: str, path: str, headers: dict[str, str]) -> Health:
    http = Http(name, url.rstrip("/") + "/", headers=headers)
    try:
        http.request("GET", path, what=f"the model {name}")
    finally:
        http.close()
    return Health(True, f"{name} answers")
