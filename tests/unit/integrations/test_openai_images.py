"""Image models over a local server that answers as OpenAI does."""

from __future__ import annotations

import base64
import io
import random
from typing import Any, get_args

import pytest
from openai.types import ImageModel
from PIL import Image as Picture
from pydantic import SecretStr

from integrations.errors import InvalidRequest, Unavailable
from integrations.openai_images import connector as module
from integrations.openai_images.connector import DEFAULT_MODEL, OpenAIImages, OpenAIImagesSettings
from integrations.protocols import MAX_IMAGE_BYTES
from tests.servers.http import Answer, CannedServer, as_json, serving
from workflows.engine.policy import CallInProgress, Usage, call_in_progress

ROUTE = "POST /v1/images/generations"


def drawing(kind: str, size: tuple[int, int] = (48, 32), *, noise: bool = False) -> bytes:
    """An image file; noise can't be compressed."""
    picture = Picture.new("RGB", size, (20, 90, 140))
    if noise:
        picture = Picture.frombytes("RGB", size, random.Random(7).randbytes(size[0] * size[1] * 3))
    buffer = io.BytesIO()
    picture.save(buffer, kind)
    return buffer.getvalue()


def drawn(content: bytes) -> Answer:
    """OpenAI's answer with this image."""
    return as_json(
        {
            "created": 1_790_000_000,
            "background": "opaque",
            "data": [{"b64_json": base64.b64encode(content).decode()}],
            "output_format": "jpeg",
            "quality": "medium",
            "size": "1536x1024",
            "usage": {
                "input_tokens": 50,
                "input_tokens_details": {"image_tokens": 0, "text_tokens": 50},
                "output_tokens": 1_584,
                "total_tokens": 1_634,
            },
        }
    )


def images(server: CannedServer, **more: Any) -> OpenAIImages:
    """The connector, at a test's server."""
    return OpenAIImages(OpenAIImagesSettings(api_key=SecretStr("sk-made-up"), url=f"{server.url}/v1", **more))


def test_a_cover_is_drawn_and_paid_for() -> None:
    content = drawing("JPEG")
    call = CallInProgress("r", "cover#1", "k", 1, check=lambda: None)
    with serving({ROUTE: drawn(content)}) as server, call_in_progress(call):
        image = images(server).draw_cover("How cats sleep", "For\nowners")
    assert (image.content, image.mime, image.name) == (content, "image/jpeg", "cover.jpg")
    assert "How cats sleep" in image.alt
    assert call.usage == [Usage(f"openai:{DEFAULT_MODEL}", 50, 1_584, None)]
    asked = server.asked[0].json
    assert {name: asked[name] for name in ("model", "n", "size", "quality", "output_format")} == {
        "model": DEFAULT_MODEL,
        "n": 1,
        "size": "1536x1024",
        "quality": "medium",
        "output_format": "jpeg",
    }
    assert "---\nHow cats sleep. For owners\n---" in asked["prompt"]


@pytest.mark.parametrize("kind", ["PNG", "WEBP"])
def test_another_kind_of_image_becomes_a_jpeg(kind: str) -> None:
    with serving({ROUTE: drawn(drawing(kind))}) as server:
        image = images(server).draw_cover("Cats")
    with Picture.open(io.BytesIO(image.content)) as picture:
        assert picture.format == "JPEG"


def test_a_large_image_is_made_smaller() -> None:
    large = drawing("PNG", (1536, 1024), noise=True)
    assert len(large) > MAX_IMAGE_BYTES
    with serving({ROUTE: drawn(large)}) as server:
        image = images(server).draw_cover("Cats")
    assert len(image.content) <= MAX_IMAGE_BYTES


@pytest.mark.parametrize(
    "answer",
    [
        drawn(b"no image"),
        as_json({"data": [{"b64_json": "%%%"}]}),
        as_json({"data": []}),
        as_json({"data": [{"url": "http://127.0.0.1/secret.png"}]}),
    ],
)
def test_an_answer_without_an_image_is_told(answer: Answer) -> None:
    with serving({ROUTE: answer}) as server, pytest.raises(Unavailable) as it:
        images(server).draw_cover("Cats")
    assert not it.value.retryable
    assert len(server.asked) == 1


def test_an_image_too_large_to_open_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_PIXELS", 100)
    with serving({ROUTE: drawn(drawing("JPEG"))}) as server, pytest.raises(Unavailable, match="can be read"):
        images(server).draw_cover("Cats")


def test_a_refused_title_is_for_the_user() -> None:
    told = {"error": {"message": "Your request was rejected by the safety system.", "code": "moderation_blocked"}}
    with serving({ROUTE: as_json(told, 400)}) as server, pytest.raises(InvalidRequest, match="safety system"):
        images(server).draw_cover("Cats")


def test_the_default_model_exists() -> None:
    assert DEFAULT_MODEL in get_args(ImageModel)
