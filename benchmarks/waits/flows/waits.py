"""The workflows that wait: for a slow answer over HTTP, and for a person."""

from __future__ import annotations

import os
import time
from pathlib import Path

import httpx

from workflows import Run, StepContext, step, workflow

CLIENT = httpx.Client(limits=httpx.Limits(max_connections=None), timeout=300)


@step(idempotent=True)
def ask(_ctx: StepContext, url: str) -> str:
    """Ask a slow model"""
    return CLIENT.post(url, json={"prompt": "Write an article"}).text


@workflow("wait_model", title="Ask a slow model")
def model(run: Run, url: str) -> str:
    """One slow call."""
    return run.step(ask, url)


@workflow("wait_person", title="Ask a person")
def person(run: Run, text: str) -> str:
    """One approval."""
    run.approval("editor", title="Publish this?", show={"text": text}, approvers=("role:editors",)).require_approved()
    return text


@step(idempotent=True)
def moment(_ctx: StepContext) -> float:
    """Say when"""
    return time.time()


@workflow("wait_nothing", title="Wait for nothing")
def nothing(run: Run, _text: str) -> float:
    """One step that says when it ran."""
    return run.step(moment)


@step(idempotent=True)
def mark(_ctx: StepContext, folder: str, number: int) -> int:
    """Leave a mark, and take a while"""
    with (Path(folder) / "marks").open("a") as file:
        file.write(f"{number} {os.getpid()} {time.time()}\n")
    time.sleep(0.2)
    return number


@workflow("wait_marks", title="Leave marks")
def marks(run: Run, folder: str) -> int:
    """Steps that tell where and when they ran."""
    for number in range(10):
        run.step(mark, folder, number)
    return 10
