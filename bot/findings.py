"""What one check of `baton doctor` found."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Finding:
    """Fine, wrong (`ok` is False), or worth knowing (None), and what to do."""

    part: str
    ok: bool | None
    words: str
    advice: str = ""
