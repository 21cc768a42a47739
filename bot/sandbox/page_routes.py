"""What the page in the browser talks to. Only pages from this computer are answered."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, PlainTextResponse, Response, StreamingResponse
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from bot.sandbox import page_state
from bot.sandbox.api.files import MOST_BYTES, keep, share
from bot.sandbox.multipart import Field, read_form
from bot.sandbox.outcomes import AppFailed, Refused
from bot.sandbox.page_acts import PageActs
from bot.sandbox.server import Site

FOLDER = Path(__file__).parent / "page"
HEADERS = {
    "Content-Security-Policy": "default-src 'self'; img-src 'self' data: https: http:; frame-ancestors 'none'; "
    "base-uri 'none'; form-action 'self'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}
LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
BREATH = 0.02
"""Seconds for which changes are gathered before the page is told."""
KEEP_ALIVE = 15.0
Handler = Callable[[Request], Awaitable[Response]]


def page_routes(site: Site) -> list[BaseRoute]:
    """The page, its files, and the addresses under /_workspace/."""
    page = Page(site)
    return [
        Route("/", local(page.index)),
        Route("/_workspace/state", local(page.state)),
        Route("/_workspace/events", local(page.events)),
        Route("/_workspace/act", local(page.act), methods=["POST"]),
        Route("/_workspace/upload", local(page.upload), methods=["POST"]),
        Route("/_workspace/files/{id}/{name}", local(page.file)),
        Mount("/_page", PageFiles(directory=FOLDER, check_dir=False)),
    ]


def local(handler: Handler) -> Handler:
    """Refuse requests that another site's page makes in the same browser."""

    async def guarded(request: Request) -> Response:
        refusal = stranger(request)
        if refusal is not None:
            return refusal
        if request.method == "POST" and request.headers.get("x-workspace") != "1":
            return PlainTextResponse("The header X-Workspace: 1 is missing.", 403)
        return await handler(request)

    return guarded


def stranger(request: Request) -> Response | None:
    """The refusal of what comes from another site's page, or by another name of this computer; None for our own."""
    origin = request.headers.get("origin", "")
    if urlsplit(f"//{request.headers.get('host', '')}").hostname not in LOOPBACK:
        return PlainTextResponse("This workspace answers to its address on this computer alone.", 403)
    if origin and urlsplit(origin).netloc != request.headers.get("host"):
        return PlainTextResponse("This workspace does not answer to other pages.", 403)
    return None


class PageFiles(StaticFiles):
    """The page's own files."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        """A file under the strict policy."""
        answer = await super().get_response(path, scope)
        answer.headers.update(HEADERS)
        return answer


class Page:
    """The page's side of the workspace."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._world = site.world
        self._acts = PageActs(site)

    async def index(self, _request: Request) -> Response:
        """The page."""
        return FileResponse(FOLDER / "index.html", headers=HEADERS)

    async def state(self, request: Request) -> Response:
        """All that this person sees."""
        with self._world.changed:
            person = page_state.somebody(self._world, request.query_params.get("user", ""))
            told = page_state.state(self._world, person, self._site.faults)
        return JSONResponse(told, headers=HEADERS)

    async def events(self, _request: Request) -> Response:
        """A line at every change."""
        return StreamingResponse(self._changes(), media_type="text/event-stream", headers=HEADERS)

    async def act(self, request: Request) -> Response:
        """One thing that a person did."""
        if not request.headers.get("content-type", "").startswith("application/json"):
            return _refused("The page has to send JSON.", 415)
        try:
            told = json.loads(await request.body())
            person = self._world.people[str(told["user"])]
            deed = self._acts.kinds[str(told["kind"])]
        except (ValueError, KeyError, TypeError):
            return _refused("The page sent something that the workspace does not understand.", 400)
        return await _answered(lambda: deed(person, told))

    async def upload(self, request: Request) -> Response:
        """A file that a person drops."""
        body = await request.body()
        if len(body) > MOST_BYTES:
            return _refused(f"Files may have at most {MOST_BYTES // 1_000_000} MB here.", 413)
        fields = {one.name: one for one in read_form(request.headers.get("content-type", ""), body)}
        if "file" not in fields or fields["user"].text not in self._world.people:
            return _refused("The page sent no file.", 400)
        return await _answered(lambda: self._uploaded(fields))

    async def file(self, request: Request) -> Response:
        """A file's content, which the browser shows and never runs."""
        file = self._world.files.get(request.path_params["id"])
        if file is None:
            return PlainTextResponse("There is no such file.", 404, headers=HEADERS)
        picture = file.mimetype.startswith("image/") and file.mimetype != "image/svg+xml"
        kind = file.mimetype if picture or file.mimetype == "application/pdf" else "text/plain; charset=utf-8"
        policy = {"Content-Security-Policy": "default-src 'none'; sandbox"}
        return Response(file.content, media_type=kind, headers=HEADERS | policy)

    async def _uploaded(self, fields: dict[str, Field]) -> dict[str, Any]:
        def text(name: str) -> str:
            return fields[name].text if name in fields else ""

        given, world = fields["file"], self._world
        with world.changing():
            name = Path(given.filename or "file").name
            file = keep(world, world.new_id("F"), name, name, given.content, text("user"))
            if text("channel") and text("purpose") != "input":
                channel = world.channel(text("channel"))
                if not channel.has(file.user):
                    raise Refused(f"You are not in #{channel.name}.")
                share(self._site.desk, [file], [channel.id], text("comment"), text("thread_ts"))
        return {"file": page_state.file(file)}

    async def _changes(self) -> AsyncIterator[str]:
        changed, loop = asyncio.Event(), asyncio.get_running_loop()

        def notice() -> None:
            loop.call_soon_threadsafe(changed.set)

        self._world.watchers.append(notice)
        try:
            while not self._site.stopping:
                yield f"data: {json.dumps({'version': self._world.version})}\n\n"
                try:
                    async with asyncio.timeout(KEEP_ALIVE):
                        await changed.wait()
                except TimeoutError:
                    yield ": still here\n\n"
                await asyncio.sleep(BREATH)
                changed.clear()
        finally:
            self._world.watchers.remove(notice)


async def _answered(deed: Callable[[], Awaitable[dict[str, Any]]]) -> Response:
    try:
        told = await deed()
    except (Refused, AppFailed) as refused:
        return _refused(str(refused), 200)
    except LookupError as unknown:
        return _refused(str(unknown.args[0] if unknown.args else unknown), 200)
    return JSONResponse({"ok": True, **told}, headers=HEADERS)


def _refused(words: str, status: int) -> Response:
    return JSONResponse({"ok": False, "error": words}, status, headers=HEADERS)
