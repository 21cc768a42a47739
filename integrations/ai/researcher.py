"""Models that can search by themselves: the interface, which loads no provider's library."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic

from pydantic import BaseModel, ConfigDict

from integrations.protocols import M, Models, Prompt, Role, Source, Sources


class Found(BaseModel, Generic[M]):
    """An answer, and everything that was found on the way to it, in the order of finding."""

    model_config = ConfigDict(frozen=True)

    output: M
    found: tuple[Source, ...]


class Researcher(Models, protocol=True):
    """Language models that can search by themselves; the connector that is bound to `Models` may be one."""

    def ask_with_search(
        self,
        output_type: type[M],
        prompt: Prompt,
        find: Callable[[str], Sources],
        role: Role = "writer",
        searches: int = 5,
    ) -> Found[M]:
        """The model's answer to `prompt`, for which it may call `find` at most `searches` times."""
        raise NotImplementedError
