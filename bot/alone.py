"""A process that advances one run and nothing else, for a run that took a process down before."""

from __future__ import annotations

import sys
import threading
from datetime import timedelta

from bot.runtime import EngineHands, Runtime
from bot.settings import read_settings


def main(run_id: str, owner: str) -> int:
    """Advance the run once, keeping its lease alive meanwhile."""
    runtime = Runtime(read_settings())
    presence = runtime.roster.enter(owner)
    hands = runtime.hands(owner)
    threading.Thread(target=_keep, args=(runtime, hands), daemon=True).start()
    hands.engine.advance(run_id, alone=True)
    hands.close()
    presence.leave()
    return 0


def _keep(runtime: Runtime, hands: EngineHands) -> None:
    pause: timedelta = runtime.settings.lease / 3
    while True:
        runtime.clock.sleep(pause)
        asked = runtime.clock.monotonic()
        runtime.store.renew(hands.owner, runtime.settings.lease)
        hands.leases_renewed(asked + runtime.settings.baton_lease)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2]))
