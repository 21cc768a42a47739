"""The worker dies at every checkpoint of every step, one at a time: the article is published once all the same."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from integrations.local_site.connector import LocalSite
from tests.scenarios.newsroom import FarSite, Newsroom, site_settings
from workflows import Outcome
from workflows.engine.model import RunState

COMMENT = 'title: "Care for bicycles"'
EVERY_STEP = 17
"""How many steps the story has, branches and map items included."""


def newsroom_in(folder: Path, site: type[LocalSite]) -> Newsroom:
    """A newsroom that publishes on a site of this kind."""
    return Newsroom.open(folder, Site=site(site_settings(folder)))


def told(newsroom: Newsroom) -> str:
    """The story: an order, one round of changes, an approval."""
    run_id = newsroom.start(newsroom.topic("care"))
    newsroom.harness.decide(Outcome.CHANGES, comment=COMMENT)
    newsroom.harness.decide()
    return run_id


def passed(checkpoint: str, newsroom: Newsroom) -> list[str]:
    """The keys of what passes a checkpoint when nothing goes wrong."""
    told(newsroom)
    return list(dict.fromkeys(key for name, key in newsroom.harness.seen if name == checkpoint))


@pytest.fixture
def folders(tmp_path: Path) -> Iterator[Path]:
    """A fresh folder each time."""
    return (tmp_path / str(number) for number in range(1000))


@pytest.mark.parametrize(
    ("site", "checkpoint", "least"),
    [
        (LocalSite, "after_effect", EVERY_STEP),
        (LocalSite, "after_commit", EVERY_STEP),
        (LocalSite, "before_suspend", 1),
        (FarSite, "before_attempt", 2),
        (FarSite, "after_attempt", 2),
        (FarSite, "after_effect", EVERY_STEP),
        (FarSite, "after_commit", EVERY_STEP),
    ],
)
def test_a_crash_anywhere_leaves_one_post(
    site: type[LocalSite], checkpoint: str, least: int, folders: Iterator[Path]
) -> None:
    keys = passed(checkpoint, newsroom_in(next(folders), site))
    assert len(keys) >= least
    for key in keys:
        newsroom = newsroom_in(next(folders), site)
        newsroom.harness.crash_at(checkpoint, key)
        run_id = told(newsroom)
        newsroom.harness.skip(timedelta(hours=1))  # that nothing was done is believed after the attempt's deadline
        check(newsroom, run_id, f"after {checkpoint} of {key}")


def check(newsroom: Newsroom, run_id: str, when: str) -> None:
    """The article is published, everything once."""
    assert newsroom.harness.crashes == 1, f"{when}: it was not passed"
    assert newsroom.harness.state(run_id) is RunState.SUCCEEDED, f"{when}: {newsroom.harness.error(run_id)}"
    assert [post.title for post in newsroom.all_posts()] == ["Care for bicycles"], when
    assert len(newsroom.media()) == 1, when
    assert sorted(post.network for post in newsroom.social()) == ["bluesky", "linkedin", "mastodon"], when
    assert len(newsroom.messages()) == 1, when
    assert "status: published" in newsroom.topic_text("care"), when
