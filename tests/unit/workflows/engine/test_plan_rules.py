"""What a plan finds wrong or unwise in a body."""

from __future__ import annotations

from pathlib import Path
from textwrap import indent

import pytest

from tests.plans.loading import Pages, line_of
from workflows.engine.definition import workflow
from workflows.engine.errors import PlanError
from workflows.engine.plan import plan_of


@pytest.fixture
def pages(tmp_path: Path) -> Pages:
    return Pages(tmp_path)


def tried(handler: str, inside: str = "run.step(one)") -> str:
    return f"def body(run, x):\n    try:\n        {inside}\n    {handler}\n        pass\n"


@pytest.mark.parametrize(
    "handler",
    [
        "except:",
        "except BaseException:",
        "except BaseException as error:",
        "except (ValueError, BaseException):",
        "except Interruption:",
        "except Suspended:",
        "except KeyboardInterrupt:",
        "except* BaseException:",
    ],
)
@pytest.mark.parametrize("inside", ["run.step(one)", "fetch_both(run, x)", "x = run.now()", "x.go(run)"])
def test_handlers_that_catch_interruptions_are_errors(pages: Pages, handler: str, inside: str) -> None:
    text = tried(handler, inside)
    found = [error for error in pages.plan(text).errors if "around verbs catches interruptions" in error.message]
    assert [error.line for error in found] == [line_of(text, handler)]


def test_names_that_cannot_be_resolved_are_judged_by_name(pages: Pages) -> None:
    text = """
    def body(run, x):
        from workflows.engine.errors import Cancelled
        try:
            run.step(one)
        except Cancelled:
            pass
        except x.LeaseLost:
            pass
        except x.Other:
            pass
    """
    assert [message.split("`")[1] for message in pages.errors(text)] == ["except Cancelled", "except x.LeaseLost"]


@pytest.mark.parametrize(
    ("handler", "inside"),
    [
        ("except:", "plain(x)"),
        ("except BaseException:", "plain(x)"),
        ("except Exception:", "run.step(one)"),
        ("except (StepFailed, ChildFailed):", "run.step(one)"),
        ("except x.Error:", "run.step(one)"),
    ],
)
def test_other_handlers_are_fine(pages: Pages, handler: str, inside: str) -> None:
    assert pages.errors(tried(handler, inside)) == []


@pytest.mark.parametrize(
    ("lines", "word"),
    [
        ("try:\n    run.step(one)\nfinally:\n    return 1", "return"),
        ("try:\n    plain(x)\nexcept ValueError:\n    run.step(one)\nfinally:\n    if x:\n        return 1", "return"),
        ("for a in x:\n    try:\n        run.step(one)\n    finally:\n        break", "break"),
        (
            "for a in x:\n    try:\n        run.step(one)\n    finally:\n        with a:\n            continue",
            "continue",
        ),
        ("try:\n    run.step(one)\nfinally:\n    for a in x:\n        return 1", "return"),
        (
            "try:\n    run.step(one)\nfinally:\n    try:\n        pass\n    except ValueError:\n        return 1",
            "return",
        ),
    ],
)
def test_leaving_a_finally_is_an_error(pages: Pages, lines: str, word: str) -> None:
    (error,) = pages.errors("def body(run, x):\n" + indent(lines, "    "))
    assert error == f"`{word}` in a `finally` around verbs swallows interruptions: move it after the `try`"


@pytest.mark.parametrize(
    "lines",
    [
        "try:\n    plain(x)\nfinally:\n    return 1",
        "try:\n    run.step(one)\nfinally:\n    for a in x:\n        break",
        "try:\n    run.step(one)\nfinally:\n    def inner():\n        return 1",
    ],
)
def test_other_ends_of_a_finally_are_fine(pages: Pages, lines: str) -> None:
    assert pages.errors("def body(run, x):\n" + indent(lines, "    ")) == []


def test_suppressing_everything_is_an_error(pages: Pages) -> None:
    text = "def body(run, x):\n    with contextlib.suppress({}):\n        run.step(one)\n"
    assert "`suppress(BaseException)` around verbs" in pages.errors(text.format("BaseException"))[0]
    assert pages.errors(text.format("StepFailed")) == []


def test_all_problems_are_told_and_errors_come_first(pages: Pages) -> None:
    text = "def body(run, x):\n    time.time()\n    run.step(plain)\n    run.approval(x)\n    run.step(missing)\n"
    read = pages.plan(text)
    assert [problem.severity for problem in read.problems] == ["error", "error", "warning", "warning"]
    assert [node.kind for node in read.nodes] == ["step", "approval", "step"]
    with pytest.raises(PlanError) as caught:
        read.require()
    lines = str(caught.value).splitlines()
    assert len(lines) == 2
    first = line_of(text, "run.step(plain)")
    assert lines[0].startswith(f"{read.errors[0].file}:{first}: run.step: plain is neither")


