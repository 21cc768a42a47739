"""What holds for every test: in CI (`CI=true`) a test that did not really run fails the session."""

import os
import signal

import pytest
from _pytest.terminal import TerminalReporter

from tests.servers import tryton

# A shell that starts the suite in the background lets it ignore ctrl-C, and so would each program that a test starts.
signal.signal(signal.SIGINT, signal.default_int_handler)

UNRUN = ("skipped", "xfailed")


def _unrun(config: pytest.Config) -> list[str]:
    """The tests and files that were skipped or expected to fail; none outside CI."""
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    if os.environ.get("CI", "").lower() not in {"1", "true"} or not isinstance(reporter, TerminalReporter):
        return []
    return [report.nodeid for outcome in UNRUN for report in reporter.stats.get(outcome, [])]


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run last what has to wait for a slow server."""
    items[:] = tryton.last(items)


def pytest_collection_finish(session: pytest.Session) -> None:
    """Start the slow server beside the tests, where one of them needs it."""
    tryton.begin(session.config, session.items)


def pytest_unconfigure(config: pytest.Config) -> None:
    """Stop it."""
    tryton.end(config)


@pytest.hookimpl(tryfirst=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Turn a session that passed with skips into a failed one."""
    if _unrun(session.config) and session.exitstatus in {pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED}:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: TerminalReporter, config: pytest.Config) -> None:
    """Name what did not run."""
    if missing := _unrun(config):
        terminalreporter.write_line(
            f"CI allows no skipped tests, and these did not run: {', '.join(missing)}", red=True
        )
