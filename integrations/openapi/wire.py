"""Arguments as they go over the wire: parameters in OpenAPI's styles, and bodies as JSON or as forms."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote

from integrations.errors import InvalidRequest
from integrations.openapi.signature import FORM, MULTIPART, Body, Parameter, is_json

Pairs = list[tuple[str, str]]
DELIMITERS = {"spaceDelimited": " ", "pipeDelimited": "|"}


def text_of(value: Any) -> str:
    """A plain value as text."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def path_text(parameter: Parameter, value: Any) -> str:
    """A parameter's text in a path; raises InvalidRequest for one that would lead elsewhere."""
    text = ",".join(quote(part, safe="=" if parameter.explode else "") for part in _simple(parameter, value))
    if text in {"", ".", ".."}:
        raise InvalidRequest(f"{parameter.argument} can't be {text_of(value)!r}: it is part of an address. Correct it.")
    prefix = {"label": ".", "matrix": f";{quote(parameter.name, safe='')}="}.get(parameter.style, "")
    return prefix + text


def header_text(parameter: Parameter, value: Any) -> str:
    """A parameter's text in a header; raises InvalidRequest for one that would begin another."""
    text = text_of(value) if parameter.as_json else ",".join(_simple(parameter, value))
    if not text.isprintable():
        raise InvalidRequest(f"{parameter.argument} holds characters that a header can't. Correct it.")
    return text


def query_pairs(parameter: Parameter, value: Any) -> Pairs:
    """A parameter in a query or cookie."""
    name = parameter.name
    if parameter.as_json:
        return [(name, json.dumps(value, ensure_ascii=False))]
    if isinstance(value, Mapping):
        if parameter.style == "deepObject":
            return list(_deep(name, value))
        if parameter.explode:
            return [(str(key), text_of(one)) for key, one in value.items()]
        return [(name, ",".join(text_of(part) for pair in value.items() for part in pair))]
    if isinstance(value, list | tuple):
        if parameter.style == "deepObject":
            return list(_deep(name, value))
        if parameter.explode:
            return [(name, text_of(one)) for one in value]
        return [(name, DELIMITERS.get(parameter.style, ",").join(map(text_of, value)))]
    return [(name, text_of(value))]


def body_options(body: Body, value: Any) -> dict[str, Any]:
    """A body as httpx takes it; raises InvalidRequest for what can't be sent."""
    if is_json(body.media):
        content = json.dumps(value, ensure_ascii=False, allow_nan=False).encode()
        return {"content": content, "headers": {"Content-Type": body.media}}
    if body.media in {FORM, MULTIPART}:
        if not isinstance(value, Mapping):
            raise InvalidRequest("The request's body is a form: give its fields.")
        pairs = [pair for name, one in value.items() for pair in _form(str(name), one, body.encoding.get(name) or {})]
        fields: dict[str, list[str]] = {}
        for name, text in pairs:
            fields.setdefault(name, []).append(text)
        if body.media == FORM:
            return {"data": fields}
        return {"files": [(name, (None, text)) for name, text in pairs]}
    if not isinstance(value, str):
        raise InvalidRequest(f"The request's body is {body.media}: give its text as request_body.")
    return {"content": value.encode(), "headers": {"Content-Type": body.media}}


def _form(name: str, value: Any, encoding: Mapping[str, Any]) -> Pairs:
    """A field of a form; objects are written in brackets, which is how services with forms take them."""
    deep = encoding.get("style") == "deepObject"
    if isinstance(value, Mapping):
        return list(_deep(name, value))
    if isinstance(value, list | tuple):
        if deep or any(isinstance(one, Mapping | list) for one in value):
            return list(_deep(name, value))
        if encoding.get("explode", True):
            return [(name, text_of(one)) for one in value]
        return [(name, ",".join(map(text_of, value)))]
    return [(name, text_of(value))]


def _deep(name: str, value: Any) -> Iterator[tuple[str, str]]:
    if isinstance(value, Mapping):
        for key, one in value.items():
            yield from _deep(f"{name}[{key}]", one)
    elif isinstance(value, list | tuple):
        for index, one in enumerate(value):
            yield from _deep(f"{name}[{index}]", one)
    else:
        yield name, text_of(value)


def _simple(parameter: Parameter, value: Any) -> list[str]:
    if isinstance(value, Mapping):
        if parameter.explode:
            return [f"{key}={text_of(one)}" for key, one in value.items()]
        return [text_of(part) for pair in value.items() for part in pair]
    return [text_of(one) for one in value] if isinstance(value, list | tuple) else [text_of(value)]
