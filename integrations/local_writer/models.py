"""What the local writer reads in a prompt's material; anything else in it is passed over."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class Given(BaseModel):
    """A part of the material."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class GivenTopic(Given):
    """The topic."""

    title: str
    kind: str = "article"
    audience: str = ""
    notes: str = ""


class GivenSource(Given):
    """A source."""

    title: str
    url: str = ""
    text: str = ""


class GivenSources(Given):
    """What was found."""

    items: tuple[GivenSource, ...] = ()


class GivenSection(Given):
    """A part of an outline."""

    heading: str
    points: tuple[str, ...] = ()
    source_urls: tuple[str, ...] = ()


class GivenOutline(Given):
    """An outline."""

    title: str
    angle: str = ""
    sections: tuple[GivenSection, ...] = ()


class GivenArticle(Given):
    """An article."""

    title: str
    body: str
    sources: tuple[str, ...] = ()


class OutlineMaterial(Given):
    """What an outline is made from."""

    topic: GivenTopic
    sources: GivenSources = Field(default_factory=GivenSources)


class ArticleMaterial(Given):
    """What an article is made from."""

    outline: GivenOutline
    topic: GivenTopic | None = None


class ReviseMaterial(Given):
    """What a revision is made from."""

    article: GivenArticle
    comment: str = ""


class SeoMaterial(Given):
    """What the words for search engines are made from."""

    article: GivenArticle
