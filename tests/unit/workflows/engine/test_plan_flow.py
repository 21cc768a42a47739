"""How loops, choices, fallbacks and sagas show in a plan."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.plans.loading import Case, Pages, cases
from workflows.engine.plan import NodeKind


@pytest.fixture
def pages(tmp_path: Path) -> Pages:
    return Pages(tmp_path)


def body(*lines: str) -> str:
    return "\n".join(["def body(run, x):", *(f"    {line}" for line in lines)]) + "\n"


@pytest.mark.parametrize("case", cases("flow"), ids=str)
def test_flow(pages: Pages, case: Case) -> None:
    assert pages.shape(case.source) == case.expected


@pytest.mark.parametrize(
    ("lines", "kind", "leaves"),
    [
        (["if x:", "    run.step(one)", "    return 1"], "option", "return"),
        (["if x:", "    run.step(one)", "    raise Failed('no')"], "option", "raise"),
        (["for a in x:", "    if a:", "        run.step(one)", "        break"], "option", "break"),
        (["for a in x:", "    if a:", "        run.step(one)", "        continue"], "option", "continue"),
        (["if x:", "    run.step(one)"], "option", ""),
        (["if x:", "    if run.step(one):", "        return", "    else:", "        raise Failed"], "option", "raise"),
        (["if x:", "    with plain(x):", "        return run.step(one)"], "option", "return"),
        (
            ["if x:", "    try:", "        return run.step(one)", "    except OSError:", "        raise"],
            "option",
            "return",
        ),
        (["try:", "    run.step(one)", "except StepFailed:", "    return"], "otherwise", "return"),
    ],
)
def test_what_ends_a_block_is_kept(pages: Pages, lines: list[str], kind: str, leaves: str) -> None:
    plan = pages.plan(body(*lines))
    assert next(node.leaves for node in plan.walk() if node.kind == kind) == leaves


def test_titles_say_when(pages: Pages) -> None:
    text = body(
        "while x   ==\\",
        "   1:",
        "    if run.patched('v2'):",
        "        run.step(one)",
        "    else:",
        "        run.step(two)",
        "for  a in x :",
        "    run.step(one)",
        "match x:",
        "    case [1, *_] if x:",
        "        run.step(one)",
        "try:",
        "    run.step(one)",
        "except StepFailed:",
        "    run.step(two)",
    )
    wanted = (NodeKind.LOOP, NodeKind.OPTION, NodeKind.OTHERWISE)
    titles = [node.title for node in pages.plan(text).walk() if node.kind in wanted]
    assert titles == [
        "while x == 1",
        "with the change v2",
        "without the change v2",
        "for a in x",
        "case [1, *_] if x",
        "if it fails with StepFailed",
    ]


def test_a_long_condition_is_cut(pages: Pages) -> None:
    text = body(f"while x == '{'y' * 200}':", "    run.step(one)")
    (loop,) = pages.plan(text).nodes
    assert len(loop.title) < 90
    assert loop.title.endswith("…")


def test_lines_are_those_of_the_file(pages: Pages) -> None:
    text = "\n\n" + body("", "", "run.step(one)", "", "if x:", "", "    run.step(two,", "       x)")
    module = pages.module(text)
    assert module.__file__ is not None
    lines = Path(module.__file__).read_text(encoding="utf-8").splitlines()
    found = {node.name: node.line for node in pages.plan(text).walk()}
    assert lines[found["one"] - 1].strip() == "run.step(one)"
    assert lines[found["two"] - 1].strip() == "run.step(two,"
