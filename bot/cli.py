"""The command line: `baton`. Every command is loaded when it is called, so that help and lists come at once."""

from __future__ import annotations

import difflib
import importlib
import os
import sys
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

import typer
from typer.main import get_command

from bot.commands import DONE, FAILED, INTERRUPTED, WRONG_USE
from workflows.engine.errors import BatonError, StoreUnavailable

START, LOOK, STEER, SERVE = "Start and look", "Look after", "Decide and steer", "Run Baton"


@dataclass(frozen=True)
class Entry:
    """Where a command is, and what the list of commands says of it: how its docstring begins."""

    module: str
    help: str
    panel: str
    function: str = ""
    takes_fields: bool = False
    """Whether options that it does not know are fields of a workflow."""
    group: bool = False
    """Whether it is several commands behind one word."""


COMMANDS = {
    "workflows": Entry("catalogue", "List the workflows, or the fields of one.", START),
    "plan": Entry("catalogue", "Show the steps of a workflow before anything ran.", START),
    "run": Entry("starting", "Start a run.", START, takes_fields=True),
    "schedule": Entry(
        "schedule",
        "Start runs by the clock: add, list, show, pause, resume, run-now, remove.",
        START,
        "app",
        group=True,
    ),
    "digest": Entry(
        "digest",
        "Post what happened, by the clock: add, list, show, now, pause, resume, remove.",
        START,
        "app",
        group=True,
    ),
    "hooks": Entry("hooks", "List hooks, their addresses, and what services told last.", START),
    "runs": Entry("looking", "List runs, the newest first.", START),
    "show": Entry("looking", "Show one run: its steps, what it waits for, and how it ended.", START),
    "effects": Entry("effects", "Show what a run changed in other systems, and what became of it.", START),
    "approvals": Entry("deciding", "List what waits for a person's decision.", STEER),
    "approve": Entry("deciding", "Approve what a run asks for.", STEER),
    "reject": Entry("deciding", "Reject what a run asks for: the run ends by this decision.", STEER),
    "changes": Entry("deciding", "Ask for changes: the run does it again with your comment.", STEER),
    "reassign": Entry("deciding", "Hand an approval to others.", STEER),
    "policy": Entry("policies", "Show approval policies: list, explain.", STEER, "app", group=True),
    "delegate": Entry("delegating", "Let somebody decide for you, until a day.", STEER),
    "signal": Entry("steering", "Send a run a named message that it waits for.", STEER),
    "cancel": Entry("steering", "End an open run; it undoes first what it has to.", STEER),
    "pause": Entry("pausing", "Let no worker take the runs of a workflow, or any run.", STEER),
    "unpause": Entry("pausing", "Lift a pause: what waited goes on.", STEER),
    "credentials": Entry(
        "credentials", "Keep the secrets of services sealed: set, list, check, rotate, remove.", LOOK, "app", group=True
    ),
    "connectors": Entry("connectors", "Use other services: list, show, add, update, check.", LOOK, "app", group=True),
    "dead-letters": Entry(
        "looking", "List the runs that a person has to look at, with the reason.", LOOK, "dead_letters"
    ),
    "audit": Entry("auditing", "List who did what, when, to which run.", LOOK),
    "deadletters": Entry(
        "bulks",
        "List groups of dead letters, and move a whole group: resume, skip, fork, discard, progress, stop.",
        LOOK,
        "app",
        group=True,
    ),
    "claim": Entry("letters", "Tell others that you see to a group of dead letters.", LOOK),
    "release": Entry("letters", "Give a group of dead letters back.", LOOK),
    "resume": Entry("steering", "Let a failed or parked run go on from where it stopped.", LOOK),
    "fork": Entry("steering", "Start a new run from a step of an earlier one.", LOOK),
    "undo": Entry("steering", "Undo a run that ended well: its compensations run, the last one first.", LOOK),
    "discard": Entry("steering", "Take a dead letter off the list; what was done stays done.", LOOK),
    "replay": Entry(
        "replaying", "Replay recorded runs on today's code, without effects, and say where they differ.", LOOK
    ),
    "diff": Entry(
        "comparing", "Show where two runs differ: input, steps, arguments, results, attempts and ends.", LOOK
    ),
    "export": Entry(
        "exporting", "Write a recorded run as one JSON document, without secrets, for tests and for other places.", LOOK
    ),
    "prune": Entry("pruning", "Delete runs that ended long ago; dead letters and open runs stay.", LOOK),
    "restored": Entry("upkeep", "Say that the database came back from a backup: open runs ask before they act.", LOOK),
    "alerts": Entry(
        "alerts",
        "See what is wrong, and keep some of it quiet for a while: list, mute, unmute, mutes.",
        LOOK,
        "app",
        group=True,
    ),
    "slack": Entry("slack", "Print the app's manifest for Slack, or check how Baton stands with Slack.", LOOK),
    "doctor": Entry("upkeep", "Check every part and say what to do.", LOOK),
    "bench": Entry(
        "bench", "Measure how many runs a second this database and this Redis take.", LOOK, takes_fields=True
    ),
    "up": Entry("services", "Run everything here: web, worker and clock, with Redis when none is set.", SERVE),
    "sandbox": Entry("sandbox", "Run a local Slack workspace in front, to try Baton without an account.", SERVE),
    "demo": Entry("demo", "Try Baton in a local Slack workspace: write an article, decide on it, and read it.", SERVE),
    "web": Entry("services", "Run the web process: Slack, hooks, health, metrics and the local site.", SERVE),
    "worker": Entry("services", "Run a worker: it advances runs.", SERVE),
    "clock": Entry("services", "Run the clock: it rings what is due.", SERVE),
    "migrate": Entry("services", "Bring the database up to this release.", SERVE),
}


