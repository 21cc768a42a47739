"""The link checker finds what is broken and nothing else, and the project's own pages pass it."""

from pathlib import Path

import pytest

from tools.check_links import ROOT, anchors, broken_links, pages


@pytest.fixture
def page(tmp_path: Path) -> Path:
    (tmp_path / "other.md").write_text("# Why SQL?\n\n## `baton up`\n\n## Why SQL?\n")
    return tmp_path / "page.md"


@pytest.mark.parametrize(
    "link",
    ["other.md", "other.md#why-sql", "other.md#why-sql-1", "other.md#baton-up", "#here", "https://example.org/x"],
)
def test_a_good_link_passes(page: Path, link: str) -> None:
    page.write_text(f"# Here\n\n[a]({link})\n")
    assert broken_links(page, page.parent) == []


@pytest.mark.parametrize("link", ["missing.md", "other.md#nothing", "#nothing", "../outside.md"])
def test_a_broken_link_is_found(page: Path, link: str) -> None:
    page.write_text(f"# Here\n\n[a]({link})\n")
    assert len(broken_links(page, page.parent)) == 1


def test_a_link_given_as_a_reference_is_checked(page: Path) -> None:
    page.write_text("See [a].\n\n[a]: missing.md\n")
    assert broken_links(page, page.parent) == ["page.md: missing.md does not exist"]


def test_code_holds_no_links(page: Path) -> None:
    page.write_text("`[a](missing.md)`\n\n```\n[a](missing.md)\n```\n")
    assert broken_links(page, page.parent) == []


def test_a_heading_in_code_is_no_anchor() -> None:
    assert anchors("```\n# Not here\n```\n# Here\n") == {"here"}


def test_the_pages_of_the_project_have_no_broken_link() -> None:
    assert [problem for page in pages(ROOT) for problem in broken_links(page, ROOT)] == []
