"""A model whose every request belongs to a run: it waits for its turn, is checked before and counted after."""

from __future__ import annotations

from pydantic_ai.exceptions import CostCalculationFailedWarning, ModelAPIError, ModelHTTPError
from pydantic_ai.messages import ModelMessage, ModelResponse
from pydantic_ai.models import Model, ModelRequestParameters
from pydantic_ai.models.wrapper import WrapperModel
from pydantic_ai.settings import ModelSettings

from integrations.http.gate import Way
from workflows.engine.policy import Usage, current_call

ASKING = ("POST", "")
"""As what a question goes through the gate: providers have no classes of endpoints."""


class Watched(WrapperModel):
    """Takes its turn, asks just before each request whether this worker still holds the run, and records what it spent.

    Waiting for a turn stops this thread's event loop, which holds nothing else.
    """

    def __init__(self, wrapped: Model, way: Way) -> None:
        super().__init__(wrapped)
        self._way = way

    async def request(
        self,
        messages: list[ModelMessage],
        model_settings: ModelSettings | None,
        model_request_parameters: ModelRequestParameters,
    ) -> ModelResponse:
        """Make one request; it is recorded also when its answer turns out to be of no use."""
        call = current_call()
        with self._way.entered(*ASKING):
            if call is not None:
                call.check()
            response = await self._answered(messages, model_settings, model_request_parameters)
        self._way.left()
        if call is not None:
            call.spend(usage_of(response, f"{self.system}:{self.model_name}"))
        return response

    async def _answered(
        self,
        messages: list[ModelMessage],
        model_settings: ModelSettings | None,
        model_request_parameters: ModelRequestParameters,
    ) -> ModelResponse:
        try:
            response = await super().request(messages, model_settings, model_request_parameters)
        except ModelHTTPError as error:
            self._way.answered(*ASKING, error.status_code, error.headers or {})
            raise
        except ModelAPIError:
            self._way.unanswered()
            raise
        self._way.answered(*ASKING, 200, {})
        return response


def usage_of(response: ModelResponse, name: str) -> Usage:
    """What a response spent; its cost is None where the price is not known."""
    spent = response.usage
    return Usage(name, spent.input_tokens, spent.output_tokens, _cost(response))


def _cost(response: ModelResponse) -> float | None:
    if response.usage.cost is not None:
        return float(response.usage.cost)
    try:
        return float(response.cost().total_price)
    except (LookupError, ValueError, AssertionError, CostCalculationFailedWarning):
        return None
