"""Write `docs/connectors.md` from the connectors' code and READMEs; with `--check`, say whether it is up to date."""

from __future__ import annotations

import importlib
import re
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

from integrations.base import Connector, first_line, own_actions
from integrations.protocols import Models
from integrations.services import Service
from workflows.engine.policy import CallSpec

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "connectors.md"
HEAD = """# Connectors

Every connector that comes with Baton: what it offers, what a repeat does, what its service allows, and what it was
tried against. This page is written by `make connectors` from the code and the READMEs beside it; `make check` holds it
to them.

How limits are kept and set is told in [Keep to the limits of services](howto/limits.md).
"""


def connectors() -> Iterator[tuple[Path, type[Connector]]]:
    """The folders of connectors, each with its class, by name."""
    for path in sorted((ROOT / "integrations").glob("*/connector.py")):
        module = importlib.import_module(f"integrations.{path.parent.name}.connector")
        found = [
            one
            for one in vars(module).values()
            if isinstance(one, type) and issubclass(one, Connector) and one.__module__ == module.__name__
        ]
        (cls,) = [one for one in found if not one.protocol]
        yield path.parent, cls


def section(text: str, name: str) -> str:
    """The text below a heading of the second level; "" when there is none."""
    found = re.search(rf"^## {name}\n+(.*?)(?=^## |\Z)", text, re.DOTALL | re.MULTILINE)
    return found[1].strip() if found else ""


def page() -> str:
    """The whole page."""
    return "\n".join([HEAD, *(_connector(folder, cls) for folder, cls in connectors())])


def _connector(folder: Path, cls: type[Connector]) -> str:
    readme = (folder / "README.md").read_text(encoding="utf-8")
    title = readme.split("\n", 1)[0].removeprefix("# ").strip()
    shared = [one for one in cls.__mro__[1:] if issubclass(one, Connector) and one.__module__.count(".") == 1]
    protocols = [one.__name__ for one in shared if one not in (Connector, Service)]
    parts = [f"## {title}", f"{first_line(cls)}. {_implements(protocols)}"]
    actions = own_actions(cls)
    if actions:
        rows = [_row(name, spec) for name, spec in sorted(actions.items())]
        parts.append(
            "\n".join(["| action | what it does | kind | a repeat | time-out |", "|---|---|---|---|---|", *rows])
        )
    elif issubclass(cls, Models):
        parts.append("It is asked by steps, with `ctx.use(Models)`, and has no actions of its own.")
    elif issubclass(cls, Service):
        parts.append("Its actions are those that the service describes: [add a service](howto/add-a-service.md).")
    for name, label in (("Scopes", "Scopes"), ("Limits", "Limits"), ("Tried", "Tried")):
        text = section(readme, name)
        if text:
            parts.append(f"**{label}.** {_moved(text)}")
    parts.append(f"More in [its README](../integrations/{folder.name}/README.md).\n")
    return "\n\n".join(parts)


def _implements(protocols: list[str]) -> str:
    return f"It implements {' and '.join(f'`{name}`' for name in protocols)}." if protocols else ""


def _row(name: str, spec: CallSpec) -> str:
    kind = "write" if spec.is_write else "read"
    return f"| `{name}` | {spec.title} | {kind} | {_repeat(spec)} | {_words(spec.timeout)} |"


def _repeat(spec: CallSpec) -> str:
    if spec.idempotent:
        return "harmless"
    if spec.reconcile is None:
        return "never by itself: the run is parked when an outcome is unknown"
    return f"only after `{spec.reconcile}` did not find it"


def _words(length: timedelta) -> str:
    seconds = length.total_seconds()
    return f"{seconds:g} s" if seconds < 120 else f"{seconds / 60:g} min"


def _moved(text: str) -> str:
    """A README's text, with its links as they are from this page."""
    return re.sub(r"\]\(\.\./\.\./docs/", "](", text)


def main() -> int:
    """Write the page, or check it; 1 when it is not what the code says."""
    written = page()
    if "--check" not in sys.argv[1:]:
        PAGE.write_text(written, encoding="utf-8")
        return 0
    if not PAGE.exists() or PAGE.read_text(encoding="utf-8") != written:
        print("docs/connectors.md is not what the connectors say: run `make connectors` and commit it.")
        return 1
    print(f"docs/connectors.md says what the code of {written.count('More in [its README]')} connectors says")
    return 0


if __name__ == "__main__":
    sys.exit(main())
