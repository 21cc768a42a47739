"""A real web process, worker and clock of their own, for tests that kill them while somebody uses Slack.

`python -m tests.servers.slack_main web|worker|clock`. A worker's child ends itself at a checkpoint as in `worker_main`;
a web process does at the checkpoint `decided`: a press was recorded, and nothing more was done about it.
"""

from __future__ import annotations

import sys

from bot.commands import services
from bot.slack.parts import Parts
from tests.servers.worker_main import checkpoint, worker


def web() -> int:
    answer_at = Parts.answer_at

    def dying(parts: Parts, run_id: str, channel: str, ts: str, reply_url: str) -> bool:
        checkpoint("decided", "")
        return answer_at(parts, run_id, channel, ts, reply_url)

    Parts.answer_at = dying  # type: ignore[method-assign] - this process is a test's
    return services.web(port=0, open_metrics=False)


if __name__ == "__main__":
    sys.exit({"web": web, "worker": worker, "clock": services.clock}[sys.argv[1]]())
