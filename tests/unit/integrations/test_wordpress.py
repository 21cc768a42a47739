from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr, ValidationError

from integrations.base import actions_of
from integrations.errors import Acts, ConnectorError, InvalidRequest, NotConnected, NotFound, Unauthorized
from integrations.protocols import Image, Media, Post
from integrations.wordpress.connector import WordPress
from integrations.wordpress.models import Term, WordPressSettings
from integrations.wordpress.pages import content_of, plain, sanitised, slug_of, token_of
from tests.servers.http import Answer, CannedServer, as_json, serving
from workflows.engine.policy import CallInProgress, Effect, call_in_progress

FIXTURES = Path(__file__).parents[2] / "fixtures" / "wordpress"
"""Answers of a WordPress 6.1."""
API = "/wp-json/wp/v2"
IMAGE = Image.of(b"png", name="cover.png", mime="image/png", alt="A cat")


def recorded(name: str) -> Any:
    return json.loads((FIXTURES / f"{name}.json").read_text(encoding="utf-8"))


ERRORS: dict[str, Any] = recorded("errors")


def site(server: CannedServer) -> WordPress:
    return WordPress(WordPressSettings(url=server.url, user="ada", app_password=SecretStr("abcd efgh ijkl mnop")))


@pytest.mark.parametrize(
    ("name", "kind", "acts", "words"),
    [
        ("bad_password_read", Unauthorized, Acts.ADMIN, "set WORDPRESS_APP_PASSWORD, then press Resume"),
        ("bad_password_write", Unauthorized, Acts.ADMIN, "set WORDPRESS_APP_PASSWORD, then press Resume"),
        ("may_not_publish", Unauthorized, Acts.ADMIN, "role Author"),
        ("may_not_upload", Unauthorized, Acts.ADMIN, "role Author"),
        ("may_not_make_categories", Unauthorized, Acts.ADMIN, "Editor for categories"),
        ("empty_content", InvalidRequest, Acts.USER, "Write something"),
        ("bad_parameter", InvalidRequest, Acts.USER, "Invalid parameter"),
        ("not_found", NotFound, Acts.USER, "Invalid post ID"),
        ("no_route", NotConnected, Acts.ADMIN, "Check WORDPRESS_URL"),
        ("file_type", InvalidRequest, Acts.USER, "not allowed to upload this file type"),
    ],
)
def test_recorded_errors_say_who_acts_and_how(name: str, kind: type[ConnectorError], acts: Acts, words: str) -> None:
    error = ERRORS[name]
    routes = {f"POST {API}/posts": as_json(error["body"], error["status"])}
    with serving(routes) as server, pytest.raises(ConnectorError) as caught:
        site(server).publish("Cats", "Text", "")
    assert type(caught.value) is kind
    assert (caught.value.acts, caught.value.effect, caught.value.retryable) == (acts, Effect.NONE, False)
    assert words in str(caught.value)
    assert "the post 'Cats'" in str(caught.value)
    assert "abcd" not in str(caught.value)


def test_recorded_answers_are_read() -> None:
    routes = {f"POST {API}/posts": as_json(recorded("post"), 201), f"POST {API}/media": as_json(recorded("media"), 201)}
    with serving({**routes, f"GET {API}/users/me": as_json(recorded("me"))}) as server:
        assert site(server).publish("How cats sleep", "They do.", "") == Post(
            id=str(recorded("post")["id"]), url="https://blog.example/how-cats-sleep/"
        )
        media = site(server).upload_media(IMAGE)
        assert media == Media(id=str(recorded("media")["id"]), url=recorded("media")["source_url"])
        assert site(server).health().words == f"Publishes on {server.url} as admin"
    sent = server.asked[0].json
    assert (sent["slug"], sent["status"]) == ("how-cats-sleep", "publish")
    assert b'name="alt_text"\r\n\r\nA cat' in server.asked[1].body


def test_the_key_travels_with_what_is_made() -> None:
    routes = {f"POST {API}/posts": as_json(recorded("post"), 201), f"POST {API}/media": as_json(recorded("media"), 201)}
    with serving(routes) as server, call_in_progress(CallInProgress("r", "s#1", "key-7", 1, check=lambda: None)):
        site(server).publish("猫", "Text", "")
        site(server).upload_media(IMAGE)
    post, upload = server.asked
    assert f'{{"baton":"{token_of("key-7")}"}}' in post.json["content"]
    assert post.json["slug"] == f"post-{token_of('key-7')[:8]}"
    assert f'filename="cover-{token_of("key-7")}.png"'.encode() in upload.body


