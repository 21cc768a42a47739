"""From somebody who asks to a deal in the CRM: read, look up, save, decide on big ones, tell."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

from pydantic import BaseModel, ConfigDict

from integrations.crm import CRM, Contact, RecordRef
from integrations.protocols import Channel, Search, Sources
from workflows import Run, StepFailed, workflow
from workflows.library import leads
from workflows.library.leads import Lead, Profile
from workflows.library.slack_text import plain

BIG = Decimal(10_000)
"""From this amount on somebody decides whether the deal is taken on."""
QUESTION = "Take on this deal?"
DECIDE_WITHIN = timedelta(days=3)
REMIND_EVERY = timedelta(days=1)


class Taken(BaseModel):
    """What became of the lead."""

    model_config = ConfigDict(frozen=True)

    contact: RecordRef
    deal: RecordRef
    title: str
    known: bool
    """Whether the contact was there before."""


class Offer(BaseModel):
    """What somebody decides on."""

    model_config = ConfigDict(frozen=True)

    deal: str
    amount: Decimal
    contact: str
    company: str
    known: bool
    wants: str


def told(taken: Taken) -> str:
    """What the channel reads at the end."""
    who = "known contact" if taken.known else "new contact"
    return f"New deal *{plain(taken.title)}* ({who}){f' {taken.deal.url}' if taken.deal.url else ''}"


def owners(lead: Lead) -> tuple[str, ...]:
    """Who decides: the owner, or those who approve everything."""
    return (lead.owner,) if lead.owner else ()


@workflow("lead_intake", title="Take in a lead", summary=told)
def lead_intake(run: Run, lead: Lead) -> Taken:
    read = run.step(leads.profile, lead)
    known = run.step(CRM.find_contact, read.contact.email)
    sources = look_up(run, read)

    with run.saga() as saga:  # what was made is taken away again, and what was changed is put back
        contact = run.step(CRM.save_contact, read.contact)
        if known is None:
            saga.on_failure(CRM.archive, contact)
        else:
            saga.on_failure(CRM.save_contact, known)
        deal = run.step(CRM.save_deal, read.deal)
        saga.on_failure(CRM.archive, deal)
        run.step(CRM.link, deal, contact)
        if read.company is not None:
            company = run.step(CRM.save_company, read.company)
            run.step(CRM.link, contact, company)
            run.step(CRM.link, deal, company)
        if lead.amount is not None and lead.amount >= BIG:
            decision = run.approval(
                "owner",
                title=QUESTION,
                show=offer(lead, read, known),
                approvers=owners,
                timeout=DECIDE_WITHIN,
                remind=REMIND_EVERY,
            )
            decision.require_approved()

    note = run.step(leads.summary, lead, known is not None, sources)
    run.step(CRM.add_note, deal, note)
    taken = Taken(contact=contact, deal=deal, title=read.deal.title, known=known is not None)
    if lead.channel:
        run.step(Channel.post, lead.channel, told(taken))
    return taken


def look_up(run: Run, read: Profile) -> Sources | None:
    """Look the company up."""
    if read.company is None:
        return None
    try:
        return run.step(Search.find, read.company.domain or read.company.name)
    except StepFailed:  # nice to have: the lead is taken in without
        return None


def offer(lead: Lead, read: Profile, known: Contact | None) -> Offer:
    """The lead as somebody decides on it."""
    return Offer(
        deal=read.deal.title,
        amount=lead.amount or Decimal(0),
        contact=f"{read.contact.name}, {lead.email}",
        company=read.contact.company,
        known=known is not None,
        wants=lead.wants,
    )
