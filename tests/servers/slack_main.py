"""A real web process, worker and clock of their own, for tests that kill them while somebody uses Slack.

`python -m tests.servers.slack_main web|worker|clock`. A worker's child ends itself at a checkpoint as in `worker_main`;
a web process does at the checkpoints `decided`, where a press is recorded and nothing more is done, and
`acknowledged`, where Slack has or gets its answer, and nobody was told to show the decision.
"""

from __future__ import annotations

import sys
from typing import Any

from bot.commands import services
from bot.slack.parts import Parts
from tests.servers.worker_main import checkpoint, worker
from workflows.engine.service import Service


def web() -> int:
    decide: Any = Service.decide
    answer_at: Any = Parts.answer_at

    def decided(*given: Any, **more: Any) -> Any:
        approval = decide(*given, **more)
        checkpoint("decided", "")
        return approval

    def answered(*given: Any) -> Any:
        checkpoint("acknowledged", "")
        return answer_at(*given)

    for owner, name, dying in ((Service, "decide", decided), (Parts, "answer_at", answered)):
        setattr(owner, name, dying)  # this process is a test's
    return services.web(port=0, open_metrics=False)


if __name__ == "__main__":
    sys.exit({"web": web, "worker": worker, "clock": services.clock}[sys.argv[1]]())
