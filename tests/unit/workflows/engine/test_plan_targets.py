"""How a plan finds out what a step calls."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.plans.loading import Pages


@pytest.fixture
def pages(tmp_path: Path) -> Pages:
    return Pages(tmp_path)


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ("run.step(one, 1)", ["step one"]),
        ("return run.step(Topics.get, x)", ["step topics.get"]),
        ("find = Search.find\n    run.step(find)", ["step search.find"]),
        ("find: object = Search.find\n    run.step(find)", ["step search.find"]),
        ("a, b = one, two\n    run.step(b)\n    run.step(a)", ["step two", "step one"]),
        ("find = one\n    run.step(find)\n    find = two\n    run.step(find)", ["step one", "step two"]),
        ("r = run\n    r.step(one)", ["step one"]),
        ("if (f := one):\n        run.step(f)", ["choice if", "  option if", "    step one"]),
        ("run.step(TABLE['b'])", ["step two"]),
        ("handlers = {'a': one, 'b': two}\n    run.step(handlers['a'])", ["step one"]),
        ("run.step(ROW[1])", ["step two"]),
        ("run.step(run.step(one) and two or three)", None),
        ("run.step(two, run.step(one, run.step(three)))", ["step three", "step one", "step two"]),
        ("x.text = run.step(one)\n    x[run.step(two)] = run.step(three)", ["step one", "step three", "step two"]),
        ("return {run.step(one): run.step(two), **run.step(three)}", ["step one", "step two", "step three"]),
        ("assert run.step(one), run.step(two)", ["step one", "step two"]),
        ("return f'{run.step(one)} {run.step(two)!r:>{run.step(three)}}'", ["step one", "step two", "step three"]),
        ("run.step(one).strip().split(run.step(two))", ["step one", "step two"]),
        ("total = 0\n    total += run.step(one)", ["step one"]),
        ("run.now(); run.uuid(); run.random(); run.note('x')\n    run.patched('x')\n    run.step(one)", ["step one"]),
        ("run.note(run.step(one))", ["step one"]),
        ("print(run.id, run.started_by)\n    run.step(one)", ["step one"]),
        ("return\n    run.step(one)", []),
        ("tool = Site()\n    run.step(tool.publish)", ["step site.publish"]),
        ("run.step(SITE.publish)", ["step site.publish"]),
        ("run.step(functools.partial(one, 3))", ["step one"]),
    ],
)
def test_targets_are_followed(pages: Pages, lines: str, expected: list[str] | None) -> None:
    text = f"TABLE = {{'a': one, 'b': two}}\nROW = [one, two]\nSITE = Site()\ndef body(run, x):\n    {lines}\n"
    if expected is None:
        assert "step one" in [line.strip() for line in _shape(pages, text)]
    else:
        assert pages.shape(text) == expected


def _shape(pages: Pages, text: str) -> list[str]:
    return [f"{node.kind} {node.name}" for node in pages.plan(text).walk()]


@pytest.mark.parametrize(
    ("lines", "titles"),
    [
        ("run.step(one if x else two)", ["if x", "else"]),
        ("f = one if x else two\n    run.step(f)", ["if x", "else"]),
        ("if x:\n        f = one\n    else:\n        f = two\n    run.step(f)", ["one", "two"]),
        ("f = one\n    if x:\n        f = two\n    run.step(f)", ["two", "one"]),
        (
            "f = one\n    try:\n        plain(x)\n    except ValueError:\n        f = two\n    run.step(f)",
            ["one", "two"],
        ),
        ("run.step({'a': one, 'b': two}[x])", ["when 'a'", "when 'b'"]),
        ("run.step({'a': one}.get(x, two))", ["when 'a'", "else"]),
        ("f = ALL[x]\n    run.step(f)", ["when 0", "when 1"]),
        ("run.step(x or one if plain(x) else two)", None),
    ],
)
def test_a_choice_of_targets_shows_them_all(pages: Pages, lines: str, titles: list[str] | None) -> None:
    plan = pages.plan(f"ALL = (one, two)\ndef body(run, x):\n    {lines}\n")
    (choice,) = plan.nodes
    assert choice.kind == "choice"
    assert [node.kind for node in choice.children] == ["option"] * len(choice.children)
    if titles is not None:
        assert plan.problems == ()
        assert [option.title for option in choice.children] == titles
        assert {option.children[0].name for option in choice.children} == {"one", "two"}
    else:
        assert len(plan.errors) == 1  # what the run's input holds can't be told


def test_a_branch_that_leaves_does_not_count(pages: Pages) -> None:
    text = """
    def body(run, x):
        f = one
        if x:
            f = plain(x)
            return
        run.step(f)
    """
    assert pages.shape(text) == ["step one"]


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        ("run.step(plain)", "plain is neither a step nor an action: decorate it"),
        ("run.step(fetch_both)", "call fetch_both(run, …) if it takes the run"),
        ("run.step(missing)", "`missing` is not defined in this module"),
        ("run.step(x.handler)", "`x.handler` is known at run time only"),
        ("run.step(x)", "known at run time only"),
        ("run.step(Topics.gett)", "`Topics.gett` can't be looked up"),
        ("run.step(plain(x))", "`plain(x)` is computed at run time"),
        ("run.step(lambda ctx: 1)", "a lambda is no step"),
        ("run.step(smaller)", "smaller is a workflow: start it with run.child"),
        ("run.step(Topics)", "Topics is neither a step nor an action"),
        ("run.step('one')", "'one' is neither a step nor an action"),
        ("run.step()", "it has no first argument"),
        ("run.step(*x)", "known at run time only"),
        ("def inner(ctx): ...\n    run.step(inner)", "inner is defined inside the body: move the step to the top"),
        ("from tests.plans import parts\n    run.step(parts.one)", "imported inside the body: import it at the top"),
        ("import os.path as p\n    run.step(p.join)", "os.path.join is imported inside the body"),
        ("class K:\n        pass\n    run.step(K)", "K is a class that is defined inside the body"),
        ("run.step(late)\n    late = one", "`late` has no value yet at this line"),
        ("h = {'a': one}\n    h[x] = two\n    run.step(h['a'])", "`h` is changed in place"),
        ("f = one\n    while x:\n        run.step(f)\n        f = two", "`f` is assigned again inside this loop"),
        ("with plain(x) as f:\n        run.step(f)", "what a `with` binds is known at run time only"),
        ("run.child(x, 1)", "run.child: the workflow can't be resolved"),
        ("run.child(plain, 1)", "plain is no workflow"),
        ("run.child('smaller', 1)", "is no workflow"),
    ],
)
def test_what_cannot_be_told_is_an_error_with_words(pages: Pages, lines: str, words: str) -> None:
    plan = pages.plan(f"def body(run, x):\n    {lines}\n")
    assert words in "\n".join(error.message for error in plan.errors)
    assert all(error.file.endswith(".py") and error.line > 6 for error in plan.errors)
    assert [node.name for node in plan.walk() if node.kind in ("step", "child")] == ["…"]


def test_a_property_of_an_object_is_not_run(pages: Pages) -> None:
    text = """
    class Client:
        @property
        def find(self):
            raise AssertionError("a plan must not run this")
    CLIENT = Client()
    def body(run, x):
        CLIENT.find(x)
        run.step(CLIENT.find)
    """
    (error,) = pages.errors(text)
    assert "`CLIENT.find` is known at run time only" in error


def test_children_carry_their_title(pages: Pages) -> None:
    (child,) = pages.plan("def body(run, x):\n    run.child(smaller, x)").nodes
    assert (child.kind, child.name, child.title, child.children) == ("child", "smaller", "A smaller job", ())


@pytest.mark.parametrize(
    ("written", "title"),
    [
        ("timedelta(days=2)", "Wait 2 days"),
        ("timedelta(hours=24)", "Wait 1 day"),
        ("timedelta(minutes=90)", "Wait 90 minutes"),
        ("timedelta(0, 0.5)", "Wait 0.5 seconds"),
        ("PAUSE", "Wait 3 hours"),
        ("x.delay", "Wait x.delay"),
        ("timedelta(days=x)", "Wait timedelta(days=x)"),
        ("delay=timedelta(days=2)", "Wait 2 days"),
    ],
)
def test_pauses_are_said_in_words(pages: Pages, written: str, title: str) -> None:
    (node,) = pages.plan(f"PAUSE = timedelta(hours=3)\ndef body(run, x):\n    run.sleep({written})").nodes
    assert (node.kind, node.title) == ("sleep", title)


@pytest.mark.parametrize(
    ("written", "name", "title", "named"),
    [
        ("'editor'", "editor", "Editor", False),
        ("name='legal_check'", "legal_check", "Legal check", False),
        ("EDITOR, show=x", "chief", "Chief", False),
        ("'editor', title='The editor decides'", "editor", "The editor decides", False),
        ("'editor', approvers=['U1']", "editor", "Editor", True),
        ("'editor', approvers=x.people", "editor", "Editor", True),
        ("'editor', approvers=lambda given: given.people", "editor", "Editor", True),
        ("'editor', approvers=people, fields=x, editable=x, on_timeout=x", "editor", "Editor", True),
        ("'editor', approvers=()", "editor", "Editor", False),
        ("'editor', approvers=None", "editor", "Editor", False),
        ("'editor', **x", "editor", "Editor", False),
    ],
)
def test_approvals_say_whether_they_name_their_approvers(
    pages: Pages, written: str, name: str, title: str, named: bool
) -> None:
    plan = pages.plan(
        f"EDITOR = 'chief'\ndef people(given):\n    return ['U1']\ndef body(run, x):\n    run.approval({written})"
    )
    assert plan.problems == ()
    (node,) = plan.approvals()
    assert (node.name, node.title, node.names_approvers) == (name, title, named)


def test_a_name_that_only_the_run_knows_is_a_warning(pages: Pages) -> None:
    text = "def body(run, x):\n    run.approval(f'{x}')\n    run.signal(x)\n"
    plan = pages.plan(text)
    assert [node.name for node in plan.nodes] == ["…", "…"]
    assert [p.severity for p in plan.problems] == ["warning", "warning"]
    assert "the name of this approval is known at run time only" in plan.problems[0].message
    assert plan.require() is plan
