"""Approval policies: which there are, and what one comes to in a case."""

from __future__ import annotations

from typing import Annotated

import typer

from bot import printing
from bot.commands.catalogue import AsJson
from bot.commands.documents import Document, moment
from bot.commands.session import opened
from bot.inputs import json_value
from workflows.engine.approving.agenda import Turn
from workflows.engine.approving.policy import Policy, Rule, approvers_of, seats_of
from workflows.engine.approving.recorded import quorum_words, recorded
from workflows.engine.drafting import Drafted, drafted, known, policies_in
from workflows.engine.errors import BatonError

app = typer.Typer(add_completion=False, rich_markup_mode="rich")


@app.callback()
def policy() -> None:
    """Show approval policies: list, explain.

    Example: baton policy explain payments --input '{"amount": 12000}'
    """


@app.command("list")
def list_(*, as_json: AsJson = False) -> None:
    """List the policies of the settings and of the installed workflows, rule by rule.

    Example: baton policy list
    """
    with opened() as session:
        book, named = session.runtime.book, policies_in(session.runtime.catalogue.all())
    found: dict[str, Policy | None] = {name: code for name, (code, _) in named.items()} | dict(book.policies)
    users = {name: named[name][1] if name in named else () for name in found}
    where = {name: "settings" if name in book.policies else "code" if one else "missing" for name, one in found.items()}
    if as_json:
        printing.document([
            {
                "name": name, "from": where[name], "workflows": list(users[name]),
                "rules": [_rule_document(rule) for rule in one.rules] if one else [],
            }
            for name, one in sorted(found.items())
        ])  # fmt: skip
        return
    if not found:
        printing.say("No policies. docs/howto/approve.md shows how to write one.")
        return
    rows = [
        (name, where[name], ", ".join(users[name]), rule)
        for name, one in sorted(found.items())
        for rule in ([_rule_words(rule) for rule in one.rules] if one else ["write it into the file of BATON_POLICIES"])
    ]
    printing.say(printing.table(("Policy", "From", "Workflows", "Rule"), rows))


@app.command()
def explain(
    name: Annotated[str, typer.Argument(metavar="NAME", help="The policy's name.", show_default=False)],
    *,
    given: Annotated[
        str,
        typer.Option("--input", help="The input as JSON, or @file, with the fields that rules ask for."),
    ] = "{}",
    starter: Annotated[
        str, typer.Option(help="Who would start the run: with four eyes they do not decide.", show_default=False)
    ] = "",
    as_json: AsJson = False,
) -> None:
    """Say who could approve under a policy and why, and what would be told when.

    Nothing is written. Example: baton policy explain payments --input '{"amount": 12000}'
    """
    with opened() as session:
        runtime = session.runtime
        chosen = known(runtime.book, runtime.catalogue.all(), name)
        value, now = json_value(given, "--input"), runtime.clock.now()
        if not isinstance(value, dict):
            raise BatonError("--input must be a JSON object with the fields that rules ask for.")
        made = drafted(runtime.book, chosen, value, now, runtime.service.access, runtime.directory, starter)
    if as_json:
        printing.document(_document(made))
        return
    _show(made)


# -----------------------------------------------------------------------------------------------------------


def _show(made: Drafted) -> None:
    terms, approval = recorded(made.approval), made.approval
    assert terms is not None
    end = f"{_when(moment(approval.due_at))}, then {approval.on_timeout.value}" if approval.due_at else "never"
    printing.say(
        printing.facts(
            [
                ("Rule", f"for {terms.rule}"),
                ("Needs", quorum_words(terms.seats)),
                ("Four eyes", "no: whoever started the run may decide" if approval.allow_self else "yes"),
                ("Counted in", terms.calendar or "all hours"),
                ("Ends", end),
            ]
        )
    )
    rows = [(one.person, "yes" if one.may else "no", one.because) for one in made.circle.people]
    rows += [(entry, "?", "Nobody can say just now who that is.") for entry in made.circle.unknown]
    printing.say(printing.table(("Person", "May approve", "Because"), rows))
    for entry in made.agenda[:20]:
        what = f"asks {', '.join(entry.to)} too" if entry.turn is Turn.ESCALATE else "reminds"
        printing.say(f"{_when(moment(entry.at))}: {what}")
    if made.circle.impossible:
        printing.say(f"It can't be decided. {made.circle.impossible}")


def _document(made: Drafted) -> Document:
    terms = recorded(made.approval)
    assert terms is not None
    return {
        "policy": terms.name,
        "rule": terms.rule,
        "facts": dict(terms.facts),
        "seats": [list(seat) for seat in terms.seats],
        "four_eyes": not made.approval.allow_self,
        "people": [{"person": one.person, "may": one.may, "because": one.because} for one in made.circle.people],
        "unknown": list(made.circle.unknown),
        "impossible": made.circle.impossible,
        "agenda": [{"at": moment(one.at), "does": one.turn.value, "to": list(one.to)} for one in made.agenda],
        "due_at": moment(made.approval.due_at),
        "on_timeout": made.approval.on_timeout.value,
    }


def _rule_document(rule: Rule) -> Document:
    seats = [list(seat) for seat in seats_of(rule)]
    return {"when": rule.when.words if rule.when else "", "approvers": list(approvers_of(rule)), "seats": seats}


def _rule_words(rule: Rule) -> str:
    seats = seats_of(rule)
    who = quorum_words(seats) if any(seats) else f"{len(seats)} of {', '.join(approvers_of(rule))}"
    return f"{rule.when.words if rule.when else 'otherwise'}: {who}"


def _when(text: str | None) -> str:
    return (text or "")[:16].replace("T", " ") + " UTC"
