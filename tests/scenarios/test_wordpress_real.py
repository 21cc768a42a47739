"""WordPress itself: a post goes up once, whatever is lost on the way, and holds nothing that runs."""

from __future__ import annotations

import html
import io
from collections.abc import Iterator
from contextlib import contextmanager
from html.parser import HTMLParser

import httpx
import pytest
from PIL import Image as Picture
from pydantic import SecretStr

from integrations.errors import InvalidRequest, NotConnected, NotFound, Unauthorized, Unavailable
from integrations.protocols import Image, Post
from integrations.wordpress.connector import WordPress
from tests.servers import wordpress
from tests.servers.wordpress import LosesAnswers, WordPressServer
from workflows.engine.policy import CallInProgress, Effect, call_in_progress

running_wordpress = wordpress.running_wordpress
wordpress_server = wordpress.wordpress_server
pytestmark = [pytest.mark.servers, pytest.mark.timeout(600), pytest.mark.xdist_group("wordpress")]

HOSTILE = """\
<script>alert('raw')</script>

A [link](javascript:alert(1)) and ![image](data:text/html;base64,AAAA) <img src=x onerror=alert(1)>

[gallery ids="1"] [embed]http://127.0.0.1/[/embed]

<!-- wp:html --><iframe src="https://evil.example"></iframe><!-- /wp:html -->
"""


@contextmanager
def step(key: str) -> Iterator[None]:
    """What runs in the block is one step's call, with this idempotency key."""
    with call_in_progress(CallInProgress("run-1", "publish#1", key, 1, check=lambda: None)):
        yield


@pytest.fixture
def site(wordpress_server: WordPressServer) -> WordPress:
    return WordPress(wordpress_server.settings)


@pytest.fixture
def cover() -> Image:
    drawn = io.BytesIO()
    Picture.new("RGB", (64, 48), "teal").save(drawn, "PNG")
    return Image.of(drawn.getvalue(), name="Cover_of_cats.png", mime="image/png", alt='A "sleeping" cat & <friends>')


def content(server: WordPressServer, post: Post) -> str:
    """A post's text as visitors get it."""
    with server.rest() as rest:
        return str(rest.get(f"posts/{post.id}").raise_for_status().json()["content"]["rendered"])


def test_a_post_goes_up_with_its_cover_and_comes_down(
    site: WordPress, wordpress_server: WordPressServer, cover: Image
) -> None:
    media = site.upload_media(cover)
    assert httpx.get(media.url).content == cover.content
    post = site.publish("How cats sleep", "# First\n\nThey *do*.", "About sleep", media.id)

    page = httpx.get(post.url)
    assert page.status_code == 200
    assert "<h2>First</h2>" in page.text
    assert media.url.rpartition(".")[0] in page.text
    assert "baton" not in content(wordpress_server, post)
    assert post.url.endswith("/how-cats-sleep/")

    site.trash_post(post.id)
    site.trash_post(post.id)
    assert httpx.get(post.url).status_code == 404
    assert site.get_post(post.id).status == "trash"
    site.delete_post(post.id)
    site.delete_post(post.id)
    site.trash_post(post.id)
    with pytest.raises(NotFound):
        site.get_post(post.id)
    site.delete_media(media.id)
    site.delete_media(media.id)
    assert wordpress_server.all("media") == []
    assert httpx.get(media.url).status_code == 404


def test_a_cover_keeps_its_alternative_text(site: WordPress, wordpress_server: WordPressServer, cover: Image) -> None:
    site.upload_media(cover)
    (held,) = wordpress_server.all("media")
    assert html.unescape(held["alt_text"]) == cover.alt
    assert html.unescape(held["title"]["raw"]) == cover.alt


def test_a_lost_answer_is_found_out_and_nothing_is_published_twice(
    site: WordPress, wordpress_server: WordPressServer
) -> None:
    article = ("How cats sleep", "They do.", "About sleep")
    site.publish(*article)
    lossy = WordPress(wordpress_server.settings, transport=LosesAnswers())
    with step("key-7"), pytest.raises(Unavailable) as caught:
        lossy.publish(*article)
    assert caught.value.effect is Effect.UNKNOWN

    found = site.find_published("key-7", *article)
    _, published = wordpress_server.all()
    assert found == Post(id=str(published["id"]), url=published["link"])
    assert published["slug"] == "how-cats-sleep-2"
    assert site.find_published("key-8", *article) is None


