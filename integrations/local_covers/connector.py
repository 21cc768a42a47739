"""Covers made of type and colour."""

from __future__ import annotations

import colorsys
import hashlib
import io
from dataclasses import dataclass

from PIL import Image as Picture
from PIL import ImageDraw, ImageFont, features
from pydantic import BaseModel, ConfigDict, Field

from integrations.base import Health, action
from integrations.protocols import Image, Images

MARGIN = 72
MAX_TITLE_LINES = 4
Font = ImageFont.FreeTypeFont | ImageFont.ImageFont


class LocalCoversSettings(BaseModel):
    """How large covers are, in pixels; 1200 by 630 is what social networks show."""

    model_config = ConfigDict(frozen=True)

    width: int = Field(default=1200, ge=400, le=2400)
    height: int = Field(default=630, ge=300, le=1600)


@dataclass(frozen=True)
class _Palette:
    """Colours that a title always gets again."""

    ground: tuple[int, int, int]
    shape: tuple[int, int, int]
    ink: tuple[int, int, int] = (250, 250, 246)

    @classmethod
    def of(cls, title: str) -> _Palette:
        hue = hashlib.sha256(title.encode()).digest()[0] / 256
        return cls(_rgb(hue, 0.28, 0.45), _rgb((hue + 0.08) % 1, 0.36, 0.5))


class LocalCovers(Images):
    """Typographic covers: the title on a colour of its own. The same title gives the same image."""

    def __init__(self, settings: LocalCoversSettings) -> None:
        self._width = settings.width
        self._height = settings.height

    @action(idempotent=True)
    def draw_cover(self, title: str, brief: str = "") -> Image:
        """Set a cover in type."""
        palette = _Palette.of(title)
        picture = Picture.new("RGB", (self._width, self._height), palette.ground)
        draw = ImageDraw.Draw(picture)
        radius = self._height * 0.55
        centre = (self._width * 0.95, self._height * 0.9)
        draw.circle(centre, radius, fill=palette.shape)
        draw.rectangle((MARGIN, MARGIN, MARGIN + 96, MARGIN + 8), fill=palette.ink)
        self._write(draw, title, brief, palette)
        buffer = io.BytesIO()
        picture.save(buffer, "PNG", optimize=True)
        return Image.of(
            buffer.getvalue(), name="cover.png", mime="image/png", alt=f"The words “{title}” on a plain colour"
        )

    def health(self) -> Health:
        """Whether Pillow can set type."""
        if not features.check("freetype2"):
            return Health(False, "Pillow was built without FreeType. Install Pillow from PyPI.")
        return Health(True, f"Covers of {self._width} by {self._height} pixels, set in type")

    def _write(self, draw: ImageDraw.ImageDraw, title: str, brief: str, palette: _Palette) -> None:
        large, small = ImageFont.load_default(self._height / 9), ImageFont.load_default(self._height / 24)
        room = self._width - 2 * MARGIN
        top: float = MARGIN + 48
        for line in wrapped(title, large, room, MAX_TITLE_LINES):
            draw.text((MARGIN, top), line, font=large, fill=palette.ink)
            top += self._height / 7.5
        for line in wrapped(brief, small, room * 0.8, 2):
            draw.text((MARGIN, top + 12), line, font=small, fill=palette.ink)
            top += self._height / 18


def wrapped(text: str, font: Font, room: float, most: int) -> list[str]:
    """`text` in at most `most` lines that are no wider than `room` pixels; what does not fit ends in an ellipsis."""
    lines: list[str] = []
    for word in text.split():
        longer = f"{lines[-1]} {word}" if lines else word
        if lines and font.getlength(longer) <= room:
            lines[-1] = longer
        else:
            lines.append(_fitting(word, font, room))
    if len(lines) > most:
        lines = [*lines[: most - 1], _fitting(f"{lines[most - 1]} …", font, room)]
    return lines


def _fitting(text: str, font: Font, room: float) -> str:
    if font.getlength(text) <= room:
        return text
    while len(text) > 1 and font.getlength(f"{text}…") > room:
        text = text[:-1]
    return f"{text}…"


def _rgb(hue: float, lightness: float, saturation: float) -> tuple[int, int, int]:
    red, green, blue = colorsys.hls_to_rgb(hue, lightness, saturation)
    return round(red * 255), round(green * 255), round(blue * 255)
