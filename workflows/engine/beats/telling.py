"""What people are told of parts that are missing: what happened, and what to do next."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from workflows.engine.alerts.model import AlertKind, Severity
from workflows.engine.beats.judging import Standing
from workflows.engine.beats.model import Beat, PartKind

AGAIN = "See there why it ended, and start it again."
ADVICE = {
    PartKind.WEB: f"While no web process runs, Slack and hooks reach nobody. {AGAIN}",
    PartKind.WORKER: f"Its runs go on where other workers live. {AGAIN}",
    PartKind.CLOCK: f"Another one does its work. {AGAIN}",
}


@dataclass(frozen=True)
class Said:
    """An alert's text, and how bad it is."""

    words: str
    advice: str
    severity: Severity = Severity.ERROR


def missing(standing: Standing) -> Mapping[str, Said]:
    """Parts that died, and worker processes that are stuck. That no clock is left is an alert of its own."""
    found: dict[str, Said] = {}
    for beat in standing.missing():
        left = bool(standing.living(beat.kind))
        if beat.kind is PartKind.CLOCK and not left:
            continue
        words = f"The {beat.kind.value} on {beat.host} ({who(beat)}) died without a farewell, last heard {_at(beat)}"
        found[beat.place] = Said(words, ADVICE[beat.kind], Severity.WARNING if left else Severity.ERROR)
    for beat in standing.stuck():
        words = f"A worker process on {beat.host} is stuck ({beat.id}), last heard {_at(beat)}"
        advice = "Its runs go on elsewhere, but its lanes are lost. End that process: its worker starts another."
        found[f"process:{beat.id}"] = Said(words, advice, Severity.WARNING)
    return found


def dying(place: str, number: int) -> Said:
    """Parts of a kind that die again and again on a machine."""
    kind, _, host = place.partition(":")
    what = "worker processes" if kind == PartKind.PROCESS else f"{kind} parts"
    advice = "The log there says with which exit code. Look for a step that takes its process down, and for memory."
    return Said(f"{number} {what} died on {host} within an hour", advice)


def no_clock(standing: Standing) -> Mapping[str, Said]:
    """Nobody ticks."""
    advice = "Timers, reminders, schedules and lost runs wait until one does. Start `baton clock`."
    return {AlertKind.CLOCK.value: Said(f"No clock runs{_since(standing, PartKind.CLOCK)}", advice)}


def no_worker(standing: Standing) -> Mapping[str, Said]:
    """Nobody works although runs wait."""
    advice = "Nothing is lost: they go on as soon as one does. Start `baton worker`."
    words = f"Runs wait, and no worker runs{_since(standing, PartKind.WORKER)}"
    return {AlertKind.WORKER.value: Said(words, advice)}


def who(beat: Beat) -> str:
    """Which instance it is."""
    return f"process {beat.pid}, version {beat.version}" if beat.pid else f"version {beat.version}"


def _since(standing: Standing, kind: PartKind) -> str:
    last = standing.last(kind)
    return f" since {_at(last)} (the last was on {last.host}, {who(last)})" if last else ""


def _at(beat: Beat) -> str:
    return f"{beat.seen_at:%H:%M} UTC"
