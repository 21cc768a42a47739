"""Who lives, who went without a word, and how often: pure rules over beats."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from workflows.engine.beats.model import Beat, End, PartKind

HOUR = timedelta(hours=1)


@dataclass(frozen=True)
class Standing:
    """How the parts stand at a moment. `silent` is after how long a part that said nothing is missed."""

    beats: Sequence[Beat]
    now: datetime
    silent: timedelta

    def lives(self, beat: Beat) -> bool:
        """Whether it was heard of lately."""
        return beat.ending is End.UNTOLD and self.now - beat.seen_at <= self.silent

    def vanished(self, beat: Beat) -> bool:
        """Whether it went silent and nobody said that it ended."""
        return beat.ending is End.UNTOLD and not self.lives(beat)

    def living(self, kind: PartKind | None = None) -> list[Beat]:
        """Those of a kind that live, the oldest first."""
        found = [beat for beat in self.beats if kind in (None, beat.kind) and self.lives(beat)]
        return sorted(found, key=lambda beat: (beat.began_at, beat.id))

    def last(self, kind: PartKind) -> Beat | None:
        """Who of a kind was heard last, also one that left."""
        return max((beat for beat in self.beats if beat.kind is kind), key=lambda beat: beat.seen_at, default=None)

    def missing(self) -> list[Beat]:
        """Those that vanished and whose place nobody took: a part that was started again is missed by nobody."""
        own = [beat for beat in self.beats if beat.kind is not PartKind.PROCESS]
        return [beat for kind in PartKind for beat in self._unreplaced([one for one in own if one.kind is kind])]

    def stuck(self) -> list[Beat]:
        """Worker processes of which nothing is heard, although the worker that looks after them lives."""
        parents = {beat.id for beat in self.living(PartKind.WORKER)}
        found = [one for one in self.beats if one.kind is PartKind.PROCESS and one.parent in parents]
        return [beat for beat in found if self.vanished(beat)]

    def deaths(self) -> Mapping[str, int]:
        """How often parts died within the last hour, by kind and machine."""
        recent = [beat for beat in self.beats if self.now - beat.seen_at <= HOUR]
        return Counter(beat.place for beat in recent if self._died(beat))

    def _died(self, beat: Beat) -> bool:
        alone = beat.kind is not PartKind.PROCESS  # a process that went with its worker is no death of its own
        return beat.ending is End.CRASHED or (alone and self.vanished(beat))

    def _unreplaced(self, beats: Sequence[Beat]) -> list[Beat]:
        """First who came to the same machine takes the place of who went there, then whoever else came later."""
        came = sorted(beats, key=lambda beat: (beat.began_at, beat.id))
        went = sorted((beat for beat in beats if not self.lives(beat)), key=lambda beat: (beat.seen_at, beat.id))
        rest = [beat for beat in went if not _taken(beat, came, (one for one in came if one.host == beat.host))]
        lost = [beat for beat in rest if self.vanished(beat)]
        return [beat for beat in lost if not _taken(beat, came, (one for one in came if self.lives(one)))]


def _taken(gone: Beat, came: list[Beat], fit: Iterable[Beat]) -> bool:
    """Whether one of those that came takes the place; it takes no other then."""
    after = next((beat for beat in fit if beat.id != gone.id and beat.began_at > gone.seen_at), None)
    if after is not None:
        came.remove(after)
    return after is not None
