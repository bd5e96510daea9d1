"""The emulator's saves: they keep nobody waiting, and have the data as it was when they began."""

import threading
import time
from pathlib import Path

import pytest

from localdev.background_save import BackgroundSave
from localdev.change_tracker import ChangeTracker
from tests.localdev.test_change_tracker import call, respond

pytestmark = pytest.mark.no_database
SLOW = 1.0


def test_a_save_keeps_nobody_waiting_and_has_the_data_of_its_beginning(tmp_path: Path) -> None:
    rows, file, begun = ["before"], tmp_path / "rows", tmp_path / "begun"

    def save() -> None:
        begun.touch()
        time.sleep(SLOW)
        file.write_text(" ".join(rows))

    background = BackgroundSave(save)
    background.start()
    rows.append("after")
    while not begun.exists():
        time.sleep(0.01)
    assert not file.exists(), "`start` has waited for the save"
    assert background.wait()
    assert file.read_text() == "before"


def test_a_second_thread_that_waits_goes_on_only_after_the_save(tmp_path: Path) -> None:
    """The last save of the emulator does, so that an older one does not take its place."""
    file = tmp_path / "rows"

    def save() -> None:
        time.sleep(SLOW)
        file.touch()

    background = BackgroundSave(save)
    background.start()
    first = threading.Thread(target=background.wait)
    first.start()
    time.sleep(SLOW / 5)
    assert not background.wait(), "the first thread was told"
    assert file.exists()
    first.join()


def test_whoever_waits_learns_that_a_save_failed() -> None:
    background = BackgroundSave(lambda: 1 / 0)  # type: ignore[arg-type]
    background.start()
    assert not background.wait()
    assert not background.wait(), "there is none to wait for"


def test_the_mark_goes_only_if_nothing_has_changed_since_the_save_began(tmp_path: Path) -> None:
    mark = tmp_path / "unsaved"
    tracker = ChangeTracker(respond, mark)
    call(tracker, "DynamoDB_20120810.PutItem")
    tracker.begin_save()
    assert mark.exists(), "until the save is done, its changes can be lost"
    call(tracker, "DynamoDB_20120810.PutItem")
    tracker.end_save()
    assert (mark.exists(), tracker.has_unsaved_changes) == (True, True)
    tracker.begin_save()
    tracker.end_save()
    assert (mark.exists(), tracker.has_unsaved_changes) == (False, False)
