"""What is rehearsed: a stage is deployed, used, updated, rolled back, deleted, brought back with its data, and wiped."""

import shutil
import zipfile
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

from chalicelib.jobs import catalog
from deploy import __main__ as cli
from deploy import package, table_data
from deploy.package import Package
from deploy.rehearsal.stage import Inbox, RehearsalError, Stage
from deploy.releases import Releases
from deploy.stack import Stack

STAGE = "prod"
"""The one whose name is not the default, and whose tables are protected."""
ORDER = "mutation ($c: ID!, $p: ID!) { createOrder(input: {customerId: $c, lines: [{productId: $p, quantity: 2}]}) { order { id } } }"
STATS = "{ crmStats { customers orders revenue } }"

STOCK = 6

Say = Callable[[str], None]


def expect(holds: object, what: str) -> None:
    if not holds:
        raise RehearsalError(what)


class Scenario:
    """`connect` makes a stage of its address and key; `cut` cuts its functions off from the API, and joins them again."""

    def __init__(
        self,
        directory: Path,
        connect: Callable[[str, str], Stage],
        cut: Callable[[], AbstractContextManager[None]],
        say: Say,
    ) -> None:
        self._directory = directory
        self._connect = connect
        self._cut = cut
        self._say = say
        self._releases = Releases(STAGE)

    def play(self) -> None:
        built = package.build(STAGE, self._directory / "package")
        first = self._publish(built)
        stage = self._connect(*self._bring_up(first))
        for chapter in (self._calls, self._schedules, self._alerts, self._dead_letters, self._beside):
            chapter(stage)
        before = stage.ask(STATS)
        second = self._publish(self._changed(built))
        for release in (second, first):
            self._bring_up(release)
            expect(self._running() == [release], f"{release} does not run")
            expect(stage.ask(STATS) == before, "the data is not what it was")
            self._say(f"Release {release} runs, with the data as it was")
        self._delete_and_recreate(stage, first)

    def _publish(self, built: Package) -> str:
        self._releases.ensure_bucket()
        return self._releases.publish(built)

    def _bring_up(self, release: str) -> tuple[str, str]:
        """(address, key if there is a first one)"""
        heard: list[str] = []
        self._command("rollback", "--release", release, heard=heard)
        url = next(line.split()[-1] for line in heard if line.startswith("GraphQL: "))
        key = next((line.split()[-1] for line in heard if line.startswith("Key of")), "")
        return url, key

    def _running(self) -> list[str]:
        """The releases that `make releases` marks as running."""
        heard: list[str] = []
        expect(cli.main(["releases", "--stage", STAGE], heard.append) == 0, "the releases cannot be listed")
        return [line.split()[0] for line in heard if line.endswith("<- runs")]

    @staticmethod
    def _command(*arguments: str, heard: list[str] | None = None, status: int = 0, stage: str = STAGE) -> None:
        found = cli.main([*arguments, "--stage", stage, "--poll", "0.2"], (heard if heard is not None else []).append)
        if found != status:
            raise RehearsalError(
                "\n".join([f"python -m deploy {' '.join(arguments)} ended with {found}", *(heard or [])])
            )

    def _calls(self, stage: Stage) -> None:
        refused = stage.answer(STATS, Authorization="Bearer crm_000000000000_wrong")
        expect("UNAUTHENTICATED" in str(refused), f"a wrong key gets {refused}")
        expect(
            stage.ask("{ health { database queue } }") == {"health": {"database": "UP", "queue": "UP"}}, "not healthy"
        )
        customer = stage.ask(
            'mutation { createCustomer(input: {name: "Ann", email: "ann@example.com"}) { customer { id } } }'
        )
        product = stage.ask(
            'mutation { createProduct(input: {name: "Lamp", price: "12.50", stock: 6}) { product { id } } }'
        )
        ids = {"c": customer["createCustomer"]["customer"]["id"], "p": product["createProduct"]["product"]["id"]}
        answers = [stage.answer(ORDER, ids, **{"Idempotency-Key": "one"}) for _ in range(2)]
        expect(answers[0] == answers[1] and "errors" not in answers[0], f"a repeated order is another: {answers}")
        stock = stage.ask("query ($p: ID!) { product(id: $p) { stock } }", p=ids["p"])["product"]["stock"]
        expect(stock == STOCK - 2, f"{STOCK} - 2 pieces are {stock}")
        self._say("The API takes orders, and knows a repeated one")

    def _schedules(self, stage: Stage) -> None:
        stage.send("poison")  # it needs its time, which others can use
        for job in sorted(catalog.JOBS.values(), key=lambda job: job.schedule.after(stage.now())):
            lines = stage.fires(job)
            expect(lines or job.name == catalog.CUSTOMER_CLEANUP.name, f"{job.name} left no line")
            expect("is down" not in "".join(lines), f"the heartbeat got no answer: {lines}")
            self._say(f"{job.name}: {lines[0] if lines else 'nothing to do'}")
        reports = stage.ask("{ reports { edges { node { period } } } }")["reports"]["edges"]
        expect(len(reports) == 1, f"the weekly report was not made by the queue's consumer: {reports}")
        stage.ask('mutation { remakeReport(period: "2026-W01") { run { slot } } }')
        stage.wait(
            lambda: stage.ask('{ report(period: "2026-W01") { period } }')["report"], "a report that was asked for"
        )

    def _alerts(self, stage: Stage) -> None:
        inbox = Inbox(STAGE)
        with self._cut():
            lines = stage.fires(catalog.HEARTBEAT)
        expect("is down" in "".join(lines), f"the heartbeat noticed nothing: {lines}")
        stage.wait(lambda: inbox.has("DOWN: heartbeat"), "the message that the API is down")
        stage.fires(catalog.HEARTBEAT)
        stage.wait(lambda: inbox.has("RECOVERED: heartbeat"), "the message that the API is back")
        self._say("Who reads the topic was told that the API was down, and that it is back")

    def _beside(self, _stage: Stage) -> None:
        """Another stage in the same account, of resources.yaml alone."""
        other = Stack("crm-dev-resources", self._say)
        heard: list[str] = []
        self._command("resources", heard=heard, stage="dev")
        expect(len(table_data.existing("dev")) == len(table_data.table_names("dev")), "dev has not all of its tables")
        expect(any(line.startswith("Key of the first operator") for line in heard), "dev has no key")
        other.delete()
        table_data.delete("dev")
        self._say("The resources of dev stood beside it, and are gone")

    def _dead_letters(self, stage: Stage) -> None:
        found = stage.wait(lambda: stage.ask("{ deadLetters { body reason } }")["deadLetters"], "the dead letter", 240)
        expect(found[0]["body"] == "poison", f"the dead letters are {found}")
        self._say(f"The poisoned message is a dead letter: {found[0]['reason']}")

    def _changed(self, built: Package) -> Package:
        """The next release: the same with a line more in app.py."""
        code = self._directory / "changed.zip"
        shutil.copy(built.code, code)
        with zipfile.ZipFile(code, "a") as archive:
            archive.writestr("chalicelib/next_release.py", '"""A module more."""\n')
        return Package(built.template, code)

    def _delete_and_recreate(self, stage: Stage, release: str) -> None:
        before = stage.ask(STATS)
        self._command("down")
        expect(len(table_data.existing(STAGE)) == len(table_data.table_names(STAGE)), "the tables went with the stack")
        url, key = self._bring_up(release)
        expect(not key, "a stage that has keys was given another one")
        stage.url = url
        expect(stage.ask(STATS) == before, "the data is not what it was")
        self._say("The stack was deleted and made again around its tables")
        self._command("delete-data", status=1)
        self._command("delete-data", "--confirm", f"crm-{STAGE}", status=1)
        self._command("down")
        self._command("delete-data", "--confirm", f"crm-{STAGE}")
        expect(not table_data.existing(STAGE), "the tables are still there")
        self._say("Stack and tables are gone")
