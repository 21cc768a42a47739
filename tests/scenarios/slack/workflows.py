"""Small workflows that the stories are told with."""

from __future__ import annotations

import enum
from datetime import date, datetime, timedelta
from typing import Annotated, Literal

from pydantic import BaseModel, Field, HttpUrl

from workflows import (
    Escalation,
    FileRef,
    Hours,
    LongText,
    Outcome,
    Policy,
    Retry,
    Rule,
    Run,
    SlackChannel,
    SlackUser,
    StepContext,
    When,
    step,
    workflow,
)

EDITORS = ("role:editors",)
AT_ONCE = Retry(attempts=1)


class Shop:
    """A service that may be closed."""

    def __init__(self) -> None:
        self.open = True
        self.sold: list[str] = []

    def take_back(self, what: str) -> None:
        if not self.open:
            raise RuntimeError("The shop is closed")
        self.sold.remove(what)

    def sell(self, what: str) -> str:
        if not self.open:
            raise RuntimeError("The shop is closed")
        self.sold.append(what)
        return f"receipt for {what}"


class Note(BaseModel):
    topic: str = Field(description="What it is about", min_length=3)
    tone: Literal["plain", "warm"] = "plain"
    copies: int = Field(default=1, ge=1, le=9)


@step(idempotent=True)
def write(ctx: StepContext, topic: str) -> str:
    """Write it."""
    return f"A note about {topic}"


@workflow("note", title="Write a note", command="/note")
def note(run: Run, given: Note) -> str:
    """Write a note."""
    return run.step(write, given.topic)


class Story(BaseModel):
    title: str


@step(idempotent=True)
def publish(ctx: StepContext, title: str) -> str:
    """Publish it."""
    return ctx.use(Shop).sell(title)


@workflow("article", title="Publish an article", summary=lambda receipt: f"Published: {receipt}")
def article(run: Run, story: Story) -> str:
    """Ask an editor, then publish."""
    title = story.title
    decision = run.approval("editor", title="Publish this?", show={"title": title}, approvers=EDITORS)
    while decision.outcome is Outcome.CHANGES:
        title = f"{title} ({decision.comment})"
        decision = run.approval("editor", title="Publish this?", show={"title": title}, approvers=EDITORS)
    decision.require_approved()
    return run.step(publish, title)


class Terms(BaseModel):
    budget: int = Field(ge=1, le=1000, description="How much may be spent")


class Wording(BaseModel):
    subject: str = Field(min_length=3)


@workflow("offer", title="Send an offer")
def offer(run: Run, story: Story) -> str:
    """Let somebody edit an offer and say what it may cost."""
    decision = run.approval(
        "boss", title="Send this offer?", show={"subject": story.title}, approvers=EDITORS, fields=Terms,
        editable=Wording, timeout=timedelta(days=2),
    )  # fmt: skip
    decision.require_approved()
    assert decision.fields is not None
    subject = decision.edited.subject if decision.edited else story.title
    return run.step(publish, f"{subject} for {decision.fields.budget}")


@workflow("pair", title="Sign a contract")
def pair(run: Run, story: Story) -> str:
    """Two people have to agree."""
    run.approval(
        "sign", title="Sign this?", show={"title": story.title}, approvers=EDITORS, quorum=2
    ).require_approved()
    return run.step(publish, story.title)


PAYMENTS = Policy(
    "payments",
    rules=[
        Rule(when=When("amount", min=1_000), quorum={"editors": 1, "editors+admins": 1}),
        Rule(approvers=["role:admins"]),
    ],
    escalation=[Escalation(timedelta(hours=8), ["role:editors"])],
    remind=timedelta(hours=3),
    timeout=timedelta(days=2),
    calendar=Hours("UTC", country="DE", region="BE"),
)


class Payment(BaseModel):
    amount: int


@workflow("pay", title="Pay a bill")
def pay(run: Run, payment: Payment) -> str:
    """Pay what a policy lets us."""
    decision = run.approval("pay", title="Pay this?", show=payment, policy=PAYMENTS)
    if not decision.approved:
        return str(decision.outcome)
    return run.step(publish, f"{payment.amount}")


@step(idempotent=True, retry=AT_ONCE)
def order(ctx: StepContext, what: str) -> str:
    """Order it."""
    return ctx.use(Shop).sell(what)


@workflow("errand", title="Run an errand")
def errand(run: Run, story: Story) -> str:
    """Buy something, if the shop is open."""
    return run.step(order, story.title)


@step(idempotent=True, retry=AT_ONCE)
def bring_back(ctx: StepContext, what: str) -> None:
    """Bring it back to the shop."""
    ctx.use(Shop).take_back(what)


@workflow("picnic", title="Buy for a picnic")
def picnic(run: Run, story: Story) -> str:
    """Buy all of it, or nothing."""
    with run.saga() as saga:
        for what in (story.title, "lemonade"):
            run.step(order, what)
            saga.on_failure(bring_back, what)
    return story.title


class Colour(enum.Enum):
    RED = "red"
    BLUE = "blue"


class Everything(BaseModel):
    """One field of each kind."""

    name: str
    text: LongText = ""
    amount: float = 1.5
    email: Annotated[str, Field(json_schema_extra={"format": "email"}, pattern=r"^[^@]+@[^@]+$")] = "a@b.example"
    site: HttpUrl | None = None
    day: date | None = None
    moment: datetime | None = None
    colour: Colour = Colour.RED
    colours: list[Colour] = []
    urgent: bool = False
    who: SlackUser | None = None
    where: SlackChannel | None = None
    paper: FileRef | None = None


@workflow("everything", title="Fill in a form")
def everything(run: Run, given: Everything) -> str:
    """Take a form with one field of each kind."""
    return given.model_dump_json()


@workflow("echo", title="Say it again")
def echo(run: Run, given: list[int]) -> int:
    """Take an input without fields."""
    return sum(given)


@workflow("secret_work", title="Admins' work", starters=("role:admins",))
def secret_work(run: Run, given: None) -> str:
    """Only some may start it."""
    return "done"


ALL = (note, article, offer, pair, pay, errand, picnic, everything, echo, secret_work)
