from __future__ import annotations

import pytest
from pydantic import SecretStr

from integrations.http import Redactor


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("the key hunter22 is bad", "the key *** is bad"),
        ("https://x.test/a?page=2&access_token=abc&b=1", "https://x.test/a?page=2&access_token=***&b=1"),
        ("https://ada:pw@x.test/a", "https://***@x.test/a"),
        ("Authorization: Bearer abc.def-ghi", "Authorization: Bearer ***"),
        ('{"api_key": "abc", "name": "x"}', '{"api_key": "***", "name": "x"}'),
        ("nothing to hide", "nothing to hide"),
    ],
)
def test_secrets_are_masked(text: str, shown: str) -> None:
    assert Redactor([SecretStr("hunter22"), "a"])(text) == shown


def test_a_longer_secret_goes_first() -> None:
    assert Redactor(["abcdef", "abcdefghi"])("abcdefghi") == "***"


def test_its_own_repr_tells_nothing() -> None:
    assert "hunter22" not in repr(Redactor(["hunter22"]))
