"""The local site's public folder, as plain files that can do nothing."""

from __future__ import annotations

from pathlib import Path

from starlette.exceptions import HTTPException
from starlette.responses import PlainTextResponse, Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

HEADERS = {
    "Content-Security-Policy": "default-src 'none'; img-src 'self'; style-src 'self'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cache-Control": "no-cache",
}


class PublicSite(StaticFiles):
    """Files of one folder and nothing outside it; the folder may come later. Hidden files are not there."""

    def __init__(self, folder: Path) -> None:
        super().__init__(directory=folder, html=True, check_dir=False)

    async def get_response(self, path: str, scope: Scope) -> Response:
        """The file, or 404: also where the folder does not exist yet."""
        if "\0" in path or any(part.startswith(".") and part != "." for part in Path(path).parts):
            raise HTTPException(404)
        try:
            response = await super().get_response(path, scope)
        except HTTPException as error:
            if error.status_code != 404:
                raise
            response = PlainTextResponse("Nothing is published here.\n", 404)
        response.headers.update(HEADERS)
        return response

    async def check_config(self) -> None:
        """Allow a folder that is not there yet: nothing was published so far."""
