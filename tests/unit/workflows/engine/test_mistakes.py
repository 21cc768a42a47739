"""What is wrong with a value is said in words of people."""

from __future__ import annotations

from datetime import date, datetime, time
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Any, Literal

import pytest
from pydantic import Field, HttpUrl, TypeAdapter, ValidationError

from workflows import EmailAddress
from workflows.engine.mistakes import words_of


class Colour(StrEnum):
    RED = "red"
    BLUE = "blue"


@pytest.mark.parametrize(
    ("kind", "value", "words"),
    [
        (Annotated[str, Field(min_length=3)], "a", "this is too short: 3 or more characters are needed"),
        (Annotated[str, Field(max_length=1)], "ab", "this is too long: at most 1 of its characters fit"),
        (str, 5, "this is no text"),
        (Annotated[int, Field(gt=0)], 0, "it has to be more than 0"),
        (Annotated[int, Field(ge=1)], 0, "it has to be at least 1"),
        (Annotated[float, Field(lt=1)], 1, "it has to be less than 1.0"),
        (Annotated[int, Field(le=9)], 10, "it has to be at most 9"),
        (int, "many", "this is no whole number"),
        (int, 1.5, "this is no whole number"),
        (int, None, "this is no whole number"),
        (float, "much", "this is no number"),
        (float, None, "this is no number"),
        (Decimal, "dear", "this is no number"),
        (bool, "perhaps", "say yes or no"),
        (date, "soon", "this is no date; write it as 2026-12-31"),
        (datetime, "soon", "this is no date with a time; write it as 2026-12-31T09:30"),
        (time, "noon", "this is no time of day; write it as 09:30"),
        (HttpUrl, "nolink", "this is no web address; write it as https://example.org"),
        (Literal["a", "b"], "c", "choose 'a' or 'b'"),
        (Colour, "pink", "choose 'red' or 'blue'"),
        (EmailAddress, "ana", "this is no e-mail address; write it as name@example.org"),
        (list[int], 1, "Input should be a valid list"),
    ],
)
def test_a_mistake_is_said_in_words(kind: Any, value: Any, words: str) -> None:
    with pytest.raises(ValidationError) as wrong:
        TypeAdapter(kind).validate_python(value)
    assert words_of(wrong.value.errors()[0]) == words
