"""How fast the disk is just now: a round in which it was slow for everybody is seen as such."""

from __future__ import annotations

import os
import time
from pathlib import Path

PAGE = b"\0" * 4096


def fsyncs(folder: Path, count: int = 500) -> float:
    """Appended pages of 4 kB that reach the disk one by one, a second."""
    path = folder / "probe"
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        begun = time.monotonic()
        for _ in range(count):
            os.write(file, PAGE)
            os.fsync(file)
        return count / (time.monotonic() - begun)
    finally:
        os.close(file)
        path.unlink()
