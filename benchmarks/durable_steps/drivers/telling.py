"""How a peer's driver speaks with the benchmark: one JSON document a line, on stdin and stdout."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from typing import Any

STEPS = 8
"""Steps of each run; each adds one to the number that the run began with."""

Answer = dict[str, Any]


def serve(run: Callable[[int], Answer], look: Callable[[], Answer], **ready: Any) -> None:
    """Say that everything is up; then `run N` measures so many runs, and `look` says what the last ones left."""
    said = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)  # what libraries print is no answer
    said.write(json.dumps({"ready": True, **ready}) + "\n")
    for line in sys.stdin:
        verb, *count = line.split()
        said.write(json.dumps(run(int(count[0])) if verb == "run" else look()) + "\n")
