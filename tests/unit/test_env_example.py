"""`.env.example` and the settings name the same things."""

import re
from io import StringIO
from pathlib import Path

from dotenv import dotenv_values

from bot.settings import Settings

EXAMPLE = Path(__file__).resolve().parents[2] / ".env.example"
ASSIGNMENT = re.compile(r"^#(?=[A-Z_]+=)", re.MULTILINE)

RESERVED = {"SLACK_CLIENT_ID", "SLACK_CLIENT_SECRET"}
"""Names that are fixed before anything uses them."""


def test_every_setting_is_explained_and_no_other() -> None:
    shown = dotenv_values(stream=StringIO(ASSIGNMENT.sub("", EXAMPLE.read_text(encoding="utf-8"))))
    known = {name.upper() for name in Settings.model_fields}
    assert set(shown) == known | RESERVED


def test_a_copy_changes_nothing() -> None:
    assert dotenv_values(EXAMPLE) == {}
