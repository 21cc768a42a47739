"""A real MCP server for tests, by the SDK's own FastMCP: over standard input and output, or over HTTP."""

from __future__ import annotations

import asyncio
import os
import socket
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import uvicorn
from mcp.server.fastmcp import FastMCP
from mcp.types import ToolAnnotations


def server(notes: Path, port: int = 0) -> FastMCP:
    """A server that keeps notes in a file, with a tool for each way in which tools behave."""
    made = FastMCP("notes", port=port, log_level="CRITICAL")

    @made.tool(annotations=ToolAnnotations(title="Add two numbers", readOnlyHint=True))
    def add(a: int, b: int = 1) -> int:
        """Add. Nothing is kept."""
        return a + b

    @made.tool()
    def write_note(text: str) -> str:
        """Write a note."""
        with notes.open("a", encoding="utf-8") as file:
            file.write(f"{text}\n")
        return f"noted {text}"

    @made.tool(annotations=ToolAnnotations(idempotentHint=True))
    def set_note(text: str) -> dict[str, str]:
        """Keep this note alone."""
        notes.write_text(text, encoding="utf-8")
        return {"text": text}

    @made.tool()
    def refuse() -> str:
        """Always fail."""
        raise ValueError(f"no notes for {os.environ.get('NOTES_KEY', 'nobody')}")

    @made.tool()
    def die(text: str) -> str:
        """Write a note, then end the server."""
        write_note(text)
        sys.stderr.write("out of paper\n")
        sys.stderr.flush()
        os._exit(3)

    @made.tool(annotations=ToolAnnotations(readOnlyHint=True))
    async def wait() -> str:
        """Never answer."""
        await asyncio.Event().wait()
        return ""

    return made


@contextmanager
def serving_mcp(notes: Path) -> Iterator[str]:
    """The server over HTTP for the block; its address."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        port = listening.getsockname()[1]
        app = server(notes, port).streamable_http_app()
        http = uvicorn.Server(uvicorn.Config(app, log_level="critical", lifespan="on"))
        thread = threading.Thread(target=http.run, args=([listening],))
        thread.start()
        try:
            while not http.started and thread.is_alive():
                time.sleep(0.01)
            yield f"http://127.0.0.1:{port}/mcp"
        finally:
            http.should_exit = True
            http.force_exit = True
            thread.join()


if __name__ == "__main__":
    server(Path(os.environ["NOTES"])).run()
