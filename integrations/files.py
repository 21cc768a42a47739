"""Files as the local connectors keep them: written whole or not at all, and by one writer at a time."""

from __future__ import annotations

import fcntl
import hashlib
import os
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from integrations.base import Health


def write_whole(path: Path, content: bytes) -> None:
    """Write `content` to `path` so that a reader, or a crash, sees the old file or the new one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name[:40]}.")
    draft = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        draft.chmod(0o644)
        draft.replace(path)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise


@contextmanager
def alone_in(folder: Path) -> Iterator[None]:
    """Keep every other thread and process that asks for `folder` out for the block."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def id_for(key: str | None) -> str:
    """An id that is the same for the same idempotency key, and a new one without a key."""
    return hashlib.sha256(key.encode()).hexdigest()[:16] if key else uuid.uuid4().hex[:16]


def folder_health(folder: Path, what: str, *, must_exist: bool) -> Health:
    """Whether `folder` can be used; one that need not exist yet is made at first use."""
    if not folder.exists() and not must_exist:
        nearest = next(parent for parent in folder.absolute().parents if parent.exists())
        if os.access(nearest, os.W_OK):
            return Health(True, f"{what} in {folder}, which will be made")
        return Health(False, f"The folder {folder} can't be made. Make it, or set another one.")
    if not folder.is_dir():
        return Health(False, f"The folder {folder} does not exist. Make it, or set another one.")
    if not os.access(folder, os.R_OK | os.W_OK | os.X_OK):
        return Health(False, f"Baton may not write in {folder}. Give it the right to, or set another folder.")
    return Health(True, f"{what} in {folder}")
