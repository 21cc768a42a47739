from __future__ import annotations

from pathlib import Path

import pytest

from integrations.errors import NotConnected
from integrations.local_library.connector import LocalLibrary, LocalLibrarySettings
from integrations.protocols import Library, Search
from integrations.registry import Registry

TEXTS = {
    "cats.md": "# Sleeping cats\n\nCats sleep for many hours. A cat naps.",
    "dogs.txt": "Dogs sleep too, and dream of cats.",
    "deep/birds.md": "# Birds\n\nBirds sing.",
    "code.py": "cats = 1",
}


@pytest.fixture
def library(tmp_path: Path) -> LocalLibrary:
    for name, text in TEXTS.items():
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    return LocalLibrary(LocalLibrarySettings(folder=tmp_path, max_characters=40))


def names(library: LocalLibrary, query: str, limit: int = 5) -> list[str]:
    return [source.url for source in library.find(query, limit).items]


def test_the_best_fit_comes_first(library: LocalLibrary) -> None:
    assert names(library, "How do cats sleep?") == ["cats.md", "dogs.txt"]
    assert names(library, "dogs") == ["dogs.txt"]
    assert names(library, "the bird") == ["deep/birds.md"]
    assert names(library, "cats", limit=1) == ["cats.md"]


@pytest.mark.parametrize("query", ["", "the and of", "zebra", "?!"])
def test_nothing_fits(library: LocalLibrary, query: str) -> None:
    assert names(library, query) == []


def test_a_source_has_a_title_and_some_text(library: LocalLibrary) -> None:
    found = library.find("cats dream").items
    assert {source.url: source.title for source in found} == {"dogs.txt": "Dogs", "cats.md": "Sleeping cats"}
    assert all(len(source.text) <= 40 for source in found)


def test_changed_files_are_read_again(library: LocalLibrary, tmp_path: Path) -> None:
    assert names(library, "zebra") == []
    (tmp_path / "zebras.md").write_text("A zebra")
    (tmp_path / "dogs.txt").unlink()
    assert names(library, "zebra") == ["zebras.md"]
    assert names(library, "dogs") == []


def test_links_out_of_the_folder_are_not_followed(library: LocalLibrary, tmp_path: Path) -> None:
    secret = tmp_path.parent / "secret.txt"
    secret.write_text("a zebra")
    (tmp_path / "link.txt").symlink_to(secret)
    assert names(library, "zebra") == []


def test_it_may_stand_for_a_web_search(library: LocalLibrary) -> None:
    registry = Registry({Library: lambda: library, Search: lambda: library})
    assert registry.get(Search).find("dogs") == registry.get(Library).find("dogs")


def test_a_missing_folder_is_told(tmp_path: Path) -> None:
    with pytest.raises(NotConnected, match="does not exist"):
        LocalLibrary(LocalLibrarySettings(folder=tmp_path / "none")).find("x")