def main() -> None:
    """Run the command line and end the process with its exit code."""
    sys.exit(run(sys.argv[1:]))


def run(arguments: Sequence[str]) -> int:
    """Carry out one command; the exit code. What goes wrong is told in one line."""
    name = next((argument for argument in arguments if not argument.startswith("-")), "")
    try:
        return _carried_out(name, list(arguments) or ["--help"])
    except StoreUnavailable as error:
        return _told(error, FAILED)
    except BatonError as error:
        return _told(error, WRONG_USE)
    except typer.TyperException as error:
        shown = f"baton {name} --help" if name in COMMANDS else "baton --help"
        return _told(f"{error.format_message().rstrip('.')}. See `{shown}`.", error.exit_code)
    except (KeyboardInterrupt, typer.Abort):
        return INTERRUPTED
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # nobody reads: let the last flush pass
        return DONE
    except Exception as error:  # noqa: BLE001 - whatever it is, nobody at a command line wants to read a stack
        if os.environ.get("BATON_TRACEBACK"):
            traceback.print_exc()
        said = f"{type(error).__name__}: {error}".rstrip(": ")
        return _told(f"{said}. This should not happen; BATON_TRACEBACK=1 shows where it did.", FAILED)


def _carried_out(name: str, arguments: list[str]) -> int:
    if name and name not in COMMANDS:
        near = difflib.get_close_matches(name, COMMANDS, n=1)
        hint = f"Did you mean {near[0]}?" if near else "`baton --help` lists them."
        raise BatonError(f"There is no command {name}. {hint}")
    command = get_command(application(name))
    code = command.main(args=arguments, prog_name="baton", standalone_mode=False)
    sys.stdout.flush()
    return code if isinstance(code, int) else DONE


def application(wanted: str) -> typer.Typer:
    """The application with the wanted command loaded, and the others by name and help alone."""
    app = typer.Typer(name="baton", add_completion=False, rich_markup_mode="rich")
    app.callback()(_baton)
    for name, entry in COMMANDS.items():
        fields = {"allow_extra_args": True, "ignore_unknown_options": True} if entry.takes_fields else {}
        if entry.group and name == wanted:
            app.add_typer(_part(f"bot.commands.{entry.module}", entry.function), name=name)
            continue
        function = _load(name, entry) if name == wanted else _unloaded
        app.command(name, help=None if name == wanted else entry.help, rich_help_panel=entry.panel,
                    context_settings=fields)(function)  # fmt: skip
    return app


def _load(name: str, entry: Entry) -> Callable[..., Any]:
    function: Callable[..., Any] = _part(f"bot.commands.{entry.module}", entry.function or name)
    return function


def _part(module: str, name: str) -> Any:
    """What a module holds, imported when it is needed: here, and nowhere else on the command line."""
    return getattr(importlib.import_module(module), name)


def _unloaded() -> None:
    """Stand in for a command that was not asked for."""


def _version(*, asked: bool) -> None:
    if asked:
        print(f"baton {_part('bot.settings', 'program_version')()}")
        raise typer.Exit


def _baton(
    *,
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=lambda asked: _version(asked=asked), is_eager=True, help="Show the version."
        ),
    ] = False,
) -> None:
    """Start workflows, decide on approvals, and look after runs.

    Lists and runs come as JSON with --json. Exit codes: 0 done, 1 failed, 2 wrong use, 3 waiting.
    """


def _told(said: BatonError | str, code: int) -> int:
    lines = [line.strip() for line in str(said).splitlines() if line.strip()]
    print(f"baton: {' '.join(lines) or type(said).__name__}", file=sys.stderr)
    return code


if __name__ == "__main__":
    main()
