"""How long an added service takes to be ready: its libraries, its document, and the first and second call's checks."""

from __future__ import annotations

import argparse
import importlib
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any


def main() -> None:
    """Measure the service of one file of rules."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("rules", type=Path, help="the service's TOML file")
    rules = parser.parse_args().rules

    module = timed("libraries", lambda: importlib.import_module("integrations.openapi.connector"))
    settings = importlib.import_module("integrations.added.settings").ServiceSettings(
        name=rules.stem, folder=rules.parent, rules=rules.read_text(encoding="utf-8")
    )
    connector = module.opened(settings)
    document = timed("document", lambda: connector.document)
    operations = timed("index", lambda: list(document.operations.values()))
    some = operations[:: max(1, len(operations) // 100)]
    for name in ("first look", "second look"):
        timed(f"{name} at {len(some)} operations", lambda: [look(connector, one) for one in some])
    print(f"{len(operations)} operations in all")


def look(connector: Any, operation: Any) -> None:
    """What is worked out when an operation is called: how it is treated, and what it takes."""
    connector.spec(operation)
    connector.requests.signature(operation)


def timed(what: str, work: Callable[[], Any]) -> Any:
    """Do it and print how long it took."""
    begun = time.perf_counter()
    result = work()
    print(f"{what}: {(time.perf_counter() - begun) * 1000:.1f} ms")
    return result


if __name__ == "__main__":
    main()
