"""Every kept plan reads as it did; `BATON_UPDATE_PLANS=1 pytest tests/plans` writes them anew."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from tests.plans import examples
from workflows.digests.posting import post_digest
from workflows.engine.definition import Workflow
from workflows.engine.plan import mermaid, plan_of, tree_text
from workflows.library.content_pipeline import content_pipeline
from workflows.library.lead_intake import lead_intake
from workflows.library.pay_bill import pay_bill

GOLDEN = Path(__file__).parent / "golden"
KEPT: list[Workflow[Any, Any]] = [
    examples.article,
    examples.invoice,
    examples.delivery,
    content_pipeline,
    post_digest,
    lead_intake,
    pay_bill,
]
"""Add a workflow here, and its golden files with BATON_UPDATE_PLANS=1."""


@pytest.mark.parametrize("kept", KEPT, ids=lambda kept: kept.name)
@pytest.mark.parametrize(("suffix", "render"), [("txt", tree_text), ("mmd", mermaid)], ids=["tree", "chart"])
def test_the_plan_reads_as_it_did(kept: Workflow[Any, Any], suffix: str, render: Any) -> None:
    plan = plan_of(kept, strict=True)
    assert plan.problems == ()
    file = GOLDEN / f"{kept.name}.{suffix}"
    text = render(plan)
    if os.environ.get("BATON_UPDATE_PLANS"):
        file.write_text(text, encoding="utf-8")
    assert file.read_text(encoding="utf-8") == text


def test_no_golden_file_is_left_over() -> None:
    assert {file.stem for file in GOLDEN.iterdir()} == {kept.name for kept in KEPT}
