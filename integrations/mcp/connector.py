"""Any Model Context Protocol server: its tools are actions."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from functools import cached_property, partial
from typing import Any

from mcp import types
from pydantic_core import to_jsonable_python

from integrations.added.actions import BoundAction
from integrations.added.rules import digest_of, read_rules
from integrations.added.settings import ServiceSettings
from integrations.base import ACTION_TIMEOUT, Health
from integrations.errors import ConnectorError, InvalidRequest, Unauthorized, Unavailable
from integrations.http import Fault, Gate, Redactor
from integrations.http.gate import governing
from integrations.http.redaction import plain
from integrations.mcp.rules import MCPRules, ToolRules
from integrations.mcp.session import Progress, Server, all_tools, called
from integrations.mcp.tools import BadTools, Tool, Tools
from integrations.rates import Limits
from integrations.services import DOES, Service, action_name, service
from workflows.engine.policy import CallSpec, Retry, current_call

ASKING = ("POST", "")
"""As what a session goes through the gate."""


class MCP(Service):
    """Any server that speaks the Model Context Protocol."""

    slug = "mcp"

    def __init__(self, settings: ServiceSettings, gate: Gate | None = None) -> None:
        self.name = settings.name
        self.rules = read_rules(MCPRules, settings.rules)
        self._file = settings.folder / self.rules.tools
        self._values = {name: secret.get_secret_value() for name, secret in settings.secrets}
        self._missing = [name for name in self.rules.secrets if not self._values.get(name)]
        self._title = self.rules.title or settings.name.replace("_", " ").capitalize()
        self._redact = Redactor([value for value in self._values.values() if value])
        pace, place = self.rules.pace, self.rules.url or " ".join(self.rules.command)
        self._way = (gate or governing()).way(
            self._title, place, pace if isinstance(pace, Limits) else Limits(pace), plain(self._values.values())
        )

    @cached_property
    def tools(self) -> Tools:
        """The tools that were there when the server was added; raises BadTools."""
        try:
            return Tools.read(self.name, self._file.read_bytes())
        except OSError as error:
            raise BadTools(f"The tools of {self.name}, {self._file}, can't be read: {error.strerror}") from None

    def spec(self, tool: Tool) -> CallSpec:
        """How the engine treats a tool: by the hints that were there when it was added, or else as the rules say."""
        rules = self.rules_for(tool)
        reads = bool(tool.hints.get("readOnlyHint")) if rules.read is None else rules.read
        again = bool(tool.hints.get("idempotentHint")) if rules.idempotent is None else rules.idempotent
        patience = max(ACTION_TIMEOUT, timedelta(seconds=self.rules.timeout * 2))
        return CallSpec(
            f"{self.slug}.{tool.name}",
            tool.title,
            reads or again,
            Retry(attempts=rules.attempts) if rules.attempts else Retry(),
            timedelta(seconds=rules.timeout) if rules.timeout else patience,
            writes=not reads,
            owner=type(self),
        )

    def rules_for(self, tool: Tool) -> ToolRules:
        """What the project says of one tool."""
        return self._own_rules.get(tool.name, ToolRules())

    @cached_property
    def _own_rules(self) -> Mapping[str, ToolRules]:
        return {action_name(name): rules for name, rules in self.rules.operations.items()}

    def __getattr__(self, name: str) -> Any:
        """The action of a tool, by the name that `Service.action` gave it."""
        if not name.startswith(DOES):
            raise AttributeError(name)
        tool = self.tools.tool(name.removeprefix(DOES))
        return BoundAction(partial(self.call, tool.name), self.spec(tool))

    def call(self, operation: str, /, **arguments: Any) -> Any:
        """Call a tool and return what it answers: its structured content, its text, or a list of what else it sent."""
        tool = self.tools.tool(operation)
        given: dict[str, Any] = to_jsonable_python(arguments)
        tool.check(self.name, given)
        progress = Progress()
        fault = Fault(self._title, f"the tool {tool.id}", self.spec(tool).is_write, self._redact)
        result: types.CallToolResult = self._ask(
            lambda session: called(session, tool.id, given, self.key, progress), progress, fault
        )
        answer = answer_of(result)
        if result.isError:
            said = fault.clean(answer if isinstance(answer, str) else "without words")
            raise InvalidRequest(
                f"The tool {tool.id} of {self._title} failed: {said}. Change its arguments, then resume."
            )
        return answer

    def listed(self) -> list[dict[str, Any]]:
        """The tools that the server has now, as it lists them."""
        found: list[dict[str, Any]] = self._ask(
            all_tools, Progress(), Fault(self._title, "its tools", False, self._redact)
        )
        return found

    def health(self) -> Health:
        """Whether the server answers, and still has the tools that it had when it was added."""
        if digest_of(self._file.read_bytes()) != self.rules.digest:
            words = f"The tools in {self._file} are not those that were added."
            return Health(False, f"{words} `baton connectors check {self.name}` says what changed.")
        changed = self.tools.changes(Tools(self.name, self.listed()))
        if changed:
            words = f"{self._title} has changed {len(changed)} of its tools."
            return Health(False, f"{words} `baton connectors check {self.name}` says which.")
        return Health(True, f"{self._title} answers, and offers {len(self.tools.by_name)} tools")

    # -----------------------------------------------------------------------------------------------------

    def _ask(self, work: Any, progress: Progress, fault: Fault) -> Any:
        if self._missing:
            names = " and ".join(f"{self.name}_{name}".upper() for name in self._missing)
            raise Unauthorized(f"{self._title} has no credential. Set {names}, then press Resume.")
        call = current_call()
        with self._way.entered(*ASKING):
            if call is not None:
                call.check()
            try:
                found = Server(self._title, self.rules, self._values).ask(work, progress, fault)
            except ConnectorError as error:
                self._heard(progress, error)
                raise
            self._way.answered(*ASKING, 200, {})
        self._way.left()
        return found

    def _heard(self, progress: Progress, error: ConnectorError) -> None:
        """Tell the gate what an answer says of the server's limits, and whether it is there."""
        if progress.response is not None:
            self._way.answered(*ASKING, progress.response.status_code, progress.response.headers)
        elif isinstance(error, Unavailable):
            self._way.unanswered()


def answer_of(result: types.CallToolResult) -> Any:
    """What a tool's answer comes to."""
    if result.structuredContent is not None:
        return result.structuredContent
    texts = [one.text for one in result.content if isinstance(one, types.TextContent)]
    if len(texts) == len(result.content):
        return "\n".join(texts) if texts else None
    return [one.model_dump(mode="json", by_alias=True, exclude_none=True) for one in result.content]


def opened(settings: ServiceSettings) -> MCP:
    """The connector of an added server, which answers for `service(name)`."""
    fields = {"__doc__": f"The service {settings.name}.", "slug": settings.name}
    made = type(settings.name.capitalize(), (MCP, service(settings.name)), fields)
    connector: MCP = made(settings)
    return connector
