"""Text as mrkdwn: nothing that people or models wrote calls, links or hides anything."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from bot.slack import mrkdwn
from bot.slack.views.content import rendered


def test_texts_can_not_mention_or_link() -> None:
    assert mrkdwn.line("<!channel> <@U1> a&b") == "&lt;!channel&gt; &lt;@U1&gt; a&amp;b"
    assert mrkdwn.prose("<https://x|y>\n<!here>") == "&lt;https://x|y&gt;\n&lt;!here&gt;"


def test_titles_have_one_line_and_no_style_but_keep_their_names() -> None:
    made = mrkdwn.line("*Bold*  _it_ ~no~ `code`\nsnake_case_name")
    assert not set("*~`\n") & set(made)
    assert made.endswith("snake_case_name")
    assert " _" not in made


def test_marks_that_turn_text_around_are_gone_and_the_words_stay() -> None:
    assert mrkdwn.line("\u202egpj.exe\u202c \u05e9\u05dc\u05d5\u05dd") == "gpj.exe \u05e9\u05dc\u05d5\u05dd"
    assert mrkdwn.line("👩\u200d👧") == "👩\u200d👧"
    assert mrkdwn.clean("a\x00b\ud800c\r\nd") == "abc\nd"


def test_a_cut_never_splits_an_entity() -> None:
    for limit in range(3, 30):
        made = mrkdwn.cut(mrkdwn.escape("<&>" * 10), limit)
        assert len(made) <= limit
        assert made.rstrip("…").replace("&lt;", "").replace("&amp;", "").replace("&gt;", "") == ""


@pytest.mark.parametrize(
    ("actor", "shown"),
    [
        ("slack:T1:U1", "<@U1>"), ("slack:T1:W1", "<@W1>"), ("slack:T1:S1", "<!subteam^S1>"), ("slack:T1:C1", "<#C1>"),
        ("role:finance", "the role finance"), ("cli:ana", "ana (command line)"), ("test:x", "x"), ("", "somebody"),
        ("slack:T1:<!channel>", "T1:&lt;!channel&gt;"), ("role:<@U1>", "the role &lt;@U1&gt;"),
    ],
)  # fmt: skip
def test_actors_are_mentioned_or_named(actor: str, shown: str) -> None:
    assert mrkdwn.mention(actor) == shown


def test_people_stand_in_a_sentence() -> None:
    assert mrkdwn.people([]) == "nobody"
    assert mrkdwn.people(["slack:T1:U1", "slack:T1:U1"]) == "<@U1>"
    assert mrkdwn.people(["slack:T1:U1", "role:x", "cli:b"], "and") == "<@U1>, the role x and b (command line)"
    assert mrkdwn.people([f"cli:{n}" for n in range(30)]).endswith("or 10 others")


def test_words_of_the_engine_get_their_people_mentioned() -> None:
    said = mrkdwn.said("slack:T1:U1 may not decide <b>. Those who may: slack:T1:U2, role:x.")
    assert said == "<@U1> may not decide &lt;b&gt;. Those who may: <@U2>, role:x."


def test_moments_are_shown_in_the_readers_time() -> None:
    assert mrkdwn.when(datetime(2026, 1, 2, 3, 4, tzinfo=UTC)) == (
        "<!date^1767323040^{date_short_pretty} at {time}|2026-01-02 03:04 UTC>"
    )
    assert mrkdwn.when(None) == ""


def test_only_web_addresses_are_links() -> None:
    assert (
        mrkdwn.link("https://x.example/a?b=c&d=1", "Here | there") == "<https://x.example/a?b=c&amp;d=1|Here ¦ there>"
    )
    assert mrkdwn.link("javascript:alert(1)") == "javascript:alert(1)"
    assert mrkdwn.link("https://x.example/<!channel>") == "https://x.example/&lt;!channel&gt;"


def test_channels_are_links_or_names() -> None:
    assert mrkdwn.channel("slack:T1:C1") == "<#C1>"
    assert mrkdwn.channel("slack:T1:D1") == "a direct message"
    assert mrkdwn.channel("#content") == "#content"


def test_markdown_becomes_mrkdwn_and_links_show_where_they_lead() -> None:
    links = "[safe](https://evil.example) ![cup](https://x/c.png)"
    text = f"# Tea *now*\n\nIt is **strong** and __hot__.\n- one\n  - two\n{links}"
    assert mrkdwn.from_markdown(text).split("\n") == [
        "*Tea now*", "", "It is *strong* and *hot*.", "• one", "\u2003• two",
        "safe (https://evil.example) _(image left out: cup, https://x/c.png)_",
    ]  # fmt: skip


def test_code_stays_as_it_is_and_is_closed() -> None:
    assert mrkdwn.from_markdown("```python\n# **x**\n") == "```\n# **x**\n\n```"


def test_pieces_break_between_paragraphs_and_close_code() -> None:
    text = "First paragraph.\n\n" + "word " * 30 + "\n\n```\n" + "code line\n" * 30 + "```"
    parts = mrkdwn.pieces(text, 200)
    assert all(len(part) <= 200 for part in parts)
    assert all(part.count("```") % 2 == 0 for part in parts)
    assert "".join(parts).count("code line") == 30


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ('"just <text>"', "just &lt;text&gt;"), ("null", "_There is nothing to show._"), ('""',
        "_There is nothing to show._"),
        ("true", "yes"), ("3.5", "3.5"), ("[]", "none"), ("not json", "not json"), ('["a", 1, null]',
        "• a\n• 1\n• none"),
        ('{"first_name": "Ana", "n": 2}', "*First name*: Ana\n*N*: 2"),
        ('{"img": "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJ"}',
        "*Img*: _(left out: PNG image, 33 bytes)_"),
    ],
)  # fmt: skip
def test_any_json_is_shown_for_people(value: str, shown: str) -> None:
    assert rendered(value) == shown


def test_rows_with_the_same_fields_are_a_table() -> None:
    made = rendered('[{"name": "a", "n": 1}, {"name": "bb`", "n": null}]')
    assert made == f"```\nname  n\n----  ----\na     1\nbb{mrkdwn.BACKQUOTE}   none\n```"


def test_what_is_nested_deep_is_shown_as_json() -> None:
    assert '"e": 1' in rendered('{"a": {"b": {"c": {"d": {"e": 1}}}}}')
    for depth in (900, 5_000):
        assert rendered("[" * depth + "]" * depth).count("[") in (depth, depth - 4)
