"""The emulator's mark of unsaved changes."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from localdev.change_tracker import ChangeTracker
from localdev.request_filter import Message

pytestmark = pytest.mark.no_database


async def respond(_scope: Message, _receive: Any, _send: Any) -> None:
    """An application without a response."""


def call(tracker: ChangeTracker, target: str, method: str = "POST") -> None:
    headers = [(b"host", b"127.0.0.1:1"), (b"x-amz-target", target.encode())]
    asyncio.run(tracker({"type": "http", "method": method, "headers": headers}, Any, Any))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("target", "is_change"),
    [
        ("DynamoDB_20120810.PutItem", True),
        ("DynamoDB_20120810.TransactWriteItems", True),
        ("DynamoDB_20120810.BatchWriteItem", True),
        ("DynamoDB_20120810.CreateTable", True),
        ("AmazonSQS.SendMessage", True),
        ("AmazonSQS.DeleteMessage", True),
        ("DynamoDB_20120810.GetItem", False),
        ("DynamoDB_20120810.BatchGetItem", False),
        ("DynamoDB_20120810.TransactGetItems", False),
        ("DynamoDB_20120810.Query", False),
        ("DynamoDB_20120810.Scan", False),
        ("AmazonSQS.ReceiveMessage", False),
        ("AmazonSQS.GetQueueUrl", False),
        ("", True),
    ],
)
def test_changes_are_marked_and_reads_are_not(tmp_path: Path, target: str, *, is_change: bool) -> None:
    mark = tmp_path / "unsaved"
    tracker = ChangeTracker(respond, mark)
    call(tracker, target)
    assert (tracker.has_unsaved_changes, mark.exists()) == (is_change, is_change)


def test_mark_keeps_the_time_of_the_first_unsaved_change_and_a_save_removes_it(tmp_path: Path) -> None:
    mark = tmp_path / "unsaved"
    tracker = ChangeTracker(respond, mark)
    call(tracker, "DynamoDB_20120810.PutItem")
    first = mark.stat().st_mtime_ns
    call(tracker, "DynamoDB_20120810.PutItem")
    assert mark.stat().st_mtime_ns == first
    tracker.mark_saved()
    assert not mark.exists()
    call(tracker, "DynamoDB_20120810.PutItem")
    assert mark.exists()


def test_change_applied_after_a_save_that_came_between_is_marked(tmp_path: Path) -> None:
    async def save(_scope: Message, _receive: Any, _send: Any) -> None:
        tracker.mark_saved()

    tracker = ChangeTracker(save, tmp_path / "unsaved")
    call(tracker, "DynamoDB_20120810.PutItem")
    assert tracker.has_unsaved_changes