def test_only_a_post_with_the_mark_is_found() -> None:
    mine = {**recorded("post"), "content": {"raw": content_of("Text", token_of("key-7"))}}
    quoting = {**recorded("post"), "id": 1, "content": {"raw": content_of(f"It says {token_of('key-7')}", "other")}}
    with serving({f"GET {API}/posts": as_json([quoting, mine])}) as server:
        assert site(server).find_published("key-7", "T", "", "") == Post(id=str(mine["id"]), url=mine["link"])
        assert site(server).find_published("key-8", "T", "", "") is None
    by_slug, *_, by_search = server.asked
    assert by_slug.query["slug"][0].startswith("t,t__trashed,t-2,t-2__trashed,")
    assert "trash" in by_slug.query["status"][0]
    assert by_search.query["search"] == [token_of("key-8")]


def test_what_is_gone_is_fine_to_delete() -> None:
    gone, trashed = ERRORS["not_found"], ERRORS["already_trashed"]
    answers = [as_json(gone["body"], gone["status"]), as_json(trashed["body"], trashed["status"])]
    with serving({f"DELETE {API}/posts/7": list(answers), f"DELETE {API}/media/7": answers[0]}) as server:
        for _ in range(2):
            site(server).trash_post("7")
        site(server).delete_media("7")
    assert server.asked[0].query == {}
    assert server.asked[2].query == {"force": ["true"]}


def test_a_site_without_a_trash_gets_a_draft() -> None:
    refusal = as_json({"code": "rest_trash_not_supported", "message": "no", "data": {"status": 501}}, 501)
    with serving({f"DELETE {API}/posts/7": refusal, f"POST {API}/posts/7": as_json({})}) as server:
        site(server).trash_post("7")
    assert server.asked[1].json == {"status": "draft"}


def test_a_term_that_exists_is_used() -> None:
    error = ERRORS["term_exists"]
    with serving({f"POST {API}/tags": as_json(error["body"], error["status"])}) as server:
        term = site(server).ensure_term("tag", "Cats")
    assert term == Term(id=str(error["body"]["data"]["term_id"]), name="Cats")


def test_the_cover_must_be_there_before_anything_is_published() -> None:
    routes = {f"POST {API}/posts": as_json(recorded("post"), 201)}
    with serving(routes) as server, pytest.raises(NotFound, match="image 99"):
        site(server).publish("Cats", "Text", "", "99")
    assert [asked.method for asked in server.asked] == ["GET"]


def test_an_answer_of_something_else_is_told_apart() -> None:
    firewall = Answer(403, b"<html>Firewall</html>", {"Content-Type": "text/html"})
    with serving({f"POST {API}/posts": firewall}) as server, pytest.raises(Unauthorized, match="does not allow access"):
        site(server).publish("Cats", "Text", "")


@pytest.mark.parametrize(
    "url", ["http://blog.example", "ftp://blog.example", "blog.example", "https://a:b@blog.example", ""]
)
def test_addresses_that_would_leak_or_fail_are_refused(url: str) -> None:
    with pytest.raises(ValidationError):
        WordPressSettings(url=url, user="ada", app_password=SecretStr("x"))


@pytest.mark.parametrize(
    "url", ["https://blog.example/news/", "http://127.0.0.1:80", "http://localhost", "http://[::1]:8080"]
)
def test_addresses_that_are_safe_are_taken(url: str) -> None:
    assert WordPressSettings(url=url, user="ada", app_password=SecretStr("x")).url == url.rstrip("/")
    plain_http = WordPressSettings(
        url="http://10.0.0.7", user="ada", app_password=SecretStr("x"), allow_plain_http=True
    )
    assert plain_http.url == "http://10.0.0.7"


def test_effects_without_idempotency_are_reconciled() -> None:
    specs = actions_of(WordPress)
    assert {name: spec.reconcile for name, spec in specs.items() if not spec.idempotent} == {
        "upload_media": "find_uploaded",
        "publish": "find_published",
    }
    assert all(spec.settle.total_seconds() >= 60 for spec in specs.values() if spec.reconcile)


@pytest.mark.parametrize(
    ("markdown", "expected"),
    [
        ("# Title", "<h2>Title</h2>\n"),
        ("<b onclick=x>b</b>", "<p>&lt;b onclick=x&gt;b&lt;/b&gt;</p>\n"),
        ("[gallery]", "<p>&#91;gallery&#93;</p>\n"),
        ("<!-- wp:html -->", "<p>&lt;!-- wp:html --&gt;</p>\n"),
        ("~~old~~", "<p><s>old</s></p>\n"),
        ("[a](https://b.example)", '<p><a href="https://b.example" rel="noopener noreferrer nofollow">a</a></p>\n'),
    ],
)
def test_markdown_becomes_harmless(markdown: str, expected: str) -> None:
    assert sanitised(markdown) == expected


def test_texts_become_addresses_and_html() -> None:
    assert slug_of("Größe & Mut: “Ça va?”") == "groe-mut-ca-va"
    assert slug_of("猫") == ""
    assert len(slug_of("word " * 50)) <= 60
    assert plain(" Tom & <b>Jerry</b>\n 'x' ") == "Tom &amp; &lt;b&gt;Jerry&lt;/b&gt; 'x'"
    assert token_of("k") == token_of("k") != token_of("l")
    assert token_of(None) != token_of(None)
