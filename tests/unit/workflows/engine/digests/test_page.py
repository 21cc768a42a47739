"""Items are told once, in the order in which they matter."""

from __future__ import annotations

from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from workflows.engine.digests.page import MOST, Item, ItemKind, arranged
from workflows.engine.testing.clock import START

ITEMS = st.builds(
    Item, st.sampled_from(ItemKind), st.sampled_from(["a", "b"]), st.sampled_from(["", "r1", "r2", "r3"]),
    st.sampled_from([None, START, START + timedelta(hours=1)]), size=st.sampled_from([0.0, 1.0, 2.0]),
)  # fmt: skip


def test_what_waits_for_the_reader_comes_first_and_the_largest_of_a_kind() -> None:
    items = [
        Item(ItemKind.DONE, "done", "r1"),
        Item(ItemKind.FAILED, "older", "r2", START),
        Item(ItemKind.FAILED, "newer", "r3", START + timedelta(hours=1)),
        Item(ItemKind.SLOW, "slow", "r1", size=2.0),
        Item(ItemKind.SLOW, "slower", "r4", size=3.0),
        Item(ItemKind.WAITING, "theirs", "r5"),
        Item(ItemKind.YOURS, "yours", "r6"),
    ]
    told = [item.text for group in arranged(items) for item in group.items]
    assert told == ["yours", "newer", "older", "theirs", "slower", "slow", "done"]


def test_of_one_run_each_kind_is_told_once_but_each_of_its_approvals() -> None:
    items = [Item(ItemKind.FAILED, "it failed", "r1", START), Item(ItemKind.FAILED, "it failed, later", "r1")]
    [group] = arranged(items)
    assert [item.text for item in group.items] == ["it failed"]
    asked = [Item(ItemKind.YOURS, "one", "r1", approval="a1"), Item(ItemKind.YOURS, "two", "r1", approval="a2")]
    assert len(arranged(asked)[0].items) == 2


@settings(deadline=None, derandomize=True)
@given(st.lists(ITEMS, max_size=40))
def test_nothing_is_told_twice_and_nothing_is_lost(items: list[Item]) -> None:
    groups = arranged(items)
    assert [group.kind for group in groups] == [kind for kind in ItemKind if any(one.kind is kind for one in items)]
    for group in groups:
        keys = {(one.run_id,) if one.run_id else (one,) for one in items if one.kind is group.kind}
        assert len(group.items) + group.more == len(keys)
        assert len(group.items) <= MOST
        assert all(one.kind is group.kind for one in group.items)
    assert groups == arranged(reversed(items))
