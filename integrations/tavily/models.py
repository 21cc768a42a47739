"""What Tavily answers, as far as it is read."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Answered(BaseModel):
    """A part of an answer; what is not read may change."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class Result(Answered):
    """A page that was found."""

    title: str | None = None
    url: str
    content: str = ""
    """The passages that fit the query best."""
    raw_content: str | None = None
    """The whole page, cleaned; None when Tavily could not read it."""


class Results(Answered):
    """What a search found, best first."""

    results: tuple[Result, ...] = ()


class KeyUsage(Answered):
    """How much a key has used, in credits."""

    usage: int | None = None
    limit: int | None = None


class UsageReport(Answered):
    """How much was used."""

    key: KeyUsage = KeyUsage()
