"""A bill in the local workspace: Ana fills in the form, finance decides, and the local ledger has it."""

from __future__ import annotations

from pathlib import Path

from bot.rehearsal import rehearsing
from bot.sandbox import LocalWorkspace
from integrations.erp import ERP
from integrations.local_channel.connector import LocalChannel, LocalChannelSettings
from integrations.local_ledger.connector import LocalLedger, LocalLedgerSettings
from integrations.protocols import Channel
from workflows.library.pay_bill import pay_bill


def finance(workspace: LocalWorkspace) -> dict[str, object]:
    """Ben and Carla are finance, and Carla leads it."""
    ben, carla = (f"slack:{workspace.team_id}:{workspace.user(name).id}" for name in ("ben", "carla"))
    return {"baton_roles": {"finance": (ben, carla), "lead": (carla,)}}


def test_a_big_bill_is_decided_by_two_and_paid(tmp_path: Path) -> None:
    ledger = LocalLedger(LocalLedgerSettings(path=tmp_path / "ledger.db"))
    tools = {ERP: ledger, Channel: LocalChannel(LocalChannelSettings(folder=tmp_path / "channels"))}
    with rehearsing(pay_bill, folder=tmp_path, tools=tools, settings=finance) as play:
        ana, ben, carla = play.user("ana"), play.user("ben"), play.user("carla")
        ana.command("/baton run pay_bill", channel="#content")
        ana.see_modal("Pay a vendor's bill")
        ana.fill(**{"Vendor": "Acme <!channel>", "Tax id": "FR 12", "Bill number": "7", "What it is for": "Bolts"})
        ana.fill(**{"Date of the bill": "2026-11-30", "Net amount": "10000.505"})
        assert ana.submit() is not None  # half a cent more than money has
        ana.fill(**{"Net amount": "10000.50", "Tax": "2000"})
        assert ana.submit() is None
        play.settle()

        asked = ben.see("Pay this bill?", channel="#content")
        assert "12000.50" in asked.shown
        ana.click("Approve", message=asked)
        ben.click("Approve", message=asked)
        play.settle()
        assert ledger.balances() == ()  # Ana started it, and Ben is one of two
        carla.click("Approve", message=carla.see("Pay this bill?", channel="#content"))
        play.settle()

        ana.see("Succeeded", channel="#content")
        paid = {one.name: str(one.amount) for one in ledger.balances()}
        assert (paid["Bank"], paid["Payables"]) == ("-12,000.50 EUR", "0.00 EUR")
