"""Search over a folder of Markdown and text files."""

from __future__ import annotations

import threading
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from integrations.base import Health, action
from integrations.errors import NotConnected
from integrations.local_library.ranking import Document, rank
from integrations.protocols import Library, Search, Source, Sources

SUFFIXES = frozenset({".md", ".markdown", ".txt"})
MAX_FILE_BYTES = 1_000_000


class LocalLibrarySettings(BaseModel):
    """Where the files are, and how much of one is handed on."""

    model_config = ConfigDict(frozen=True)

    folder: Path
    max_characters: int = 6_000


class LocalLibrary(Search, Library):
    """Search over a folder of files, ranked by how rare the words found are (BM25).

    It may stand for `Search` too, where nothing that searches the web is set.
    """

    def __init__(self, settings: LocalLibrarySettings) -> None:
        self._folder = settings.folder
        self._max_characters = settings.max_characters
        self._known: dict[Path, tuple[tuple[int, int], Document]] = {}
        self._lock = threading.Lock()

    @action(idempotent=True)
    def find(self, query: str, limit: int = 5) -> Sources:
        """Search the library folder."""
        if not self._folder.is_dir():
            raise NotConnected(f"The library folder {self._folder} does not exist. Make it, then press Resume.")
        best = rank(query, self._documents())[: max(limit, 0)]
        items = tuple(
            Source(title=document.title, url=document.name, text=document.text[: self._max_characters])
            for document in best
        )
        return Sources(query=query, items=items)

    def health(self) -> Health:
        """Whether the folder is there, and how many files it has."""
        if not self._folder.is_dir():
            return Health(False, f"The library folder {self._folder} does not exist. Make it, or set another one.")
        return Health(True, f"{len(self._documents())} files in {self._folder}")

    def _documents(self) -> list[Document]:
        """The folder's files; only those that changed are read again."""
        with self._lock:
            fresh: dict[Path, tuple[tuple[int, int], Document]] = {}
            for path in sorted(self._folder.rglob("*")):
                if path.suffix.lower() not in SUFFIXES or not path.is_file() or path.is_symlink():
                    continue
                stat = path.stat()
                stamp = (stat.st_mtime_ns, stat.st_size)
                known = self._known.get(path)
                if stat.st_size <= MAX_FILE_BYTES:
                    fresh[path] = known if known and known[0] == stamp else (stamp, self._read(path))
            self._known = fresh
            return [document for _, document in fresh.values()]

    def _read(self, path: Path) -> Document:
        text = path.read_text(encoding="utf-8", errors="replace")
        heading = next((line.lstrip("# ").strip() for line in text.splitlines() if line.startswith("# ")), "")
        title = heading or path.stem.replace("-", " ").replace("_", " ").capitalize()
        return Document.of(path.relative_to(self._folder).as_posix(), title, text)
