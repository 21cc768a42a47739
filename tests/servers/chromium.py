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
    "--disable-dev-shm-usage",
    "--disable-quic",
    "--no-first-run",
    "--no-default-browser-check",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
"""Without these, Chromium asks hosts of its maker at every start."""


def chromium() -> str:
    """The program's path; installs Debian's package where it is missing and this user may."""
    found, said = shutil.which("chromium"), ""
    if found is None:
        said = _install()
        found = shutil.which("chromium")
    if found is None:
        pytest.fail(
            f"There is no Chromium here. On Debian: apt-get install {' '.join(PACKAGES)}\n{said}", pytrace=False
        )
    return found


def _install() -> str:
    """What the package manager said last."""
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        return ""
    said = ""
    for words in (("update",), ("install", "-y", "--no-install-recommends", *PACKAGES)):
        done = subprocess.run(
            ["apt-get", "-qq", "-o", "DPkg::Lock::Timeout=300", *words], check=False, capture_output=True, text=True,
            env=os.environ | {"DEBIAN_FRONTEND": "noninteractive"}, stdin=subprocess.DEVNULL,
        )  # fmt: skip
        said = done.stderr[-2_000:]
    return said


@contextmanager
def browser() -> Iterator[Browser]:
    """A headless browser with nothing remembered."""
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=chromium(), args=list(QUIET))
        try:
            yield launched
        finally:
            launched.close()
