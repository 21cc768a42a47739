"""Adding a service to the project by its OpenAPI document, and looking whether the document has changed."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from urllib.parse import unquote, urlsplit

import httpx

import integrations
from bot.added import Added
from integrations.added.rules import digest_of
from integrations.errors import ConnectorError, InvalidRequest, NotFound
from integrations.files import write_whole
from integrations.http import AddressGuard, GuardedTransport, Http
from integrations.openapi.adding import Taken, changes, rules_text, take
from integrations.openapi.document import OTHERS, Document
from integrations.openapi.rules import Rules
from integrations.rates import service_name
from integrations.services import NAME
from workflows.engine.errors import BatonError

MAX_BYTES = 64_000_000
FETCH_TIME = timedelta(seconds=60)
HERE = "file:///"
DIGEST = re.compile(r"^digest = .*$", re.MULTILINE)
AUTH = re.compile(r"bearer|basic|none|(header|query|cookie):[!-~]+")
OURS = frozenset({"baton", "slack", "openai", "anthropic"})
"""Names that settings of Baton begin with."""


@dataclass(frozen=True)
class Wanted:
    """What somebody asked to add."""

    name: str
    source: str
    url: str = ""
    auth: str = ""
    follow: bool = False
    replace: bool = False


def add_openapi(folder: Path, wanted: Wanted) -> tuple[Added, Document]:
    """Write a service's document and rules into `folder`; raises BatonError, and then nothing was written."""
    target = folder / f"{wanted.name}.toml"
    check_name(wanted.name)
    if target.exists() and not wanted.replace:
        raise BatonError(
            f"{target} is there already. `baton connectors update {wanted.name}` takes a newer document; --replace "
            "writes the file anew."
        )
    taken, source = _taken(wanted.name, wanted.source, follow=wanted.follow)
    url = wanted.url.rstrip("/") or _public(taken.url)
    title = wanted.name.replace("_", " ").capitalize()
    file = f"{wanted.name}.json"
    content = taken.text.encode()
    text = rules_text(title, url, source, file, digest_of(content), _auth(wanted.auth, taken))
    write_whole(folder / file, content)
    write_whole(target, text.encode())
    return Added.of(target), taken.document


def update_openapi(added: Added, kept: Document, source: str = "", *, follow: bool = False) -> list[str]:
    """Take the newest document of a service, and say what changed; its rules stay as they are."""
    assert isinstance(added.rules, Rules)
    taken, origin = _taken(added.name, source or _origin(added), follow=follow)
    content = taken.text.encode()
    lines = changes(kept, taken.document)
    text = DIGEST.sub(f'digest = "{digest_of(content)}"', added.text, count=1)
    if source:
        text = re.sub(r"^source = .*$", lambda _: f'source = "{origin}"', text, count=1, flags=re.MULTILINE)
    write_whole(added.path.parent / added.rules.document, content)
    write_whole(added.path, text.encode())
    return lines


def news_openapi(added: Added, kept: Document) -> list[str]:
    """What changed in the document at its source since it was taken; nothing for one that came from a file."""
    assert isinstance(added.rules, Rules)
    if not added.rules.source.startswith(("http://", "https://")):
        return []
    taken, _ = _taken(added.name, added.rules.source, follow=OTHERS in kept.content)
    return changes(kept, taken.document)


def check_name(name: str) -> None:
    """Raise BatonError for a name that can't be one, or that is Baton's own."""
    if not NAME.fullmatch(name):
        raise BatonError(f"{name!r} is no name: take at most 40 small letters, digits and _, a letter first.")
    shipped = {path.parent.name for path in Path(next(iter(integrations.__path__))).glob("*/connector.py")}
    if name in shipped | OURS:
        raise BatonError(f"{name} is a connector that Baton brings. Take another name, such as {name}_api.")


# -----------------------------------------------------------------------------------------------------------


def _taken(name: str, source: str, *, follow: bool) -> tuple[Taken, str]:
    """A document that was read, and its source as it is kept."""
    if urlsplit(source).scheme in ("http", "https"):
        return _told(lambda: take(name, _fetched(source), source, _follow_web if follow else None)), source
    path = Path(source).expanduser()
    try:
        content = path.read_bytes()
    except OSError as error:
        raise BatonError(f"{source} can't be read: {error.strerror}. Give a file or a web address.") from None
    origin = HERE + path.name
    return _told(lambda: take(name, content, origin, _follow_files(path.parent) if follow else None)), origin


def _told(work: Callable[[], Taken]) -> Taken:
    try:
        return work()
    except ConnectorError as error:
        raise BatonError(str(error)) from None


def _fetched(url: str, transport: httpx.BaseTransport | None = None) -> bytes:
    http = Http("The document's server", url, max_bytes=MAX_BYTES, timeout=FETCH_TIME, transport=transport)
    try:
        return http.request("GET", url, what=f"the document {url}", headers={"Accept": "*/*"}).content
    finally:
        http.close()


def _follow_web(url: str) -> bytes:
    """A document that another names: from a public address alone."""
    return _fetched(url, GuardedTransport(AddressGuard(), FETCH_TIME))


def _follow_files(folder: Path) -> Callable[[str], bytes]:
    def follow(uri: str) -> bytes:
        if not uri.startswith(HERE):
            return _follow_web(uri)
        path = (folder / unquote(uri.removeprefix(HERE))).resolve()
        if not path.is_relative_to(folder.resolve()):
            raise InvalidRequest(f"The document refers to {path}, which is outside of {folder}. Bundle it first.")
        try:
            return path.read_bytes()
        except OSError as error:
            raise NotFound(f"The document refers to {path}, which can't be read: {error.strerror}.") from None

    return follow


def _public(url: str) -> str:
    """The address that a document names: it gets the credential, so a private one has to be said by a person."""
    if not url:
        raise BatonError("The document does not say where its service is. Give its address with --url.")
    parts = urlsplit(url)
    try:
        AddressGuard().addresses(parts.hostname or "", parts.port or 443)
    except InvalidRequest:
        raise BatonError(
            f"The document says that its service is at {url}, which is no public address. Give it with --url if you "
            "mean it."
        ) from None
    except NotFound:
        return url  # the name is not known here, and may be where the worker is
    return url


def _auth(asked: str, taken: Taken) -> dict[str, dict[str, str]]:
    if not asked:
        return {name: dict(scheme) for name, scheme in taken.auth.items()}
    if not AUTH.fullmatch(asked):
        raise BatonError("--auth is bearer, basic, none, header:NAME, query:NAME or cookie:NAME.")
    return auth_named(asked)


def auth_named(asked: str) -> dict[str, dict[str, str]]:
    """The security schemes that `--auth` means."""
    if asked in {"", "none"}:
        return {}
    place, _, name = asked.partition(":")
    if not name:
        return {asked: {"type": "http", "scheme": asked}}
    return {service_name(name) or "key": {"type": "apiKey", "in": place, "name": name}}


def _origin(added: Added) -> str:
    assert isinstance(added.rules, Rules)
    if added.rules.source.startswith(HERE):
        raise BatonError(f"The document of {added.name} came from a file. Name the newer one: --from FILE.")
    return added.rules.source
