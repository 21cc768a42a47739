"""What is wrong with a value, in words of people, from what pydantic says of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_WORDS = {
    "string_too_short": "this is too short: {min_length} or more characters are needed",
    "string_too_long": "this is too long: at most {max_length} of its characters fit",
    "string_type": "this is no text",
    "greater_than": "it has to be more than {gt}",
    "greater_than_equal": "it has to be at least {ge}",
    "less_than": "it has to be less than {lt}",
    "less_than_equal": "it has to be at most {le}",
    "int_parsing": "this is no whole number",
    "int_type": "this is no whole number",
    "int_from_float": "this is no whole number",
    "float_parsing": "this is no number",
    "float_type": "this is no number",
    "decimal_parsing": "this is no number",
    "bool_parsing": "say yes or no",
    "date_parsing": "this is no date; write it as 2026-12-31",
    "date_from_datetime_parsing": "this is no date; write it as 2026-12-31",
    "datetime_parsing": "this is no date with a time; write it as 2026-12-31T09:30",
    "datetime_from_date_parsing": "this is no date with a time; write it as 2026-12-31T09:30",
    "time_parsing": "this is no time of day; write it as 09:30",
    "url_parsing": "this is no web address; write it as https://example.org",
    "literal_error": "choose {expected}",
    "enum": "choose {expected}",
}


def words_of(mistake: Mapping[str, Any]) -> str:
    """One of `ValidationError.errors()` in words."""
    said: str = mistake["msg"]
    words = _WORDS.get(str(mistake["type"]))
    try:
        return words.format(**mistake.get("ctx", {})) if words else said.removeprefix("Value error, ")
    except KeyError:
        return said
