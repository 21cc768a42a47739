"""Debian's Chromium for tests, driven by Playwright. Tests that use it are marked `servers`."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Browser, sync_playwright

PACKAGES = ("chromium", "libatomic1", "fonts-dejavu-core", "fonts-noto-color-emoji")
QUIET = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
"""Without these, Chromium asks hosts of its maker at every start."""


def chromium() -> str:
    """The program's path; installs Debian's package where it is missing and this user may."""
    found = shutil.which("chromium")
    if found is None:
        _install()
        found = shutil.which("chromium")
    if found is None:
        pytest.fail(f"There is no Chromium here. On Debian: apt-get install {' '.join(PACKAGES)}", pytrace=False)
    return found


def _install() -> None:
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        return
    quietly = {"env": os.environ | {"DEBIAN_FRONTEND": "noninteractive"}, "stdin": subprocess.DEVNULL}
    subprocess.run(["apt-get", "update", "-qq"], check=False, capture_output=True, **quietly)  # type: ignore[call-overload]
    subprocess.run(["apt-get", "install", "-qq", "-y", *PACKAGES], check=False, capture_output=True, **quietly)  # type: ignore[call-overload]


@contextmanager
def browser() -> Iterator[Browser]:
    """A headless browser with nothing remembered."""
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=chromium(), args=list(QUIET))
        try:
            yield launched
        finally:
            launched.close()
