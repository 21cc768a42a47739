"""From Markdown to a post's content, and the mark by which a post is found again."""

from __future__ import annotations

import hashlib
import html
import re
import unicodedata
import uuid

import nh3
from markdown_it import MarkdownIt

MAX_SLUG = 60
TAGS = frozenset({"a", "blockquote", "br", "code", "em", "hr", "img", "li", "ol", "p", "pre", "s", "strong", "ul"})
HEADINGS = frozenset({"h2", "h3", "h4", "h5", "h6"})
TABLES = frozenset({"table", "tbody", "td", "th", "thead", "tr"})
ATTRIBUTES = {"a": {"href", "title"}, "img": {"src", "alt", "title"}}

_markdown = MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"])


def token_of(key: str | None) -> str:
    """What stands for an idempotency key on the site: 64 bits of its hash; a random one outside a run."""
    return hashlib.sha256((key or uuid.uuid4().hex).encode()).hexdigest()[:16]


def content_of(markdown: str, token: str) -> str:
    """The content of a post that carries `token`.

    The text stands in one "Classic" block, whose attributes WordPress keeps and never shows: they hold
    the token. The block also keeps WordPress from guessing paragraphs and line breaks anew.
    """
    return f'<!-- wp:freeform {{"baton":"{token}"}} -->\n{sanitised(markdown)}<!-- /wp:freeform -->'


def sanitised(markdown: str) -> str:
    """Markdown as HTML that runs nothing: no scripts, frames, forms, styles, and no shortcodes of plugins."""
    rendered = re.sub(r"<(/?)h1>", r"<\1h2>", _markdown.render(markdown))
    clean = nh3.clean(
        rendered,
        tags=set(TAGS | HEADINGS | TABLES),
        attributes={tag: set(names) for tag, names in ATTRIBUTES.items()},
        url_schemes={"http", "https", "mailto"},
        link_rel="noopener noreferrer nofollow",
    )
    return clean.replace("[", "&#91;").replace("]", "&#93;")


def plain(text: str) -> str:
    """A line of text as WordPress wants it: it takes titles and excerpts as HTML."""
    return html.escape(" ".join(text.split()), quote=False)


def slug_of(text: str) -> str:
    """`text` as a part of an address: lower-case letters, digits and hyphens; empty when nothing is left."""
    ascii_text = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "-", ascii_text.lower()).strip("-")[:MAX_SLUG].rstrip("-")