def test_a_post_is_found_whatever_became_of_it(site: WordPress, wordpress_server: WordPressServer) -> None:
    article = ("How cats sleep", "They do.", "About sleep")
    with step("key-7"):
        post = site.publish(*article)
    with wordpress_server.rest() as rest:
        for change in ({"status": "draft"}, {"status": "private"}, {"slug": "another", "status": "publish"}):
            rest.post(f"posts/{post.id}", json=change).raise_for_status()
            found = site.find_published("key-7", *article)
            assert found is not None
            assert found.id == post.id
    site.trash_post(post.id)
    found = site.find_published("key-7", *article)
    assert found is not None
    assert found.id == post.id
    site.delete_post(post.id)
    assert site.find_published("key-7", *article) is None


def test_an_authors_post_is_found_too(wordpress_server: WordPressServer) -> None:
    """WordPress filters what an author writes; the mark has to survive that."""
    author = WordPress(wordpress_server.user("author"))
    assert author.health().ok
    with step("key-9"):
        post = author.publish("Names", "Text with `code` & <b>tags</b>", "")
    assert author.find_published("key-9", "Names", "", "") == post
    assert "&lt;b&gt;tags" in content(wordpress_server, post)


def test_a_lost_upload_is_found_out(site: WordPress, wordpress_server: WordPressServer, cover: Image) -> None:
    with step("key-7"):
        assert site.find_uploaded("key-7", cover) is None
        with pytest.raises(Unavailable) as caught:
            WordPress(wordpress_server.settings, transport=LosesAnswers()).upload_media(cover)
        assert caught.value.effect is Effect.UNKNOWN
    (held,) = wordpress_server.all("media")
    found = site.find_uploaded("key-7", cover)
    assert found is not None
    assert (found.id, found.url) == (str(held["id"]), held["source_url"])
    assert site.find_uploaded("key-8", cover) is None


def test_slugs_collide_without_harm(site: WordPress, wordpress_server: WordPressServer) -> None:
    posts = {}
    for number in range(4):
        with step(f"key-{number}"):
            posts[number] = site.publish("Same title", f"Text {number}", "", slug="Mein Wünsch!")
    assert [post["slug"] for post in wordpress_server.all()] == [
        "mein-wunsch",
        "mein-wunsch-2",
        "mein-wunsch-3",
        "mein-wunsch-4",
    ]
    site.delete_post(posts[1].id)
    found = {n: site.find_published(f"key-{n}", "Same title", "", "", slug="Mein Wünsch!") for n in range(4)}
    assert found == {**posts, 1: None}


@pytest.mark.parametrize(
    "title",
    [
        "Größe & <b>Mut</b> — “zitiert” 'einfach' \"doppelt\"",
        "😀 Emoji 👩‍👩‍👧‍👦 first",
        "猫はどう眠るか",
        "100 % of [gallery] \\ backslash /slash $1 {{x}}",
    ],
)
def test_any_title_arrives_as_it_was_written(site: WordPress, wordpress_server: WordPressServer, title: str) -> None:
    with step(title):
        post = site.publish(title, "Text", title)
        assert site.find_published(title, title, "", "") == post
    (held,) = wordpress_server.all()
    assert site.get_post(post.id).title == title
    assert html.unescape(held["excerpt"]["raw"]) == title
    assert "<b>" not in held["title"]["rendered"]
    assert httpx.get(post.url).status_code == 200


def test_a_long_body_arrives_whole(site: WordPress, wordpress_server: WordPressServer) -> None:
    body = "\n\n".join(f"Paragraph {number}: cats *sleep* a lot. 🐈" for number in range(5_000))
    assert len(body.encode()) > 200_000
    with step("long"):
        post = site.publish("Long", body, "")
    assert content(wordpress_server, post).count("<p>") == 5_000
    assert site.find_published("long", "Long", body, "") == post


def test_a_hostile_body_runs_nothing(site: WordPress, wordpress_server: WordPressServer) -> None:
    shown = content(wordpress_server, site.publish("<script>alert(2)</script>", HOSTILE, "<script>alert(3)</script>"))
    assert tags_of(shown) == {"p"}
    assert "[gallery ids=" in html.unescape(shown)
    for page in ("", "?s=alert"):
        assert "<script>alert" not in httpx.get(f"{wordpress_server.settings.url}/{page}").text


