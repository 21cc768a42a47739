"""A library of our own that is preloaded into processes: it makes fsync slow, and puts clocks wrong.

libfaketime was tried for the clocks: in 0.9.10, the one of Debian 12, `time.sleep` of Python 3.11 and newer fails with
EINVAL once monotonic time is left alone (`clock_nanosleep` until a moment), so it can't be had on one clock alone.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from tests.chaos.plan import Kind

SOURCE = Path(__file__).with_name("preload.c")


class ToolMissing(Exception):
    """A program that a fault needs is not installed; the text says what to do."""


class Preload:
    """The compiled library, and the file by which it is steered while processes run."""

    def __init__(self, folder: Path) -> None:
        """`folder` is one that every user may read: PostgreSQL may run as another."""
        self._library = folder / "preload.so"
        self._disk = folder / "slow_disk"

    def build(self) -> None:
        """Compile it; raises ToolMissing."""
        compiler = shutil.which("cc") or shutil.which("gcc")
        if compiler is None:
            raise ToolMissing(
                "No C compiler was found: `apt-get install gcc libc6-dev`, or leave out what needs it: "
                f"--without {Kind.SLOW_DISK} {Kind.SKEW}."
            )
        subprocess.run([compiler, "-shared", "-fPIC", "-O2", "-o", self._library, SOURCE], check=True)
        self._library.chmod(0o755)
        self.slow_disk(0)

    def slow_disk(self, milliseconds: int) -> None:
        """How long each fsync waits from now on."""
        fresh = self._disk.with_suffix(".new")
        fresh.write_text(str(milliseconds))
        fresh.chmod(0o644)
        fresh.replace(self._disk)

    def environment(self, clock_off: int = 0) -> dict[str, str]:
        """The variables of a process; its wall clock is off by so many seconds."""
        return {"LD_PRELOAD": str(self._library), "SLOW_DISK": str(self._disk), "CLOCK_OFF": str(clock_off)}


@contextmanager
def environment(given: Mapping[str, str]) -> Iterator[None]:
    """Start servers with these variables within the block."""
    before = {name: os.environ.get(name) for name in given}
    os.environ.update(given)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
