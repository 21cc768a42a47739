"""Speaking with an MCP server: a session for one call, whose failures are told apart by how far it had come."""

from __future__ import annotations

import asyncio
import logging
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import IO, Any, TypeVar

import httpx
from mcp import types
from mcp.client.session import ClientSession
from mcp.client.stdio import StdioServerParameters, stdio_client
from mcp.client.streamable_http import streamable_http_client
from mcp.shared.exceptions import McpError

from integrations.added.auth import Known
from integrations.errors import ConnectorError, InvalidRequest, NotConnected, NotFound, Unavailable
from integrations.http import Fault
from integrations.mcp.rules import MCPRules
from workflows.engine.policy import Effect, current_call

INVALID_PARAMS, NO_METHOD = -32602, -32601
RUN_HEADER = "X-Baton-Run"
TAIL = 180
"""Characters of what a program last said on standard error."""
PAGES = 100
QUIET = {"httpx": logging.WARNING, "httpcore": logging.WARNING, "mcp.client": logging.CRITICAL}
"""They log whole addresses and tracebacks; what people should know is in the error."""

T = TypeVar("T")
Work = Callable[[ClientSession], Awaitable[T]]


@dataclass
class Progress:
    """How far a session has come, and what broke it."""

    sent: bool = False
    """Whether the tool's call is on its way: from then on nobody knows whether it took effect."""
    last_words: str = ""
    """What a program wrote to standard error at the end."""
    broken: asyncio.Event = field(default_factory=asyncio.Event)
    response: httpx.Response | None = None
    failure: httpx.TransportError | None = None


@dataclass(frozen=True)
class Server:
    """One MCP server, as its rules say."""

    title: str
    rules: MCPRules
    values: Mapping[str, str]

    def ask(self, work: Work[T], progress: Progress, fault: Fault) -> T:
        """Open a session, do `work` in it, and end it; raises an error of the tree."""
        for name, level in QUIET.items():
            logging.getLogger(name).setLevel(level)
        outcome: list[T | BaseException] = []
        try:
            asyncio.run(self._session(work, progress, outcome))
        except OSError as error:
            words = f"{self.title} could not be started: {error.strerror or error}: {self.rules.command[0]}"
            raise NotConnected(f"{words}. Install it, or correct its file.") from None
        except Exception as error:  # noqa: BLE001 - what a session's end raises says less than what ended it
            outcome.append(error)
        if not outcome:
            raise self._broken(progress, fault)
        first = outcome[0]
        if isinstance(first, Exception):
            raise self._told(first, progress, fault) from None
        if isinstance(first, BaseException):
            raise first
        return first

    # -----------------------------------------------------------------------------------------------------

    async def _session(self, work: Work[T], progress: Progress, outcome: list[T | BaseException]) -> None:
        """Speak until the work is done, the connection breaks, or time is up; then `outcome` is empty."""
        async with AsyncExitStack() as stack:
            read, write = await stack.enter_async_context(self._connected(progress, stack))
            session = await stack.enter_async_context(ClientSession(read, write))
            working = asyncio.ensure_future(_done(session, work))
            broken = asyncio.ensure_future(progress.broken.wait())
            await asyncio.wait({working, broken}, timeout=self.rules.timeout, return_when=asyncio.FIRST_COMPLETED)
            broken.cancel()
            if working.done():
                outcome.append(working.exception() or working.result())
                return
            working.cancel()
            with suppress(asyncio.CancelledError, Exception):
                await working

    @asynccontextmanager
    async def _connected(self, progress: Progress, stack: AsyncExitStack) -> AsyncIterator[tuple[Any, Any]]:
        if self.rules.command:
            said = stack.enter_context(tempfile.TemporaryFile())  # noqa: SIM115 - the stack closes it
            stack.callback(_read_last_words, said, progress)  # when the program has ended
            errors: Any = said  # of which the file number is used
            async with stdio_client(self._program(), errlog=errors) as (read, write):
                yield read, write
            return
        call = current_call()
        headers = {**self.rules.headers, **({RUN_HEADER: call.run_id} if call else {})}
        auth = Known(self.rules, self.values) if self.rules.auth else None
        wait = httpx.Timeout(self.rules.timeout, connect=5.0)
        async with (
            httpx.AsyncClient(headers=headers, auth=auth, timeout=wait, transport=_Watched(progress)) as client,
            streamable_http_client(self.rules.url, http_client=client) as (read, write, _),
        ):
            yield read, write

    def _program(self) -> StdioServerParameters:
        secret = {name: self.values[name.lower()] for name in self.rules.secret_environment}
        program, *arguments = self.rules.command
        return StdioServerParameters(
            command=program, args=arguments, env={**self.rules.environment, **secret}, encoding_error_handler="replace"
        )

    def _broken(self, progress: Progress, fault: Fault) -> ConnectorError:
        fault = Fault(fault.service, fault.what, fault.write and progress.sent, fault.redact)
        if progress.response is not None:
            return fault.answer(progress.response)
        if progress.failure is not None:
            return fault.transport(progress.failure)
        return self._unavailable(f"did not answer within {self.rules.timeout:g} seconds", progress, fault)

    def _told(self, error: Exception, progress: Progress, fault: Fault) -> ConnectorError:
        if isinstance(error, ConnectorError):
            return error
        if progress.response is not None or progress.failure is not None:
            return self._broken(progress, fault)
        if isinstance(error, McpError):
            said = fault.clean(error.error.message)
            if error.error.code == INVALID_PARAMS:
                return InvalidRequest(f"{self.title} did not accept {fault.what}: {said}. Change it, then start again.")
            if error.error.code == NO_METHOD:
                return NotFound(f"{self.title} does not know {fault.what}: {said}. Look whether it has changed.")
            return self._unavailable(f"ended {fault.what} with an error: {said}", progress, fault)
        return self._unavailable(f"broke off: {fault.clean(str(error) or type(error).__name__)}", progress, fault)

    def _unavailable(self, words: str, progress: Progress, fault: Fault) -> Unavailable:
        last = fault.clean(progress.last_words)
        heard = f" It last said: {last}." if last else ""
        effect = Effect.UNKNOWN if fault.write and progress.sent else Effect.NONE
        return Unavailable(f"{self.title} {words}.{heard} Baton tries again; if it stays, look at it.", effect=effect)


