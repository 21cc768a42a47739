from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest

from integrations.errors import NotFound
from integrations.local_site.connector import LocalSite, slug_of
from integrations.local_site.models import LocalSiteSettings
from integrations.local_site.pages import sanitised
from integrations.protocols import Image
from workflows.engine.policy import CallInProgress, call_in_progress

COVER = Image.of(b"\x89PNG not really", name="cover.png", mime="image/png", alt='A "cat"')


@pytest.fixture
def site(tmp_path: Path) -> LocalSite:
    return LocalSite(LocalSiteSettings(folder=tmp_path, url="http://site/"))


@contextmanager
def keyed(key: str) -> Iterator[None]:
    with call_in_progress(CallInProgress("r", "s#1", key, 1, check=lambda: None)):
        yield


def page(folder: Path, name: str) -> str:
    return (folder / "public" / name).read_text()


def test_a_post_is_a_page_with_its_cover(site: LocalSite, tmp_path: Path) -> None:
    media = site.upload_media(COVER)
    post = site.publish("Cats & dogs", "They **sleep**.", "About sleep", media.id)
    assert post.url == "http://site/posts/cats-dogs.html"
    text = page(tmp_path, "posts/cats-dogs.html")
    assert "<h1>Cats &amp; dogs</h1>" in text
    assert "<strong>sleep</strong>" in text
    assert f'<img src="../media/{media.id}.png" alt="A &quot;cat&quot;">' in text
    assert (tmp_path / "public" / "media" / f"{media.id}.png").read_bytes() == COVER.content
    assert '<a href="posts/cats-dogs.html">Cats &amp; dogs</a>' in page(tmp_path, "index.html")
    assert "default-src &#x27;none&#x27;" in text


def test_the_same_key_gives_the_same_post(site: LocalSite, tmp_path: Path) -> None:
    with keyed("k1"):
        first, again = site.publish("Cats", "one", ""), site.publish("Cats", "one", "")
    with keyed("k2"):
        other = site.publish("Cats", "two", "")
    assert first == again
    assert other.id != first.id
    assert other.url != first.url
    assert len(list((tmp_path / "public" / "posts").iterdir())) == 2


def test_the_same_key_gives_the_same_image(site: LocalSite) -> None:
    with keyed("k1"):
        first, again = site.upload_media(COVER), site.upload_media(COVER)
    assert first == again
    assert site.upload_media(COVER).id != first.id


def test_a_repeat_mends_what_a_crash_left_out(site: LocalSite, tmp_path: Path) -> None:
    with keyed("k1"):
        post = site.publish("Cats", "one", "")
        (tmp_path / "public" / "posts" / "cats.html").unlink()
        (tmp_path / "public" / "index.html").unlink()
        assert site.publish("Cats", "one", "") == post
    assert "one" in page(tmp_path, "posts/cats.html")
    assert "Cats" in page(tmp_path, "index.html")


def test_the_trash_takes_a_post_off_the_site(site: LocalSite, tmp_path: Path) -> None:
    post = site.publish("Cats", "one", "")
    for _ in range(2):
        site.trash_post(post.id)
        assert not (tmp_path / "public" / "posts" / "cats.html").exists()
        assert "Nothing is published yet" in page(tmp_path, "index.html")
    site.trash_post("0" * 16)
    site.trash_post("../../etc/passwd")


def test_deleting_an_image_twice_is_fine(site: LocalSite, tmp_path: Path) -> None:
    media = site.upload_media(COVER)
    for _ in range(2):
        site.delete_media(media.id)
        assert list((tmp_path / "public" / "media").iterdir()) == []
    site.delete_media("../x")


def test_an_unknown_cover_is_told(site: LocalSite) -> None:
    with pytest.raises(NotFound, match=r"no image '\.\./x'"):
        site.publish("Cats", "one", "", "../x")


def test_posts_at_the_same_time_get_addresses_of_their_own(site: LocalSite, tmp_path: Path) -> None:
    with ThreadPoolExecutor(6) as pool:
        posts = list(pool.map(lambda _: site.publish("Cats", "one", ""), range(6)))
    assert len({post.url for post in posts}) == 6
    assert page(tmp_path, "index.html").count("<li>") == 6


@pytest.mark.parametrize(
    "hostile",
    [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "[x](javascript:alert(1))",
        "![x](javascript:alert(1))",
        "[x](data:text/html;base64,AAAA)",
        "<iframe src='//evil'></iframe>",
        "<style>body{display:none}</style>",
        "[x](http://a.test/\"onmouseover='alert(1)')",
    ],
)
def test_nothing_active_gets_onto_a_page(hostile: str) -> None:
    clean = sanitised(hostile)
    for active in ("<script", "<iframe", "<style", "<img src=x", 'href="javascript', 'src="javascript', 'href="data'):
        assert active not in clean
    assert " onmouseover" not in clean


def test_titles_are_escaped(site: LocalSite, tmp_path: Path) -> None:
    site.publish("<script>x</script>", "one", '"><script>', slug="s")
    assert "<script" not in page(tmp_path, "posts/s.html") + page(tmp_path, "index.html")


@pytest.mark.parametrize(
    ("text", "slug"),
    [("Über Katzen!", "uber-katzen"), ("../../etc", "etc"), ("猫", ""), ("a" * 200, "a" * 80)],
)
def test_slugs_are_safe(text: str, slug: str) -> None:
    assert slug_of(text) == slug


def test_a_title_without_letters_we_know_still_has_an_address(site: LocalSite) -> None:
    post = site.publish("猫", "one", "")
    assert post.url == f"http://site/posts/{post.id}.html"
