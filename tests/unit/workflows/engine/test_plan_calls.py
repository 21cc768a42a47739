"""How a plan follows functions that take the run: groups and branches."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.plans.loading import Case, Pages, cases, line_of


@pytest.fixture
def pages(tmp_path: Path) -> Pages:
    return Pages(tmp_path)


@pytest.mark.parametrize("case", [*cases("groups"), *cases("branches")], ids=str)
def test_functions_are_followed(pages: Pages, case: Case) -> None:
    assert pages.shape(case.source) == case.expected


def test_a_group_carries_its_docstring(pages: Pages) -> None:
    (group,) = pages.plan("def body(run, x):\n    fetch_both(run, x)\n").nodes
    assert group.title == "Fetch both things"


def test_a_function_that_calls_itself_is_read_once(pages: Pages) -> None:
    text = """
    def again(run, n):
        run.step(one)
        if n:
            again(run, n - 1)
    def body(run, x):
        again(run, 3)
        body(run, x)
    """
    plan = pages.plan(text)
    assert [f"{node.kind} {node.title}" for node in plan.walk()] == [
        "group again",
        "step Do the first thing",
        "choice One of these",
        "option if n",
        "loop again again",
        "loop body again",
    ]
    assert all("calls itself" in problem.message for problem in plan.problems)
    assert plan.errors == ()


def test_functions_that_call_each_other_end(pages: Pages) -> None:
    text = "def a(run):\n    b(run)\ndef b(run):\n    a(run)\n    run.step(one)\ndef body(run, x):\n    a(run)\n"
    plan = pages.plan(text)
    assert plan.errors == ()
    assert [node.name for node in plan.walk()] == ["a", "b", "a", "one"]


def test_a_plan_that_doubles_at_every_call_is_refused(pages: Pages) -> None:
    lines = ["def f0(run):\n    run.step(one)"]
    lines += [f"def f{n}(run):\n    f{n - 1}(run)\n    f{n - 1}(run)" for n in range(1, 30)]
    (error,) = pages.errors("\n".join([*lines, "def body(run, x):\n    f29(run)"]))
    assert "more than 2000 nodes; split it into child workflows" in error


def test_calls_nested_very_deep_are_refused(pages: Pages) -> None:
    lines = ["def f0(run):\n    run.step(one)"]
    lines += [f"def f{n}(run):\n    f{n - 1}(run)" for n in range(1, 60)]
    (error,) = pages.errors("\n".join([*lines, "def body(run, x):\n    f59(run)"]))
    assert "calls are nested more than 40 deep" in error


@pytest.mark.parametrize("case", cases("unseen"), ids=str)
def test_steps_that_cannot_be_seen_are_errors(pages: Pages, case: Case) -> None:
    assert case.expected[0] in "\n".join(pages.errors(case.source))


def test_an_error_in_a_helper_stands_where_it_is_written(pages: Pages) -> None:
    text = """
    def go(run):
        run.step(plain)
    def body(run, x):
        go(run)
        go(run)
    """
    (error,) = pages.plan(text).errors
    assert error.line == line_of(text, "run.step(plain)")
    assert Path(error.file).is_absolute()
    assert str(error) == f"{error.file}:{error.line}: {error.message}"
