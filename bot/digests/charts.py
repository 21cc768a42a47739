"""A digest's chart as a picture: stacked columns, with what they mean below."""

from __future__ import annotations

import io

from PIL import Image, ImageDraw, ImageFont

from workflows.engine.digests.page import Chart

WIDTH, HEIGHT = 960, 360
LEFT, RIGHT, TOP, BOTTOM = 56, 16, 44, 64
COLOURS = ("#2f7d4f", "#c8402f", "#8a8f98", "#c98a1b", "#3c6fb4", "#7a4f9c")
INK, GRID, PAPER = "#30343b", "#dfe2e7", "#ffffff"
NAMES = 12
"""So many columns get their names written at most."""


def picture(chart: Chart) -> bytes:
    """The chart as PNG; the same chart gives the same bytes."""
    image = Image.new("RGB", (WIDTH, HEIGHT), PAPER)
    draw = ImageDraw.Draw(image)
    large, small = ImageFont.load_default(18), ImageFont.load_default(13)
    draw.text((LEFT, 12), chart.title, fill=INK, font=large)
    highest = max((sum(bar.parts) for bar in chart.bars), default=0) or 1
    _grid(draw, highest, small)
    _columns(draw, chart, highest, small)
    _legend(draw, chart, small)
    made = io.BytesIO()
    image.save(made, "PNG", optimize=True)
    return made.getvalue()


Font = ImageFont.FreeTypeFont | ImageFont.ImageFont


def _level(count: float, highest: int) -> float:
    return HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * count / highest


def _grid(draw: ImageDraw.ImageDraw, highest: int, font: Font) -> None:
    step = max(1, -(-highest // 4))
    for count in range(0, highest + 1, step):
        level = _level(count, highest)
        draw.line((LEFT, level, WIDTH - RIGHT, level), fill=GRID)
        draw.text((LEFT - 8, level), str(count), fill=INK, font=font, anchor="rm")


def _columns(draw: ImageDraw.ImageDraw, chart: Chart, highest: int, font: Font) -> None:
    each = (WIDTH - LEFT - RIGHT) / max(len(chart.bars), 1)
    named = max(1, -(-len(chart.bars) // NAMES))
    for number, bar in enumerate(chart.bars):
        left, below = LEFT + number * each, 0
        for colour, count in zip(COLOURS, bar.parts, strict=False):
            if count:
                box = (left + each * 0.12, _level(below + count, highest), left + each * 0.88, _level(below, highest))
                draw.rectangle(box, fill=colour)
                below += count
        if number % named == 0:
            draw.text((left + each / 2, HEIGHT - BOTTOM + 6), bar.name, fill=INK, font=font, anchor="mt")


def _legend(draw: ImageDraw.ImageDraw, chart: Chart, font: Font) -> None:
    left = float(LEFT)
    for colour, kind in zip(COLOURS, chart.kinds, strict=False):
        draw.rectangle((left, HEIGHT - 26, left + 12, HEIGHT - 14), fill=colour)
        draw.text((left + 18, HEIGHT - 20), kind, fill=INK, font=font, anchor="lm")
        left += 18 + draw.textlength(kind, font=font) + 24
