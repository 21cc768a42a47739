"""A model whose every request belongs to a run: checked before, counted after."""

from __future__ import annotations

from pydantic_ai.exceptions import CostCalculationFailedWarning
from pydantic_ai.messages import ModelMessage, ModelResponse
from pydantic_ai.models import ModelRequestParameters
from pydantic_ai.models.wrapper import WrapperModel
from pydantic_ai.settings import ModelSettings

from workflows.engine.policy import Usage, current_call


class Watched(WrapperModel):
    """Asks just before each request whether this worker still holds the run, and records what each one spent."""

    async def request(
        self,
        messages: list[ModelMessage],
        model_settings: ModelSettings | None,
        model_request_parameters: ModelRequestParameters,
    ) -> ModelResponse:
        """Make one request; it is recorded also when its answer turns out to be of no use."""
        call = current_call()
        if call is not None:
            call.check()
        response = await super().request(messages, model_settings, model_request_parameters)
        if call is not None:
            call.spend(usage_of(response, f"{self.system}:{self.model_name}"))
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
