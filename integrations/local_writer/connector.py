"""A writer that asks nobody: it puts texts together from what it is given."""

from __future__ import annotations

from pydantic import BaseModel, ValidationError

from integrations.base import Health
from integrations.errors import InvalidRequest
from integrations.local_writer.tasks import TASKS
from integrations.protocols import M, Models, Prompt, Role
from workflows.engine.policy import Usage, current_call

NAME = "local-writer"


class LocalWriter(Models):
    """An offline writer: it composes answers from the prompt's material, the same for the same material."""

    def ask(self, output_type: type[M], prompt: Prompt, role: Role = "writer") -> M:  # noqa: ARG002 - one writer for all
        """The answer to `prompt`, put together by rules; what it can't do is an InvalidRequest."""
        compose = TASKS.get(prompt.task)
        if compose is None:
            known = ", ".join(TASKS)
            raise InvalidRequest(
                f"The local writer can't do {prompt.task!r}, only {known}. Set a language model for it."
            )
        call = current_call()
        if call is not None:
            call.spend(Usage(NAME, cost=0.0))
        try:
            return output_type.model_validate(compose(prompt.material))
        except ValidationError as error:
            raise InvalidRequest(_misfit(prompt.task, output_type, error)) from None

    def health(self) -> Health:
        """Always able to work."""
        return Health(True, "The local writer composes from sources. Set a language model for real writing.")


def _misfit(task: str, output_type: type[BaseModel], error: ValidationError) -> str:
    first = error.errors(include_input=False, include_url=False)[0]
    place = ".".join(str(part) for part in first["loc"]) or "the whole"
    side = f"answer as a {output_type.__name__}" if error.title == output_type.__name__ else "material"
    words = f"The local writer's task {task!r} does not fit the {side}: {place}: {first['msg']}"
    return f"{words}. Set a language model for it."
