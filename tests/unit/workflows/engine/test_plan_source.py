"""Where a plan finds the source of a function, and what it says when there is none."""

from __future__ import annotations

import importlib
import importlib.util
import linecache
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest

from tests.plans.loading import PRELUDE, Pages
from tests.plans.parts import fetch_both, one, plan
from workflows.engine.definition import Workflow, workflow
from workflows.engine.plan import plan_of
from workflows.engine.run import Run


@pytest.fixture
def pages(tmp_path: Path) -> Pages:
    return Pages(tmp_path)


def test_a_function_without_source_is_an_error() -> None:
    names: dict[str, Any] = {"one": one}
    exec("def body(run, x):\n    run.step(one)\n", names)
    (error,) = plan(names["body"]).errors
    assert "there is no source for body; install it with its .py file" in error.message
    assert error.line == 1


def test_a_helper_without_source_is_an_error_at_its_call() -> None:
    names: dict[str, Any] = {}
    exec("def hidden(run):\n    pass\n", names)
    hidden = names["hidden"]

    def body(run: Run, x: Any) -> None:
        run.step(one)
        hidden(run)

    read = plan(body)
    (error,) = read.errors
    assert "the steps of hidden can't be read: there is no source for hidden" in error.message
    assert error.file == str(Path(__file__))
    assert [node.name for node in read.nodes] == ["one"]


@pytest.mark.parametrize("fn", [lambda run, x: run.step(one), max], ids=["lambda", "builtin"])
def test_what_is_no_function_is_an_error(fn: Any) -> None:
    (error,) = plan_of(Workflow("tested", "Tested", fn)).errors
    assert "lambda" in error.message or "use a plain function" in error.message


def test_a_callable_object_is_an_error() -> None:
    class Callable:
        def __call__(self, run: Run, x: Any) -> None: ...

    (error,) = plan_of(Workflow("tested", "Tested", Callable())).errors
    assert "whose source can't be read: use a plain function" in error.message


def test_a_file_that_has_changed_since_it_was_loaded_is_an_error(pages: Pages) -> None:
    module = pages.module("def body(run, x):\n    run.step(one)\n", name="changing")
    pages.folder.joinpath("changing.py").write_text("# gone\n" * 30, encoding="utf-8")
    (error,) = plan(module.body).errors
    assert "the file no longer holds the body that was loaded; restart" in error.message
    pages.folder.joinpath("changing.py").write_text("def (:\n", encoding="utf-8")
    again = pages.module("def body(run, x):\n    run.step(two)\n", name="changing")
    assert [node.name for node in plan(again.body).nodes] == ["two"]


def test_a_file_that_no_longer_parses_is_an_error(pages: Pages) -> None:
    module = pages.module("def body(run, x):\n    run.step(one)\n", name="broken")
    pages.folder.joinpath("broken.py").write_text("def body(run, x:\n", encoding="utf-8")
    (error,) = plan(module.body).errors
    assert "the source can't be parsed" in error.message


def test_a_module_from_an_archive_is_read_through_its_loader(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    archive = tmp_path / "pages.zip"
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("zipped_page.py", PRELUDE + "def body(run, x):\n    run.step(one)\n")
    monkeypatch.syspath_prepend(str(archive))
    module = importlib.import_module("zipped_page")
    try:
        assert [node.name for node in plan(module.body).nodes] == ["one"]
    finally:
        sys.modules.pop("zipped_page")


def test_functions_in_classes_and_functions_are_read_with_their_indentation() -> None:
    second = fetch_both

    class Flows:
        class Inner:
            @staticmethod
            def body(run: Run, x: Any) -> None:
                text = """
    not indented
"""
                run.step(one, text)
                second(run, x)

    read = plan(Flows.Inner.body)
    assert read.problems == ()
    assert [node.name for node in read.nodes] == ["one", "fetch_both"]
    lines = linecache.getlines(__file__)
    assert "run.step(one, text)" in lines[read.nodes[0].line - 1]


def test_a_bound_method_is_a_workflow_too() -> None:
    class Flow:
        def more(self, run: Run) -> None:
            run.step(one)

        def body(self, run: Run, x: Any) -> None:
            self.more(run)

    read = plan(Flow().body)
    assert read.problems == ()
    assert [node.name for node in read.walk()] == ["more", "one"]


def test_names_of_the_function_around_are_seen_once_they_have_a_value() -> None:
    def body(run: Run, x: Any) -> None:
        run.step(later)

    (error,) = plan(body).errors
    assert "`later` of the enclosing function has no value yet" in error.message
    later = one
    assert plan_of(workflow("named_later")(body)).errors == ()
    assert later is one


def test_a_windows_file_with_tabs_and_line_continuations_is_read(pages: Pages) -> None:
    file = pages.folder / "tabs.py"
    file.write_bytes(
        (PRELUDE + "def body(run, x):\n\tif x:\n\t\trun \\\n\t\t\t.step(one)\n").replace("\n", "\r\n").encode()
    )
    spec = importlib.util.spec_from_file_location("_baton_pages.tabs", file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    assert [node.kind for node in plan(module.body).walk()] == ["choice", "option", "step"]


def test_code_nested_very_deep_is_an_error_and_no_crash(pages: Pages) -> None:
    chain = "x" + ".replace('a', 'b')" * 900
    read = pages.plan(f"def body(run, x):\n    run.step(one)\n    return {chain}\n")
    assert [error.message for error in read.errors] in ([], ["the code is nested too deep to be read: split it up"])


def test_plans_are_read_once() -> None:
    def body(run: Run, x: Any) -> None:
        run.step(one)

    made = workflow("kept")(body)
    assert plan_of(made) is plan_of(made)
    assert plan_of(workflow("renamed")(body)).workflow == "renamed"
