"""Covers, channel and outbox."""

from __future__ import annotations

import io
import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from PIL import Image as Picture
from PIL import ImageFont
from pydantic import ValidationError

from integrations.local_channel.connector import LocalChannel, LocalChannelSettings
from integrations.local_covers.connector import LocalCovers, LocalCoversSettings, wrapped
from integrations.local_outbox.connector import LocalOutbox, LocalOutboxSettings
from integrations.protocols import MAX_IMAGE_BYTES, Image, SocialPost
from workflows.engine.policy import CallInProgress, call_in_progress


def test_a_cover_is_an_image_and_always_the_same() -> None:
    covers = LocalCovers(LocalCoversSettings())
    cover = covers.draw_cover("How cats sleep", "A how-to for cat owners")
    with Picture.open(io.BytesIO(cover.content)) as picture:
        assert (picture.format, picture.size) == ("PNG", (1200, 630))
        assert len(picture.getcolors(100_000) or []) > 2
    assert covers.draw_cover("How cats sleep", "A how-to for cat owners") == cover
    assert covers.draw_cover("How dogs sleep") != cover
    assert "How cats sleep" in cover.alt


def test_long_titles_fit() -> None:
    font = ImageFont.load_default(70)
    lines = wrapped("word " * 60 + "x" * 200, font, 800, 4)
    assert len(lines) == 4
    assert all(font.getlength(line) <= 800 for line in lines)
    assert lines[-1].endswith("…")
    assert wrapped("x" * 200, font, 800, 4)[0].endswith("…")
    assert wrapped("", font, 800, 4) == []


def test_an_image_must_fit_into_a_history() -> None:
    Image.of(b"0" * MAX_IMAGE_BYTES, name="a.png", mime="image/png")
    with pytest.raises(ValidationError, match="make it smaller"):
        Image.of(b"0" * (MAX_IMAGE_BYTES + 10), name="a.png", mime="image/png")
    with pytest.raises(ValidationError, match="not base64"):
        Image(name="a.png", mime="image/png", data="%%%")
    with pytest.raises(ValidationError):
        Image(name="../a.png", mime="image/png", data="")


def test_a_message_is_posted_once_per_key(tmp_path: Path) -> None:
    channel = LocalChannel(LocalChannelSettings(folder=tmp_path))
    with call_in_progress(CallInProgress("r", "s#1", "k", 1, check=lambda: None)):
        assert channel.post("#news", "Hello\nthere") == channel.post("#news", "Hello\nthere")
    channel.post("#news", "Again")
    assert [(line.channel, line.text) for line in channel.messages()] == [("#news", "Hello\nthere"), ("#news", "Again")]


def test_a_line_that_was_cut_off_hides_no_other(tmp_path: Path) -> None:
    (tmp_path / "messages.jsonl").write_text('{"id": "1", "chan')
    channel = LocalChannel(LocalChannelSettings(folder=tmp_path))
    channel.post("#news", "Hello")
    assert [line.text for line in channel.messages()] == ["Hello"]


def test_messages_at_the_same_time_are_all_kept(tmp_path: Path) -> None:
    channel = LocalChannel(LocalChannelSettings(folder=tmp_path))
    with ThreadPoolExecutor(6) as pool:
        list(pool.map(lambda number: channel.post("#news", str(number)), range(30)))
    assert sorted(int(line.text) for line in channel.messages()) == list(range(30))


def test_a_social_post_is_queued_once_per_key(tmp_path: Path) -> None:
    outbox = LocalOutbox(LocalOutboxSettings(folder=tmp_path))
    post = SocialPost(network="mastodon", text="New", link="http://site/1")
    with call_in_progress(CallInProgress("r", "s#1", "k", 1, check=lambda: None)):
        queued = outbox.queue(post)
        assert outbox.queue(post) == queued
    assert [path.name for path in (tmp_path / "mastodon").iterdir()] == [f"{queued.id}.json"]
    assert json.loads((tmp_path / "mastodon" / f"{queued.id}.json").read_text())["link"] == "http://site/1"


@pytest.mark.parametrize("network", ["../x", "A", "", "a/b"])
def test_a_network_is_a_plain_name(network: str) -> None:
    with pytest.raises(ValidationError):
        SocialPost(network=network, text="x")
