"""Which of Baton's own parts live, where, since when and in which version: for `baton doctor`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from bot.findings import Finding
from bot.runtime import Runtime
from bot.telling import count
from workflows.engine.beats.model import Beat, PartKind
from workflows.engine.beats.telling import missing, who
from workflows.engine.beats.watching import standing_of

PARTS = (PartKind.WEB, PartKind.WORKER, PartKind.CLOCK)


def part_findings(runtime: Runtime) -> Iterator[Finding]:
    """Each part that lives, what is missing, and whether they are all of one version; nothing where none ever ran."""
    standing = standing_of(runtime.store.beats)
    if not standing.beats:
        return
    processes = Counter(one.parent for one in standing.living(PartKind.PROCESS))
    for kind in PARTS:
        living = standing.living(kind)
        for beat in living:
            yield Finding(f"{kind.value} on {beat.host}", True, _words(beat, processes[beat.id]))
        if not living:
            yield Finding(kind.value, None, "none is heard of", f"Start `baton {kind.value}`, or `baton up`.")
    for said in missing(standing).values():
        yield Finding("Parts", None, f"{said.words}.", said.advice)
    versions = sorted({beat.version for beat in standing.living()})
    if len(versions) > 1:
        advice = "That is well while you deploy. Else restart those of the older one."
        yield Finding("Parts", None, f"they run different versions: {', '.join(versions)}", advice)


def _words(beat: Beat, processes: int) -> str:
    some = f", {count(processes, 'worker process', 'worker processes')}" if processes else ""
    return f"{who(beat)}, since {beat.began_at:%Y-%m-%d %H:%M} UTC{some}"
