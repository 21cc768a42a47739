"""What is installed: workflows, their fields, their plans."""

from __future__ import annotations

import json
from typing import Annotated, Any

import typer

from bot import printing
from bot.commands.documents import Document, plan_document
from bot.inputs import Field, fields_of, schema_of, type_of
from bot.printing import tell
from bot.settings import read_settings
from workflows.catalog import Catalogue, load
from workflows.engine.definition import Workflow
from workflows.engine.errors import BatonError
from workflows.engine.plan import Plan, mermaid, plan_of, tree_text

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]
Name = Annotated[str, typer.Argument(metavar="NAME", help="A workflow's name.", show_default=False)]


def workflows(name: Name = "", *, as_json: AsJson = False) -> None:
    """List the workflows, or the fields of one.

    Example: baton workflows content_pipeline
    """
    catalogue = _installed()
    if not name:
        _list(catalogue, as_json=as_json)
        return
    workflow = catalogue.get(name)
    fields = fields_of(workflow)
    if as_json:
        printing.document(_described(workflow) | {"input_schema": schema_of(workflow)})
        return
    printing.say(printing.facts([("Workflow", workflow.name), ("Title", workflow.title), ("From", workflow.source)]))
    if not fields:
        printing.say(f"\nIts input is {type_of(workflow)}: --input with JSON text, or @file.")
        return
    rows = [(field.option, field.type, _default(field), field.description) for field in fields]
    printing.say(printing.table(("Field", "Type", "Default", "What it is"), rows))


def plan(
    name: Name = "",
    *,
    check: Annotated[bool, typer.Option("--check", help="Read the plans of all workflows; exit 1 on errors.")] = False,
    as_mermaid: Annotated[bool, typer.Option("--mermaid", help="Print a Mermaid flowchart.")] = False,
    as_json: AsJson = False,
) -> None:
    """Show the steps of a workflow before anything ran.

    Example: baton plan content_pipeline
    """
    if check == bool(name):
        raise BatonError("Name one workflow, or give --check for all of them.")
    if as_mermaid and (as_json or check):
        raise BatonError("--mermaid goes with a workflow's name, and without --json.")
    catalogue = _installed(told=not check)
    if check:
        _check(catalogue, as_json=as_json)
        return
    read = plan_of(catalogue.get(name))
    if as_json:
        printing.document(plan_document(read))
    else:
        printing.say(mermaid(read).rstrip("\n") if as_mermaid else tree_text(read).rstrip("\n"))


# -----------------------------------------------------------------------------------------------------------


def _installed(*, told: bool = True) -> Catalogue:
    catalogue = load(read_settings().folders)
    for broken in catalogue.broken if told else ():
        tell(f"{broken.source} could not be loaded: {broken.reason}")
    return catalogue


def _list(catalogue: Catalogue, *, as_json: bool) -> None:
    installed = catalogue.all()
    if as_json:
        printing.document([_described(workflow) for workflow in installed])
    elif installed:
        rows = [
            (
                workflow.name,
                workflow.title,
                " ".join(field.option for field in _known_fields(workflow) if field.required),
            )
            for workflow in installed
        ]
        printing.say(printing.table(("Name", "Title", "Needs"), rows))
    else:
        printing.say("No workflow is installed. BATON_WORKFLOWS names folders of your own.")


def _described(workflow: Workflow[Any, Any]) -> Document:
    return {
        "name": workflow.name,
        "title": workflow.title,
        "source": workflow.source,
        "fields": [_field(field) for field in _known_fields(workflow)],
    }


def _known_fields(workflow: Workflow[Any, Any]) -> list[Field]:
    """The fields as far as they can be told: one odd workflow must not hide the others."""
    try:
        return fields_of(workflow)
    except BatonError:
        return []


def _field(field: Field) -> Document:
    return {
        "name": field.name,
        "type": field.type,
        "required": field.required,
        "default": field.default,
        "description": field.description,
    }


def _default(field: Field) -> str:
    return "needed" if field.required else json.dumps(field.default, ensure_ascii=False)


def _check(catalogue: Catalogue, *, as_json: bool) -> None:
    plans = [plan_of(workflow) for workflow in catalogue.all()]
    good = not catalogue.broken and not any(read.errors for read in plans)
    if as_json:
        lost = [{"source": broken.source, "reason": broken.reason} for broken in catalogue.broken]
        printing.document({"ok": good, "broken": lost, "plans": [_checked(read) for read in plans]})
    else:
        for read in plans:
            for problem in read.problems:
                tell(f"{problem.severity}: {read.workflow}: {problem}")
        for broken in catalogue.broken:
            tell(f"error: {broken.source} could not be loaded: {broken.reason}")
        warnings = sum(len(read.warnings) for read in plans)
        said = f"{len(plans)} workflows, {sum(len(read.errors) for read in plans)} errors, {warnings} warnings"
        printing.say(said + (f", {len(catalogue.broken)} not loaded" if catalogue.broken else ""))
    if not good:
        raise typer.Exit(1)


def _checked(read: Plan) -> Document:
    whole = plan_document(read)
    return {name: whole[name] for name in ("workflow", "title", "version", "problems")}
