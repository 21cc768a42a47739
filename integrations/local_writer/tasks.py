"""What the local writer can compose, by task: each a function of the material, and always the same answer."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from integrations.local_writer.models import (
    ArticleMaterial,
    GivenSection,
    OutlineMaterial,
    ReviseMaterial,
    SeoMaterial,
)
from integrations.local_writer.prose import key_words, plain, sentences, shortened, slug, telling

Composed = dict[str, Any]

SAID = (
    "*Composed by Baton's local writer, which puts together sentences of the sources below. "
    "No language model was asked: check every statement before you rely on it.*"
)
MAX_SECTIONS = 4
POINTS = 4
DESCRIPTION_LENGTH = 160
META_TITLE_LENGTH = 60

_SHORTER = re.compile(r"\b(?:shorter|shorten|too long|cut (?:it )?down)\b", re.IGNORECASE)
_TITLE = re.compile(r"\btitle\s*(?:[:=]|to|should be)\s*[\"“']?(?P<title>[^\"”'\n]{3,120})", re.IGNORECASE)
_REPLACE = re.compile(
    r"\breplace\s+[\"“'](?P<old>[^\"”']+)[\"”']\s+(?:with|by)\s+[\"“'](?P<new>[^\"”']*)[\"”']", re.IGNORECASE
)


def outline(material: Mapping[str, Any]) -> Composed:
    """A section per source, with the sentences that fit the topic best."""
    given = OutlineMaterial.model_validate(material)
    topic = given.topic
    sections = []
    for source in given.sources.items[:MAX_SECTIONS]:
        points = telling(source.text, f"{topic.title} {topic.notes}", POINTS) or [f"See {source.title}."]
        sections.append(_section(source.title, points, [source.url] if source.url else []))
    own = (
        []
        if sections
        else sentences(topic.notes) or ([shortened(plain(topic.notes), 300)] if topic.notes.strip() else [])
    )
    if own:
        sections = [_section("What was asked", own[:POINTS], [])]
    if not sections:
        sections = [
            _section("Open questions", [f"No source was found for {topic.title}, and the topic has no notes."], [])
        ]
    words = topic.kind.replace("_", " ")
    angle = f"{words.capitalize()} for {topic.audience or 'everybody'}, from {len(given.sources.items)} sources"
    return {"title": topic.title, "angle": angle, "sections": sections}


def article(material: Mapping[str, Any]) -> Composed:
    """The outline's points as paragraphs, with a list of sources."""
    given = ArticleMaterial.model_validate(material)
    lead = f"{_harmless(given.outline.angle)}." if given.outline.angle else ""
    parts = [lead, *(_paragraph(section) for section in given.outline.sections)]
    sources = list(dict.fromkeys(url for section in given.outline.sections for url in section.source_urls))
    return {"title": given.outline.title, "body": _body(parts, sources), "sources": sources}


def revise(material: Mapping[str, Any]) -> Composed:
    """What can be done about a comment without understanding it: shorten, retitle, replace; else note it."""
    given = ReviseMaterial.model_validate(material)
    title, body = given.article.title, given.article.body
    comment = " ".join(given.comment.split())
    done = False
    if match := _TITLE.search(comment):
        title, done = match["title"].strip(" ."), True
    for match in _REPLACE.finditer(comment):
        done = done or match["old"] in body
        body = body.replace(match["old"], match["new"])
    if _SHORTER.search(comment):
        body, done = _shorter(body), True
    if comment and not done:
        note = f"## Still to do\n\nThe editor asked: “{_harmless(comment)}” The local writer can't do this by itself."
        head, mark, tail = body.partition(SAID)
        body = f"{head.rstrip()}\n\n{note}\n\n{mark}{tail}"
    return {"title": title, "body": body.strip() + "\n", "sources": list(given.article.sources)}


def seo(material: Mapping[str, Any]) -> Composed:
    """Words for search engines, from the article's own."""
    given = SeoMaterial.model_validate(material).article
    text = given.body.replace(SAID, "")
    first = telling(text, given.title, 1)
    return {
        "slug": slug(given.title),
        "meta_title": shortened(given.title, META_TITLE_LENGTH),
        "description": shortened(first[0] if first else given.title, DESCRIPTION_LENGTH),
        "keywords": key_words(f"{given.title} {plain(text)}", 6),
    }


TASKS: Mapping[str, Callable[[Mapping[str, Any]], Composed]] = {
    "outline": outline,
    "article": article,
    "revise": revise,
    "seo": seo,
}


def _section(heading: str, points: list[str], urls: list[str]) -> Composed:
    return {"heading": heading, "points": points, "source_urls": urls}


def _paragraph(section: GivenSection) -> str:
    cited = "".join(f" ({_link(url)})" for url in section.source_urls)
    return f"## {_harmless(section.heading)}\n\n{_harmless(' '.join(section.points))}{cited}"


def _body(parts: list[str], sources: list[str]) -> str:
    listed = ["## Sources\n\n" + "\n".join(f"- {_link(url)}" for url in sources)] if sources else []
    return "\n\n".join(part for part in (*parts, SAID, *listed) if part) + "\n"


def _link(url: str) -> str:
    safe = re.fullmatch(r"https?://[^\s<>]+", url)
    return f"<{url}>" if safe else f"`{url.replace('`', '')}`"


def _shorter(body: str) -> str:
    """Every paragraph with the first half of its sentences; headings, lists and notes stay."""
    kept = []
    for block in body.strip().split("\n\n"):
        lines = sentences(block)
        whole = block.startswith(("#", "-", "*", ">")) or len(lines) < 2
        kept.append(block if whole else " ".join(lines[: (len(lines) + 1) // 2]))
    return "\n\n".join(kept) + "\n"


def _harmless(text: str) -> str:
    """Text on one line that can start no heading, HTML or link of its own."""
    return re.sub(r"([\\`*_\[\]<>#|])", r"\\\1", " ".join(text.split()))
