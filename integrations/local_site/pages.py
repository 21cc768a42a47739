"""From Markdown to pages that hold nothing active."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable

import nh3
from markdown_it import MarkdownIt

from integrations.local_site.models import PostRecord

POLICY = "default-src 'none'; img-src 'self'; style-src 'self'; base-uri 'none'; form-action 'none'"
TAGS = frozenset(
    {
        "a",
        "blockquote",
        "br",
        "code",
        "del",
        "em",
        "h2",
        "h3",
        "h4",
        "hr",
        "img",
        "li",
        "ol",
        "p",
        "pre",
        "strong",
        "ul",
    }
    | {"table", "thead", "tbody", "tr", "th", "td"}
)
ATTRIBUTES = {"a": {"href", "title"}, "img": {"src", "alt", "title"}}

STYLE = """\
:root { color-scheme: light dark; font: 18px/1.6 Georgia, serif; }
body { max-width: 42rem; margin: 2rem auto; padding: 0 1rem; }
h1, h2, h3, h4, header, footer { font-family: system-ui, sans-serif; line-height: 1.25; }
img { max-width: 100%; height: auto; border-radius: 6px; }
footer, time { color: #767676; font-size: .8rem; }
blockquote { border-left: 3px solid #999; margin-left: 0; padding-left: 1rem; }
pre { overflow-x: auto; }
"""

_PAGE = """\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="description" content="{description}">
<title>{title}</title>
<link rel="stylesheet" href="{root}style.css">
</head>
<body>
{body}
<footer>Published by Baton on this computer's own site. Nobody else sees it.</footer>
</body>
</html>
"""

_markdown = MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"])


def sanitised(markdown: str) -> str:
    """Markdown as HTML without scripts, styles, frames, forms, or addresses other than http, https and mailto."""
    rendered = re.sub(r"<(/?)h1>", r"<\1h2>", _markdown.render(markdown))
    return nh3.clean(
        rendered,
        tags=set(TAGS),
        attributes={tag: set(names) for tag, names in ATTRIBUTES.items()},
        url_schemes={"http", "https", "mailto"},
        link_rel="noopener noreferrer nofollow",
    )


def post_page(post: PostRecord) -> str:
    """The page of one post."""
    cover = f'<img src="../media/{_text(post.cover)}" alt="{_text(post.cover_alt)}">\n' if post.cover else ""
    body = (
        f'<header><a href="../index.html">All posts</a></header>\n<article>\n'
        f"<h1>{_text(post.title)}</h1>\n{_time(post)}\n"
        f"{cover}{sanitised(post.body)}</article>"
    )
    return _page(post.title, post.description, "../", body)


def index_page(title: str, posts: Iterable[PostRecord]) -> str:
    """The list of all posts, newest first."""
    newest_first = sorted(posts, key=lambda post: (post.published_at, post.id), reverse=True)
    items = [
        f'<li><a href="posts/{post.slug}.html">{_text(post.title)}</a> {_time(post)}<br>{_text(post.description)}</li>'
        for post in newest_first
    ]
    listed = "<ul>\n" + "\n".join(items) + "\n</ul>" if items else "<p>Nothing is published yet.</p>"
    return _page(title, title, "", f"<h1>{_text(title)}</h1>\n{listed}")


def _page(title: str, description: str, root: str, body: str) -> str:
    return _PAGE.format(policy=_text(POLICY), title=_text(title), description=_text(description), root=root, body=body)


def _time(post: PostRecord) -> str:
    return f'<time datetime="{post.published_at.isoformat()}">{post.published_at:%d %B %Y}</time>'


def _text(text: str) -> str:
    return html.escape(text, quote=True)