async def _done(session: ClientSession, work: Work[T]) -> T:
    await session.initialize()
    return await work(session)


async def all_tools(session: ClientSession) -> list[dict[str, Any]]:
    """Every tool of a server, as it lists them."""
    found: list[dict[str, Any]] = []
    cursor: str | None = None
    for _ in range(PAGES):
        page = await session.list_tools(params=types.PaginatedRequestParams(cursor=cursor) if cursor else None)
        found += [one.model_dump(mode="json", by_alias=True, exclude_none=True) for one in page.tools]
        cursor = page.nextCursor
        if not cursor:
            break
    return found


async def called(
    session: ClientSession, tool: str, arguments: dict[str, Any], key: str | None, progress: Progress
) -> types.CallToolResult:
    """Call a tool; the lease is checked just before, and from then on the outcome is open."""
    call = current_call()
    if call is not None:
        call.check()
    progress.sent = True
    meta = types.RequestParams.Meta.model_validate({"baton/idempotencyKey": key}) if key else None
    params = types.CallToolRequestParams(name=tool, arguments=arguments, _meta=meta)
    request = types.ClientRequest(types.CallToolRequest(params=params))
    return await session.send_request(request, types.CallToolResult)


class _Watched(httpx.AsyncHTTPTransport):
    """Notes what breaks a connection, which the session's own machinery keeps to itself."""

    def __init__(self, progress: Progress) -> None:
        super().__init__()
        self._progress = progress

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send `request`; a refusal of a POST is read, noted, and ends the session."""
        try:
            response = await super().handle_async_request(request)
        except httpx.TransportError as error:
            if request.method == "POST":
                self._progress.failure = error
                self._progress.broken.set()
            raise
        if request.method == "POST" and not response.is_success:
            response.request = request
            await response.aread()
            self._progress.response = response
            self._progress.broken.set()
        return response


def _read_last_words(said: IO[bytes], progress: Progress) -> None:
    said.seek(max(0, said.seek(0, 2) - TAIL))
    progress.last_words = said.read().decode(errors="replace")
