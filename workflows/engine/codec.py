"""Values to JSON text and back, by type.

What a verb returns has always been through its JSON form, so that a body sees the same value when it is
called for the first time and when it is replayed.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any

from pydantic import BaseModel, Secret, SecretBytes, SecretStr, TypeAdapter, ValidationError
from pydantic_core import PydanticSerializationError, to_jsonable_python

from workflows.engine.errors import CodecError

MAX_BYTES = 4 * 1024 * 1024
PLAIN = frozenset({str, int, float, bool, type(None)})
"""Types whose values can't be changed and hold nothing else."""
_canonical = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode


def encode(value: Any, what: str) -> str:
    """`value` as canonical JSON text; raises CodecError, with `what` named, for what can't be written."""
    try:
        text = _canonical(to_jsonable_python(value))
        size = len(text) if text.isascii() else len(text.encode())
    except (PydanticSerializationError, TypeError, ValueError, RecursionError) as error:
        raise CodecError(
            f"{what} is a {type(value).__name__} that can't be written as JSON ({_short(error)}). "
            "Return a pydantic model, a dataclass or plain values, then resume."
        ) from None
    if _holds_secret(value):
        raise CodecError(
            f"{what} holds a secret, which must not enter a history. Return a reference to it instead, then resume."
        )
    if size > MAX_BYTES:
        raise CodecError(
            f"{what} is {size / 1_048_576:.1f} MB, over the limit of 4 MB. "
            "Store it with a connector and return its address or id instead, then resume."
        )
    return text


def decode(text: str | None, kind: Any, what: str) -> Any:
    """The value in JSON `text` as `kind`; raises CodecError when a record no longer fits its type."""
    try:
        return _adapter(kind).validate_json(text if text is not None else "null")
    except ValidationError as error:
        raise CodecError(
            f"{what} was recorded in another form than today's {_name(kind)}: {_short(error)}. "
            "Mend the type so that it reads old records, then resume."
        ) from None


def digest(text: str) -> str:
    """A short fingerprint of canonical JSON."""
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def arguments(args: Sequence[Any], kwargs: Mapping[str, Any], what: str) -> str:
    """The canonical JSON of a call's arguments: the positional ones, then the named ones where there are any."""
    listed = list(args)
    if any(type(value) not in PLAIN and isinstance(value, Iterator) for value in (*listed, *kwargs.values())):
        raise CodecError(f"{what} is an iterator, which can be read only once. Give a list instead, then resume.")
    return encode([*listed, dict(kwargs)] if kwargs else listed, what)


def _adapter(kind: Any) -> TypeAdapter[Any]:
    try:
        return _cached_adapter(kind)
    except TypeError:  # an unhashable annotation
        return TypeAdapter(kind)


@lru_cache(maxsize=1024)
def _cached_adapter(kind: Any) -> TypeAdapter[Any]:
    return TypeAdapter(kind)


def _holds_secret(value: Any) -> bool:
    if type(value) in PLAIN:
        return False
    if isinstance(value, Secret | SecretStr | SecretBytes):
        return True
    if isinstance(value, BaseModel):
        return any(_holds_secret(getattr(value, name)) for name in type(value).model_fields)
    if dataclasses.is_dataclass(value):
        return any(_holds_secret(getattr(value, item.name)) for item in dataclasses.fields(value))
    if isinstance(value, Mapping):
        return any(_holds_secret(item) for item in value.values())
    if isinstance(value, list | tuple | set | frozenset):
        return any(_holds_secret(item) for item in value)
    return False


def _name(kind: Any) -> str:
    return getattr(kind, "__name__", str(kind))


def _short(error: Exception) -> str:
    if isinstance(error, ValidationError):
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        return f"{place}: {first['msg']}" if place else first["msg"]
    return str(error).split("\n", 1)[0]