def tags_of(page: str) -> set[str]:
    """The names of all elements."""
    found: set[str] = set()
    parser = HTMLParser()
    parser.handle_starttag = lambda tag, attrs: found.add(tag)  # type: ignore[method-assign]
    parser.feed(page)
    return found


def test_code_and_tables_look_as_written(site: WordPress, wordpress_server: WordPressServer) -> None:
    body = 'One\ntwo\n\n```\na = [1]\n\n\nb = "x"\n```\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n- x\n  - y\n'
    shown = content(wordpress_server, site.publish("Code", body, ""))
    assert "<br" not in shown
    assert '<pre><code>a = [1]\n\n\nb = "x"\n</code></pre>' in html.unescape(shown)
    assert "<td>2</td>" in shown
    assert shown.count("<ul>") == 2


def test_terms_are_made_once_and_used(site: WordPress, wordpress_server: WordPressServer) -> None:
    tag, category = site.ensure_term("tag", "Cats & dogs"), site.ensure_term("category", "Pets")
    assert site.ensure_term("tag", "Cats & dogs") == tag
    assert site.ensure_term("category", "Pets") == category
    assert tag.name == "Cats & dogs"
    site.publish("Tagged", "Text", "", categories=(category.id,), tags=(tag.id,))
    (held,) = wordpress_server.all()
    assert (held["categories"], held["tags"]) == ([int(category.id)], [int(tag.id)])
    found = site.find_post("tagged")
    assert found is not None
    assert (found.id, found.status, found.title) == (str(held["id"]), "publish", "Tagged")
    assert site.find_post("untagged") is None


def test_a_wrong_password_is_an_admins_matter(wordpress_server: WordPressServer, cover: Image) -> None:
    wrong = wordpress_server.settings.model_copy(update={"app_password": SecretStr("abcd efgh ijkl mnop")})
    site = WordPress(wrong)
    for call in (site.health, lambda: site.publish("T", "Text", ""), lambda: site.upload_media(cover)):
        with pytest.raises(Unauthorized, match=r"WORDPRESS_APP_PASSWORD") as caught:
            call()
        assert "abcd" not in str(caught.value)
        assert caught.value.effect is Effect.NONE


def test_a_user_without_the_right_is_told_which_role_has_it(wordpress_server: WordPressServer, cover: Image) -> None:
    contributor = WordPress(wordpress_server.user("contributor"))
    health = contributor.health()
    assert not health.ok
    assert "may not publish posts nor upload files" in health.words
    for call in (lambda: contributor.publish("T", "Text", ""), lambda: contributor.upload_media(cover)):
        with pytest.raises(Unauthorized, match="role Author"):
            call()
    assert wordpress_server.all() == wordpress_server.all("media") == []


def test_what_can_not_be_published_is_refused_with_words(
    site: WordPress, wordpress_server: WordPressServer, cover: Image
) -> None:
    with pytest.raises(InvalidRequest, match="empty_content"):
        site.publish(" ", "", "")
    with pytest.raises(NotFound, match="image 999999"):
        site.publish("T", "Text", "", "999999")
    with pytest.raises(NotFound, match="ids are numbers"):
        site.publish("T", "Text", "", "12/../13")
    broken = cover.model_copy(update={"data": Image.of(b"no image", name="x.png", mime="image/png").data})
    with pytest.raises(InvalidRequest, match="did not take the file"):
        site.upload_media(broken)
    with pytest.raises(NotConnected, match="no REST API"):
        WordPress(wordpress_server.settings, transport=Elsewhere()).health()
    assert wordpress_server.all() == wordpress_server.all("media") == []


def test_the_health_check_says_who_one_is(site: WordPress, wordpress_server: WordPressServer) -> None:
    health = site.health()
    assert health.ok
    assert health.words == f"Publishes on {wordpress_server.settings.url} as admin"


class Elsewhere(httpx.BaseTransport):
    """A site whose API has lost its posts."""

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        request.url = request.url.copy_with(path="/wp-json/wp/v2/nothing")
        return httpx.HTTPTransport().handle_request(request)
