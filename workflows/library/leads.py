"""What is found out about a lead before it is kept."""

from __future__ import annotations

from decimal import Decimal

from pydantic import BaseModel, ConfigDict, Field

from integrations.crm import Company, Contact, Deal
from integrations.protocols import Sources
from workflows import EmailAddress, LongText, SlackUser, StepContext, step

PERSONAL = frozenset(
    {
        "aol.com", "fastmail.com", "gmail.com", "gmx.de", "gmx.net", "googlemail.com", "hotmail.com", "icloud.com",
        "live.com", "mail.com", "me.com", "outlook.com", "proton.me", "protonmail.com", "t-online.de", "web.de",
        "yahoo.com", "yandex.com",
    }
)  # fmt: skip
"""Where people have addresses of their own: nothing is known of a company by them."""
SECOND_LEVEL = frozenset({"ac", "co", "com", "edu", "gov", "net", "org"})
"""What stands before a country: `acme.co.uk` is a company's, `co.uk` is not."""


class Lead(BaseModel):
    """Somebody who may want to buy something."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    email: EmailAddress = Field(max_length=200, title="E-mail")
    name: str = Field(default="", max_length=200, title="Name")
    company: str = Field(default="", max_length=200, title="Company")
    phone: str = Field(default="", max_length=60, title="Phone")
    wants: LongText = Field(default="", max_length=3000, title="What it is about")
    amount: Decimal | None = Field(
        default=None, ge=0, max_digits=14, decimal_places=2, title="Amount", description="In the CRM's currency"
    )
    source: str = Field(default="", max_length=100, title="Source", description="Such as: web form, fair, call")
    owner: SlackUser = Field(
        default="", title="Owner", description="Who decides on a big one; else those who approve everything"
    )
    channel: str = Field(default="", title="Channel", description="One to tell, like #sales")


class Profile(BaseModel):
    """The lead as records."""

    model_config = ConfigDict(frozen=True)

    contact: Contact
    company: Company | None = None
    """None where nothing says which company it is."""
    deal: Deal


@step(idempotent=True)
def profile(_ctx: StepContext, lead: Lead) -> Profile:
    """Read the lead: name, company and domain."""
    first, last = names_of(lead)
    domain = domain_of(lead.email)
    company = lead.company.strip() or (domain.split(".")[0].capitalize() if domain else "")
    contact = Contact(email=lead.email, first_name=first, last_name=last, phone=lead.phone.strip(), company=company)
    firm = Company(name=company, domain=domain) if company else None
    who = company or contact.name
    about = " ".join(lead.wants.split())
    title = f"{who}: {about[:80]}" if about else f"{who}: new lead"
    return Profile(contact=contact, company=firm, deal=Deal(title=title, amount=lead.amount))


@step(idempotent=True)
def summary(_ctx: StepContext, lead: Lead, known: bool, sources: Sources | None) -> str:
    """Write down what is known of the lead."""
    lines = [
        "A lead that was known already." if known else "A new lead.",
        f"From: {lead.source}" if lead.source else "",
        f"Amount: {lead.amount:,}" if lead.amount is not None else "",
        lead.wants.strip(),
        *(f"Found: {source.title} {source.url}" for source in (sources.items[:3] if sources else ())),
    ]
    return "\n".join(line for line in lines if line)


def names_of(lead: Lead) -> tuple[str, str]:
    """First and last name, from `Ada Lovelace` as from `Lovelace, Ada`; else what the address says of it."""
    text = " ".join(lead.name.split())
    if "," in text:
        last, _, first = text.partition(",")
        return first.strip(), last.strip()
    if text:
        first, _, last = text.partition(" ")
        return first, last
    parts = [part for part in lead.email.partition("@")[0].replace("_", ".").split(".") if part.isalpha()]
    return (parts[0].capitalize(), parts[-1].capitalize()) if len(parts) == 2 else ("", "")


def domain_of(email: str) -> str:
    """The company's domain; "" for an address of somebody's own."""
    domain = email.rpartition("@")[2].strip().lower().rstrip(".")
    if domain in PERSONAL:
        return ""
    parts = domain.split(".")
    last = 3 if len(parts) > 2 and len(parts[-1]) == 2 and parts[-2] in SECOND_LEVEL else 2
    return ".".join(parts[-last:])
