"""Where what a message has goes in a form."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, Field, HttpUrl

from bot.slack.fields import fields_for
from bot.slack.offering import Offer, Offered, offered
from workflows import FileRef, LongText

OFFER = Offer("The printer smokes", "https://acme.slack.com/archives/C1/p12", ("slack:T1:F1", "slack:T1:F2"))


def _offered(model: type[BaseModel], offer: Offer = OFFER) -> Offered:
    return offered(fields_for(model.model_json_schema()), offer)


class Named(BaseModel):
    title: str
    note: LongText = ""
    permalink: HttpUrl | None = None
    papers: list[FileRef] = []


class Needed(BaseModel):
    urgent: bool = False
    team: str = "ops"
    what: Annotated[str, Field(max_length=11)]
    homepage: HttpUrl
    proof: FileRef | None = None


class Nothing(BaseModel):
    copies: int = 1


def test_names_say_where_things_go() -> None:
    found = _offered(Named)
    assert found.values == {"note": OFFER.text, "permalink": OFFER.link}
    assert found.files == {"papers": ["slack:T1:F1", "slack:T1:F2"]}


def test_else_the_first_that_is_needed_gets_the_text_as_far_as_it_fits_and_no_address_is_made_up() -> None:
    found = _offered(Needed)
    assert found.values == {"what": "The printer"}
    assert found.files == {"proof": "slack:T1:F1"}


def test_what_fits_nowhere_is_left() -> None:
    assert _offered(Nothing) == Offered()
    assert _offered(Named, Offer(" ")) == Offered()
