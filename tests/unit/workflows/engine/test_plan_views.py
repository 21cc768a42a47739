"""A plan's version, its text and its chart."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

import workflows.engine.plan
from tests.plans import examples
from tests.plans.loading import Pages
from workflows.engine.plan import NodeKind, Plan, PlanNode, mermaid, plan_of, tree_text


@pytest.fixture
def pages(tmp_path: Path) -> Pages:
    return Pages(tmp_path)


FIRST = """
def helper(run):
    run.step(one)
def body(run, x):
    if x:
        helper(run)
    run.approval("editor")
"""


@pytest.mark.parametrize(
    ("old", "new", "same"),
    [
        ("", "", True),
        ("if x:", "# a note\n\n    if (x and\n      True):", True),
        ("def helper(run):", 'def helper(run):\n    """Another title."""', True),
        ('"editor"', "'editor', show=x, title='Another'", True),
        ('"editor"', '"chief"', False),
        ("run.step(one)", "run.step(two)", False),
        ("run.step(one)", "run.step(one)\n    run.step(one)", False),
        ("if x:", "while x:", False),
        ("helper", "renamed", False),
        ("        helper(run)", "        helper(run)\n        return", False),
    ],
)
def test_the_version_is_that_of_structure_and_names(pages: Pages, old: str, new: str, same: bool) -> None:
    version = pages.plan(FIRST).version
    assert re.fullmatch("[0-9a-f]{12}", version)
    assert (pages.plan(FIRST.replace(old, new)).version == version) is same


def test_the_version_is_the_same_in_another_process() -> None:
    code = (
        "from tests.plans import examples\n"
        "from workflows.engine.plan import plan_of\n"
        "print(plan_of(examples.article).version)\n"
    )
    root = Path(__file__).parents[4]
    done = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == plan_of(examples.article).version == "4b6c01acd535"


def test_what_follows_a_failure_is_part_of_the_plan() -> None:
    plan = plan_of(examples.invoice)
    assert [node.name for node in plan.on_failure] == ["one"]
    assert [*plan.walk()][-1] is plan.on_failure[0]
    assert [node.name for node in plan.approvals()] == ["legal", "finance"]


def test_the_tree_shows_the_problems(pages: Pages) -> None:
    text = tree_text(pages.plan("def body(run, x):\n    run.step(plain)\n    run.approval(x)\n"))
    lines = text.splitlines()
    assert lines[1:3] == ["├─ step …: plain", "└─ approval …"]
    assert lines[3].startswith("error: /")
    assert lines[4].startswith("warning: /")


def test_a_node_is_one_line_whatever_its_title() -> None:
    plan = Plan("w", "a\nb", (PlanNode(NodeKind.STEP, "n\r\n", "t\x1b[31m\n\u2028x", 1),), (), "0" * 12)
    assert len(tree_text(plan).splitlines()) == 2
    assert "\x1b" not in tree_text(plan)


NASTY = [
    "end",
    '"]; click n1 "javascript:alert(1)"',
    "a\nb\r\u2028c",
    "<script>alert(1)</script>",
    "#quot; & #35;",
    "`code` %% note",
    "graph TD; A-->B",
    "|words|",
    "{{x}} [y] (z) \\",
    "",
]
SHAPE = (
    r"n\d+(\[\"{0}\"\]|\[\[\"{0}\"\]\]|\(\[\"{0}\"\]\)|\(\(\"{0}\"\)\)|\{{\"{0}\"\}}|\{{\{{\"{0}\"\}}\}}"
    r"|\[/\"{0}\"\\\]|\[\\\"{0}\"/\])"
).format(r'[^"\n`<>\\]+')
LINE = re.compile(
    rf'  ({SHAPE}|n\d+ (-->|-\.->)(\|"[^"\n`<>\\]+"\|)? n\d+|subgraph n\d+\["[^"\n`<>\\]+"\]|end)',
)


def well_formed(chart: str) -> bool:
    """Whether every line is one that Mermaid's grammar knows, and what is opened is closed."""
    head, *lines = chart.splitlines()
    boxes = 0
    for line in lines:
        if not LINE.fullmatch(line):
            raise AssertionError(line)
        boxes += line.startswith("  subgraph")
        boxes -= line == "  end"
        assert boxes >= 0
    linked = set(re.findall(r"n\d+", " ".join(line for line in lines if "->" in line)))
    drawn = set(re.findall(r"^  (?:subgraph )?(n\d+)[\[\({]", chart, re.MULTILINE))
    return head == "flowchart TD" and boxes == 0 and linked <= drawn


@pytest.mark.parametrize("kept", [examples.article, examples.invoice, examples.delivery], ids=lambda kept: kept.name)
def test_charts_are_well_formed(kept: object) -> None:
    assert well_formed(mermaid(plan_of(kept)))  # type: ignore[arg-type]


@pytest.mark.parametrize("words", NASTY)
@pytest.mark.parametrize("kind", list(NodeKind))
def test_labels_cannot_break_out_of_a_chart(kind: NodeKind, words: str) -> None:
    inner = PlanNode(NodeKind.STEP, words, words, 1)
    other = PlanNode(NodeKind.OTHERWISE, words, words, 1, (inner,), leaves="raise")
    node = PlanNode(kind, words, words, 1, (inner, other, inner))
    assert well_formed(mermaid(Plan("w", words, (node, inner), (), "0" * 12, (node,))))


@pytest.mark.parametrize("kind", list(NodeKind))
def test_nodes_without_children_can_be_drawn(kind: NodeKind) -> None:
    assert well_formed(mermaid(Plan("w", "", (PlanNode(kind, "", "", 1),), (), "0" * 12)))


def test_an_option_that_ends_the_run_does_not_lead_on(pages: Pages) -> None:
    chart = mermaid(
        pages.plan("def body(run, x):\n    if x:\n        run.step(one)\n        return\n    run.step(two)\n")
    )
    ids = {label: name for name, label in re.findall(r'(n\d+)[\[\({]+"([^"]+)"', chart)}
    assert f"{ids['Do the first thing']} --> {ids['done']}" in chart
    assert f"{ids['Do the first thing']} --> {ids['Do the second thing']}" not in chart
    assert f'{ids["One of these"]} -->|"otherwise"| {ids["Do the second thing"]}' in chart


def test_reading_plans_imports_nothing_heavy() -> None:
    folder = Path(workflows.engine.plan.__file__).parent
    light = {"workflows.engine.definition", "workflows.engine.errors", "workflows.engine.approving.policy"}
    for file in folder.glob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            for name in names:
                known = name.split(".")[0] in sys.stdlib_module_names or name in light
                assert known or name.startswith("workflows.engine.plan."), f"{file.name} imports {name}"
