"""A chart is drawn, the same for the same numbers."""

from __future__ import annotations

import io

from PIL import Image

from bot.digests.charts import COLOURS, HEIGHT, WIDTH, picture
from workflows.engine.digests.page import Bar, Chart


def colours(made: bytes) -> set[str]:
    image = Image.open(io.BytesIO(made)).convert("RGB")
    assert image.size == (WIDTH, HEIGHT)
    found = image.getcolors(WIDTH * HEIGHT) or []
    return {
        "#{:02x}{:02x}{:02x}".format(*colour) for count, colour in found if isinstance(colour, tuple) and count > 300
    }


def test_what_there_is_none_of_is_not_drawn() -> None:
    chart = Chart(
        "Runs by the hour", ("succeeded", "failed"), tuple(Bar(f"{hour}:00", (hour, 0)) for hour in range(24))
    )
    made = picture(chart)
    assert made == picture(chart)
    assert COLOURS[0] in colours(made)
    assert COLOURS[1] not in colours(made)
    failed = Chart(chart.title, chart.kinds, tuple(Bar(bar.name, (0, 5)) for bar in chart.bars))
    assert COLOURS[1] in colours(picture(failed))


def test_nothing_at_all_can_be_drawn() -> None:
    assert picture(Chart("Runs", ("succeeded",), ())).startswith(b"\x89PNG")
