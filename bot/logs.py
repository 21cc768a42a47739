"""Logs: lines for people on a terminal, JSON elsewhere; on standard error, and without secrets.

`BATON_LOG` chooses by name: `console` or `json`. Everything goes one way, whoever wrote it: structlog and the
standard library's loggers end in one handler, which drops what it can't write. A process must not die because
nobody reads its log any more.
"""

from __future__ import annotations

import logging
import os
import re
import sys
from collections.abc import Iterable, MutableMapping
from typing import Any

import structlog
from pydantic import SecretStr
from structlog.typing import Processor

from bot.settings import Settings, secrets_of
from integrations.http.redaction import MASK, Redactor

STYLES = ("console", "json")
SECRET_NAME = re.compile(r"(?i)(password|secret|token|authorization|api_?key|cookie|credential)")
NOISY = ("alembic", "asyncio", "httpx", "httpcore", "rq", "uvicorn", "apscheduler")
"""Libraries whose everyday news is none of ours."""


class _Stderr(logging.StreamHandler[Any]):
    """Standard error, which may lose its reader: from then on what is logged goes nowhere, and nothing ends for it."""

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - the name is the library's
        if isinstance(sys.exc_info()[1], BrokenPipeError):
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, sys.stderr.fileno())
            os.close(nowhere)
        else:
            super().handleError(record)


def configure(settings: Settings | None = None, *, style: str = "") -> None:
    """Set up logging for this process; may be called again."""
    console = style_for(style, terminal=sys.stderr.isatty()) == "console"
    shared = _shared(settings, console=console)
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,  # a process may change its mind, and logging is no hot path
    )
    handler = _Stderr()
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, _renderer(console=console)],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(logging.INFO)
    for name in NOISY:
        logging.getLogger(name).setLevel(logging.WARNING)
    logging.raiseExceptions = False
    logging.captureWarnings(capture=True)


def style_for(wanted: str = "", *, terminal: bool) -> str:
    """How lines look: as asked for here or by BATON_LOG, else by where they go."""
    for style in (wanted, os.environ.get("BATON_LOG", "").strip().lower()):
        if style in STYLES:
            return style
    return "console" if terminal else "json"


def _shared(settings: Settings | None, *, console: bool) -> list[Processor]:
    stamp = structlog.processors.TimeStamper(fmt="%H:%M:%S" if console else "iso", utc=not console)
    return [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        *([] if console else [structlog.stdlib.add_logger_name]),
        structlog.stdlib.PositionalArgumentsFormatter(),
        stamp,
        structlog.processors.StackInfoRenderer(),
        structlog.processors.format_exc_info,
        structlog.processors.UnicodeDecoder(),
        _Masked(settings),
    ]


def _renderer(*, console: bool) -> Processor:
    if not console:
        return structlog.processors.JSONRenderer(sort_keys=False, default=str)
    colors = bool(os.environ.get("FORCE_COLOR")) or (sys.stderr.isatty() and not os.environ.get("NO_COLOR"))
    return structlog.dev.ConsoleRenderer(colors=colors, pad_event_to=0, pad_level=False, sort_keys=False)


_HIDDEN: dict[str, Redactor] = {}
"""What this process learnt to hide after its logs were set up, by whose secrets they are."""


def hide(secrets: Iterable[SecretStr], whose: str = "credentials") -> None:
    """Show none of these secrets in the lines of this process, beside those of the settings and of others."""
    _HIDDEN[whose] = Redactor(secrets)


class _Masked:
    """Replaces secrets by three stars: the settings' own, what looks like one, and what is called like one."""

    def __init__(self, settings: Settings | None) -> None:
        self._redact = Redactor(secrets_of(settings) if settings else ())

    def __call__(self, _logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        for name, value in event.items():
            if not name.startswith("_") and name not in ("timestamp", "level", "logger"):
                event[name] = self._masked(name, value)
        return event

    def _masked(self, name: str, value: Any) -> Any:
        match value:
            case str():
                return MASK if value and SECRET_NAME.search(name) else self._plain(value)
            case dict():
                return {key: self._masked(str(key), item) for key, item in value.items()}
            case list() | tuple() | set() | frozenset():
                return [self._masked(name, item) for item in value]
            case int() | float() | None:
                return value
        return self._plain(str(value))

    def _plain(self, text: str) -> str:
        text = self._redact(text)
        for hidden in tuple(_HIDDEN.values()):
            text = hidden(text)
        return text
