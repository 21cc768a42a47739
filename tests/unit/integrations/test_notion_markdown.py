from __future__ import annotations

import json
from typing import Any

import pytest

from integrations.notion.connector import Notion
from integrations.notion.from_markdown import portions
from integrations.notion.to_markdown import Block, to_markdown
from tests.servers import notion as servers
from tests.servers.notion import NotionServer, check_blocks

notion_server, notion = servers.notion_server, servers.notion


def text(content: str, href: str | None = None, **marks: bool) -> dict[str, Any]:
    return {"type": "text", "plain_text": content, "annotations": marks, "href": href}


def block(kind: str, content: Any = "", *children: Block, **data: Any) -> Block:
    runs = [text(content)] if isinstance(content, str) else content
    return Block("30c03277-bf1c-407a-96f2-c3684912f556", kind, {"rich_text": runs, **data}, children)


WHOLE = """\
# Heading

A paragraph with **bold**, *italic*, ~~old~~, `code` and a [link](https://example.com/a%29b).

## Lists

- one
  - inside
    - deepest
- two

  A paragraph in it.

1. first
2. second
   - mixed

- [ ] open
- [x] done

> A quote
>
> of two paragraphs

```python
def f():
    return "```"
```

| a | b |
| --- | --- |
| 1 | *2* |
| x\\|y | 3 |

![A cat](https://example.com/cat.png)

---

Last."""


def test_what_is_written_reads_the_same(notion: Notion, notion_server: NotionServer) -> None:
    page = notion_server.page("T")
    text = WHOLE.replace('```python\ndef f():\n    return "```"\n```', '````python\ndef f():\n    return "```"\n````')
    notion.append_blocks(page, text)
    assert notion.read_markdown(page) == text


def test_long_and_deep_texts_fit_notions_limits() -> None:
    nested = "\n".join(f"{'  ' * depth}- level {depth}" for depth in range(7))
    table = "| a |\n|---|\n" + "\n".join(f"| {number} |" for number in range(250))
    long = "🐈" * 250_000
    many = "- top\n" + "\n".join(f"  - item {number}" for number in range(250))
    for written in (nested, table, long, many, f"```\n{long}\n```", "> " + "word " * 3_000):
        for portion in portions(written):
            check_blocks(portion, "body.children", 0)
            assert len(json.dumps({"children": portion}, ensure_ascii=False).encode()) < 500_000
    assert len(list(portions(long))) >= 3


def test_nothing_is_lost_in_deep_lists() -> None:
    nested = "\n".join(f"{'  ' * depth}- level {depth}" for depth in range(7))
    told = json.dumps(list(portions(nested)))
    assert all(f"level {depth}" in told for depth in range(7))


def test_links_that_notion_refuses_stay_text() -> None:
    ((block,),) = portions("[a](/relative) [b](https://b.example)")
    assert [run["text"].get("link") for run in block["paragraph"]["rich_text"]] == [
        None,
        None,
        {"url": "https://b.example"},
    ]


def test_a_code_languages_name_is_one_that_notion_knows() -> None:
    languages = [
        block["code"]["language"] for block in next(portions("```py\n1\n```\n\n```brainfuck\n1\n```\n\n    indented"))
    ]
    assert languages == ["python", "plain text", "plain text"]


@pytest.mark.parametrize(
    ("blocks", "expected"),
    [
        ([block("heading_1", "A\nB")], "# A B"),
        ([block("heading_2", "T", block("paragraph", "inside"))], "## T\n\ninside"),
        ([block("paragraph", "a\nb")], "a  \nb"),
        ([block("paragraph", "")], ""),
        (
            [block("paragraph", "# no *heading* [x] <b> snake_case _x_")],
            r"\# no \*heading\* \[x\] \<b\> snake_case \_x\_",
        ),
        ([block("paragraph", "1. no list\n- nor this")], "1\\. no list  \n\\- nor this"),
        ([block("paragraph", [text("a "), text(" bold ", bold=True), text("c")])], "a  **bold** c"),
        ([block("paragraph", [text("x", italic=True, bold=True)])], "***x***"),
        ([block("paragraph", [text("a`b", code=True)])], "``a`b``"),
        ([block("paragraph", [text("page", href="/1a2b")])], "[page](https://www.notion.so/1a2b)"),
        (
            [block("paragraph", [{"type": "equation", "plain_text": "x", "equation": {"expression": "x^2"}}])],
            "$x^2$",
        ),
        (
            [block("numbered_list_item", "a"), block("paragraph", "p"), block("numbered_list_item", "b")],
            "1. a\n\np\n\n1. b",
        ),
        ([block("toggle", "More", block("paragraph", "hidden"))], "- More\n\n  hidden"),
        ([block("to_do", "a", checked=True), block("to_do", "b", checked=False)], "- [x] a\n- [ ] b"),
        ([block("callout", "Mind", icon={"type": "emoji", "emoji": "💡"})], "> 💡 Mind"),
        ([block("code", "x", language="plain text")], "```\nx\n```"),
        ([block("equation", "", expression="e=mc^2")], "$$\ne=mc^2\n$$"),
        ([block("divider")], "---"),
        (
            [block("image", "", type="file", file={"url": "https://f.example/a.png"}, caption=[text("A [cat]")])],
            r"![A \[cat\]](https://f.example/a.png)",
        ),
        ([block("bookmark", "", url="https://b.example", caption=[])], "[https://b.example](https://b.example)"),
        (
            [block("pdf", "", type="external", external={"url": "https://f.example/a.pdf"}, name="Paper")],
            "[Paper](https://f.example/a.pdf)",
        ),
        ([block("child_page", "", title="Sub")], "[Sub](https://www.notion.so/30c03277bf1c407a96f2c3684912f556)"),
        (
            [
                block(
                    "column_list",
                    "",
                    block("column", "", block("paragraph", "l")),
                    block("column", "", block("paragraph", "r")),
                )
            ],
            "l\n\nr",
        ),
        ([block("table_of_contents"), block("breadcrumb"), block("unsupported")], ""),
        (
            [block("table", "", block("table_row", "", cells=[[text("a|b")], []]), has_column_header=False)],
            "|  |  |\n| --- | --- |\n| a\\|b |  |",
        ),
    ],
)
def test_blocks_become_markdown(blocks: list[Block], expected: str) -> None:
    assert to_markdown(blocks) == expected


def test_long_pages_and_nested_blocks_are_read_whole(notion: Notion, notion_server: NotionServer) -> None:
    notion_server.most = 7
    page = notion_server.page("T")
    item = {"type": "bulleted_list_item", "bulleted_list_item": {"rich_text": []}}
    for number in range(20):
        run = {"type": "text", "text": {"content": f"item {number}", "link": None}}
        inner = {"type": "bulleted_list_item", "bulleted_list_item": {"rich_text": [run]}}
        outer = {"rich_text": [run], "children": [inner] * 8}
        notion_server.put(page, {**item, "bulleted_list_item": outer})
    told = notion.read_markdown(page)
    assert told.count("\n  - item") == 160
    assert told.count("\n- item") == 19
