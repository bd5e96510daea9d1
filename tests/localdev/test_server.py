"""`chalice local`, started and stopped for real, with the small app of servers.py instead of the CRM's app.py."""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.localdev.servers import APP_SOURCE, Place, Server, free_port, get, wait_for

pytestmark = pytest.mark.no_database
START = "    localdev.start()\n"
ALONE = "--no-autoreload"
"""Leaves out the reloader, a process more, where a test is not about it."""


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The cache of a server that has ended, with a row in its data."""
    place = Place(tmp_path_factory.mktemp("saved"))
    try:
        server = place.serve(ALONE)
        server.up()
        get(f"{server.url}/keep/ann", "POST")
        server.end(signal.SIGINT)
        wait_for(lambda: not place.processes() or None, "the save")
    finally:
        place.clear()
    return place.root / "cache"


@pytest.fixture
def place_with_data(place: Place, saved: Path) -> Place:
    shutil.copytree(saved, place.root / "cache")
    assert '"ann"' in place.data_file.read_text()
    return place


@pytest.fixture(scope="module")
def lasting(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """A place whose server several tests use, one after the other: each start takes 2 s of CPU (measured)."""
    place = Place(tmp_path_factory.mktemp("lasting"))
    try:
        yield place
    finally:
        place.clear()


@pytest.fixture
def running(lasting: Place) -> Server:
    """The server that the test before has left, in whatever way that changed it, or else a new one."""
    left = next((server for server in lasting.started if server.process.poll() is None and get(server.url)), None)
    if left is None:
        left = lasting.serve()
        left.up()
    return left


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_no_process_is_left_however_the_reloader_ends(place: Place, number: signal.Signals) -> None:
    server = place.serve()
    worker = server.up()["worker"]
    assert {worker, place.supervisor()} < set(place.processes())
    server.end(number)
    wait_for(lambda: not place.processes() or None, "the end of worker, supervisor and MiniStack")
    assert number == signal.SIGINT or "has ended" not in server.output(), "it does not blame its worker"


def test_server_without_reloader_leaves_no_process_and_keeps_data(place: Place) -> None:
    server = place.serve(ALONE)
    server.up()
    get(f"{server.url}/keep/ann", "POST")
    server.end(signal.SIGTERM)
    # Immediately, while the first MiniStack is still saving.
    again = place.serve(ALONE)
    again.up()
    assert get(f"{again.url}/kept/ann") == {"kept": True}


def test_two_servers_share_an_emulator_that_survives_reloads_and_the_first_server(lasting: Place) -> None:
    """The second one is then `running`."""
    first, second = lasting.serve(), lasting.serve()
    before = first.up()
    assert second.up()["endpoint"] == before["endpoint"]
    notes = [json.loads(note.read_text()) for note in (lasting.state / "servers").iterdir()]
    assert {note["url"] for note in notes} == {first.url, second.url}, "crmctl finds them"
    get(f"{first.url}/keep/ann", "POST")
    (lasting.root / "project" / "chalicelib").mkdir()
    (lasting.root / "project" / "chalicelib" / "edited.py").write_text("")
    wait_for(lambda: (get(second.url) or {"worker": 0})["worker"] not in {0, before["worker"]} or None, "a reload")
    wait_for(lambda: "Reloaded" in first.output() or None, "the short line")
    first.end(signal.SIGTERM)
    assert "has ended" not in first.output(), "neither a reload nor a regular end is a kill"
    assert second.up()["endpoint"] == before["endpoint"]
    assert get(f"{second.url}/kept/ann") == {"kept": True}
    assert second.output().count("CRM on this machine") == 1


def test_git_and_documents_do_not_restart_the_server(lasting: Place, running: Server) -> None:
    project = lasting.root / "project"
    for words in (
        ["init", "-q"],
        ["add", "."],
        ["-c", "user.name=a", "-c", "user.email=a@b", "commit", "-qm", "first"],
    ):
        subprocess.run(["git", *words], cwd=project, check=True)
    worker = running.up()["worker"]
    time.sleep(2.5)  # the reloader looks once a second; git init above may have come before its narrowed look
    worker = running.up()["worker"]
    subprocess.run(["git", "branch", "another"], cwd=project, check=True)
    subprocess.run(["git", "fetch", "-q", "."], cwd=project, check=True)
    (project / "docs").mkdir()
    (project / "docs" / "page.md").write_text("A page.")
    (project / "README.md").write_text("A project.")
    time.sleep(3)
    assert running.up()["worker"] == worker
    app = project / "app.py"
    app.write_text(app.read_text() + "\n")
    wait_for(lambda: (get(running.url) or {"worker": worker})["worker"] != worker or None, "the reload")


def test_other_emulator_is_used_and_its_data_unchanged(lasting: Place, running: Server) -> None:
    get(f"{running.url}/keep/dan", "POST")
    before = running.up()
    server = lasting.serve(ALONE, AWS_ENDPOINT_URL=before["endpoint"], CRM_DEMO_DATA="on")
    assert server.up()["customers"] == before["customers"] > 0
    assert "your AWS_ENDPOINT_URL" in server.output()
    server.end(signal.SIGINT)


def test_killed_supervisor_loses_no_data_and_the_server_recovers(lasting: Place, running: Server) -> None:
    before = running.up()
    get(f"{running.url}/keep/ben", "POST")
    time.sleep(6)  # an emulator that ends sooner ends the server, because it would fail again
    os.kill(lasting.supervisor(), signal.SIGKILL)
    wait_for(lambda: (get(running.url) or before)["worker"] != before["worker"] or None, "the new worker")
    assert get(f"{running.url}/kept/ben") == {"kept": True}


def test_killed_emulator_is_replaced_and_the_server_says_from_when_the_data_is(lasting: Place, running: Server) -> None:
    before, said = wait_for(lambda: get(running.url), "the server"), len(running.output())
    time.sleep(6)  # an emulator that ends sooner ends the server, because it would fail again
    get(f"{running.url}/keep/cid", "POST")
    os.kill(lasting.emulator(), signal.SIGKILL)
    wait_for(lambda: (get(running.url) or before)["worker"] != before["worker"] or None, "the new worker")
    wait_for(lambda: "Reloaded" in running.output()[said:] or None, "the short line")
    assert get(f"{running.url}/kept/cid") == {"kept": False}, "MiniStack saved more often than this test thinks"
    lost = [line for line in running.output()[said:].splitlines() if "later changes are lost" in line]
    assert len(lost) == 1
    assert re.search(r"The data is from \d{4}-\d\d-\d\d \d\d:\d\d:\d\d;", lost[0])
    running.end(signal.SIGTERM)
    again = lasting.serve()
    again.up()
    assert "lost" not in again.output()


def test_killed_worker_ends_the_server_with_a_sentence(lasting: Place, running: Server) -> None:
    os.kill(running.up()["worker"], signal.SIGKILL)
    running.ended()
    sentence = wait_for(lambda: re.search(r"The server has ended, because .+", running.output()), "the sentence")
    assert "make local" in sentence[0]
    wait_for(lambda: not lasting.processes() or None, "the end of supervisor and MiniStack")


def test_interrupted_first_start_is_continued_by_the_next(place: Place) -> None:
    """By default the demo shop has sold for two months only: each of its orders is some calls to the emulator."""
    if not os.environ.get("CRM_FULL_SIZE"):
        place.app_source = APP_SOURCE.replace(
            START, f"    from localdev import demo_rows\n\n    demo_rows.PAST_DAYS = 60\n{START}"
        )
        assert place.app_source != APP_SOURCE
    killed = place.serve(ALONE, CRM_DEMO_DATA="on")
    wait_for(lambda: "Creating demo data" in killed.output() or killed.process.poll(), "the seed")
    os.killpg(killed.process.pid, signal.SIGKILL)
    killed.process.wait()
    server = place.serve(ALONE, CRM_DEMO_DATA="on")
    assert server.up()["customers"] == 40
    server.end(signal.SIGINT)
    again = place.serve(ALONE, CRM_DEMO_DATA="on")
    assert again.up()["customers"] == 40
    assert "Creating demo data" not in again.output()


def test_reset_deletes_the_data(place_with_data: Place) -> None:
    result = place_with_data.run("-m", "localdev", "reset")
    assert result.returncode == 0, result.stderr
    assert place_with_data.serve(ALONE).up()["customers"] == 0


def test_damaged_data_is_not_overwritten(place_with_data: Place) -> None:
    place_with_data.data_file.write_text('{"cut o')
    output = place_with_data.serve().ended()
    assert "is damaged" in output
    assert "make reset" in output
    assert place_with_data.data_file.read_text() == '{"cut o'


def test_taken_port_is_reported_and_ends_the_server(place: Place) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        output = place.serve(port=port).ended()
    assert f"Port {port} on 127.0.0.1 is in use" in output
    assert f"--port {port + 1}" in output


@pytest.mark.parametrize("name", ["AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_DYNAMODB"])
def test_remote_endpoint_is_rejected(place: Place, name: str) -> None:
    place.settings[name] = "https://dynamodb.us-east-1.amazonaws.com"
    output = place.serve(ALONE).ended()
    assert f"{name} names the host 'dynamodb.us-east-1.amazonaws.com'" in output
    assert "CRM_ALLOW_REMOTE_ENDPOINT=1" in output


def test_first_start_without_network_says_what_to_do(place: Place) -> None:
    output = place.serve(ALONE, UV_OFFLINE="1", UV_CACHE_DIR=str(place.root / "empty")).ended()
    assert "network was disabled" in output, "uv's own message"
    assert "the first start needs the network" in output


def test_unreachable_emulator_is_reported(place: Place) -> None:
    output = place.serve(ALONE, AWS_ENDPOINT_URL=f"http://127.0.0.1:{free_port()}").ended()
    assert "Tables and queues could not be created at http://127.0.0.1:" in output


def test_worker_whose_reloader_was_killed_at_start_ends_at_once(place: Place) -> None:
    """Its parent is then a process that adopts orphans, here this test. It must not be taken for the reloader."""
    orphan = place.serve(CHALICE_WORKER="true")
    assert orphan.ended() == ""
    assert place.processes() == []


@pytest.mark.parametrize("pause", [0.1, 0.4, 0.7])
def test_no_process_is_left_when_the_reloader_is_killed_during_a_reload(place: Place, pause: float) -> None:
    """The new worker is then somewhere in its start. It must not take its next parent for the reloader."""
    server = place.serve()
    server.up()
    app = place.root / "project" / "app.py"
    app.write_text(app.read_text() + "\n")
    wait_for(lambda: "Restarting" in server.output() or None, "the reload")
    time.sleep(pause)
    server.end(signal.SIGKILL)
    wait_for(lambda: not place.processes() or None, f"the end of {place.processes()}")