def test_strict_raises_and_otherwise_the_plan_comes_with_its_problems(pages: Pages) -> None:
    made = workflow("tested")(pages.module("def body(run, x):\n    run.step(plain)\n").body)
    assert plan_of(made).errors
    with pytest.raises(PlanError, match="neither a step nor an action"):
        plan_of(made, strict=True)


@pytest.mark.parametrize(
    ("use", "name", "advice"),
    [
        ("time.time()", "time.time", "run.now()"),
        ("time.monotonic_ns()", "time.monotonic_ns", "run.now()"),
        ("time.sleep(3)", "time.sleep", "run.sleep()"),
        ("datetime.datetime.now()", "datetime.datetime.now", "run.now()"),
        ("datetime.datetime.utcnow()", "datetime.datetime.utcnow", "run.now()"),
        ("datetime.date.today()", "datetime.date.today", "run.now()"),
        ("clock()", "time.time", "run.now()"),
        ("[clock() for _ in x]", "time.time", "run.now()"),
        ("random.random()", "random.random", "run.random()"),
        ("random.choice([1])", "random.choice", "run.random()"),
        ("random.Random()", "random.Random", "run.random()"),
        ("uuid.uuid4()", "uuid.uuid4", "run.uuid()"),
        ("os.environ['X']", "os.environ", "read settings in a step"),
        ("os.environ.get('X')", "os.environ", "read settings in a step"),
        ("os.getenv('X')", "os.getenv", "read settings in a step"),
        ("open('x')", "open", "do it in a step"),
        ("with open('x') as f:\n        pass", "open", "do it in a step"),
        ("requests.get('x')", "requests.get", "do it in a step"),
        ("httpx.get('x')", "httpx.get", "do it in a step"),
        ("import httpx\n    httpx.Client().get('x')", "httpx.Client", "do it in a step"),
        ("from time import time as t\n    t()", "time.time", "run.now()"),
        ("run.step(one, time.time())", "time.time", "run.now()"),
    ],
)
def test_what_differs_at_a_replay_is_a_warning(
    pages: Pages, monkeypatch: pytest.MonkeyPatch, use: str, name: str, advice: str
) -> None:
    fake = "import types\nrequests = types.ModuleType('requests')\nhttpx = types.ModuleType('httpx')\n"
    fake += "def get(url): ...\nget.__module__ = 'requests.api'\nrequests.get = get\n"
    fake += "def get(url): ...\nget.__module__ = 'httpx'\nhttpx.get = get\nclock = time.time\n"
    plan = pages.plan(f"{fake}def body(run, x):\n    {use}\n")
    assert plan.errors == ()
    assert len({problem.message for problem in plan.problems}) == 1
    message = plan.problems[0].message
    assert message.startswith(name if name != "requests.get" else "requests.")
    assert "may give another answer when the body is replayed" in message
    assert advice in message


@pytest.mark.parametrize(
    "use",
    [
        "datetime.datetime(2026, 1, 1)",
        "datetime.datetime.fromisoformat(x)",
        "timedelta(days=1)",
        "random.Random(7).random()",
        "run.random().choice([1])",
        "time.strftime('%Y', x)",
        "uuid.UUID(x)",
        "x.open('file')",
        "os.path.join(x, 'y')",
        "uuid.uuid5(uuid.NAMESPACE_URL, x)",
    ],
)
def test_what_is_the_same_at_a_replay_is_fine(pages: Pages, use: str) -> None:
    assert pages.plan(f"def body(run, x):\n    {use}\n").problems == ()


def test_a_step_that_is_called_directly_is_a_warning(pages: Pages) -> None:
    (warning,) = pages.warnings("def body(run, x):\n    one(None, x)\n")
    assert warning == "one is called directly and not recorded: write run.step(one, …)"


@pytest.mark.parametrize("items", ["{1, 2}", "set(x)", "frozenset(x)", "{a for a in x}"])
def test_steps_in_the_order_of_a_set_are_a_warning(pages: Pages, items: str) -> None:
    for text in (f"for a in {items}:\n        run.step(one, a)", f"[run.step(one, a) for a in {items}]"):
        (warning,) = pages.warnings(f"def body(run, x):\n    {text}\n")
        assert "use sorted(…)" in warning
    assert pages.warnings(f"def body(run, x):\n    for a in {items}:\n        plain(a)\n") == []
    assert pages.warnings(f"def body(run, x):\n    for a in sorted({items}):\n        run.step(one)\n") == []


def test_more_than_twenty_steps_at_one_level_are_a_warning(pages: Pages) -> None:
    twenty = "    run.step(one)\n" * 20
    assert pages.warnings(f"def body(run, x):\n{twenty}") == []
    (warning,) = pages.warnings(f"def body(run, x):\n{twenty}    run.sleep(x)\n")
    assert warning == "21 steps at one level are more than 20: split it into child workflows (run.child)"
    (nested,) = pages.plan(f"def body(run, x):\n    while x:\n{indent(twenty, '    ')}        run.step(two)\n").problems
    assert nested.line == line_of("def body(run, x):\n    while x:\n", "while x")
    assert pages.warnings(f"def body(run, x):\n{twenty}    fetch_both(run, x)\n") == []
