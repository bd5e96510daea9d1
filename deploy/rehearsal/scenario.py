"""What is rehearsed: a stage is deployed, used, updated, rolled back, deleted, brought back with its data, and wiped."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import boto3

from chalicelib.jobs import catalog
from deploy import __main__ as cli
from deploy import package, table_data
from deploy.package import Package
from deploy.rehearsal import changed_releases
from deploy.rehearsal.stage import Inbox, RehearsalError, Stage, quiet_moment
from deploy.releases import OUTPUT
from deploy.stack import Stack

STAGE = "prod"
"""The one whose name is not the default, and whose tables are protected."""
EMAIL = "ops@example.com"
ORDER = "mutation ($c: ID!, $p: ID!) { createOrder(input: {customerId: $c, lines: [{productId: $p, quantity: 2}]}) { order { id } } }"
SUPPRESSED = '{ customer(email: "ann@example.com") { emailSuppression { reason } } }'
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

    def play(self) -> None:
        built = package.build(STAGE, self._directory / "package")
        heard = self._deploy(built, "--email", EMAIL)
        expect(any(EMAIL in line for line in heard), "nobody was told where alarms go")
        expect(_is_protected(), "the tables of prod are not protected")
        stage = self._connect(_url(heard), _key(heard))
        first = self._release()
        expect(_stages(stage.url) == ["api"], f"the API has the stages {_stages(stage.url)}")
        for chapter in (self._calls, self._schedules, self._alerts, self._dead_letters, self._bounce, self._beside):
            chapter(stage)
        self._update_and_roll_back(stage, built, first)
        self._restore(stage)
        self._delete_and_recreate(stage, built)

    def _deploy(self, built: Package, *options: str, status: int = 0) -> list[str]:
        return self._command("up", "--package", str(built.template.parent), "--yes", *options, status=status)

    def _command(self, *arguments: str, status: int = 0, stage: str = STAGE) -> list[str]:
        """Run a command of the deployer. Return what it printed."""
        heard: list[str] = []
        found = cli.main([*arguments, "--stage", stage, "--poll", "0.2"], heard.append)
        if found != status:
            raise RehearsalError("\n".join([f"python -m deploy {' '.join(arguments)} ended with {found}", *heard]))
        return heard

    def _release(self) -> str:
        return Stack(f"crm-{STAGE}", self._say).outputs()[OUTPUT]

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
        self._say("The API takes orders, and recognises a repeated one")

    def _schedules(self, stage: Stage) -> None:
        stage.send("poison")  # it takes a while to become a dead letter
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
        """A problem begins, and is over, after so many runs in a row."""
        inbox, lines = Inbox(STAGE), list[str]()
        with self._cut():
            for _ in range(catalog.HEARTBEAT.alarm_after):
                lines = stage.fires(catalog.HEARTBEAT)
        expect("is down" in "".join(lines), f"the heartbeat noticed nothing: {lines}")
        stage.wait(lambda: inbox.has("DOWN: heartbeat"), "the message that the API is down")
        for _ in range(catalog.HEARTBEAT.alarm_after):
            stage.fires(catalog.HEARTBEAT)
        stage.wait(lambda: inbox.has("RECOVERED: heartbeat"), "the message that the API is back")
        self._say("Subscribers of the topic were told that the API was down, and that it is back")

    def _bounce(self, stage: Stage) -> None:
        """What SES reports goes through the topic, the queue and the consumer."""
        stage.publish_bounce("ann@example.com")
        found = stage.wait(lambda: stage.ask(SUPPRESSED)["customer"]["emailSuppression"], "the suppressed address")
        expect(found == {"reason": "BOUNCE"}, f"the address is suppressed as {found}")
        self._say("An address that bounced is suppressed")

    def _beside(self, _stage: Stage) -> None:
        """Another stage in the same account, of resources.yaml alone."""
        other = Stack("crm-dev-resources", self._say)
        heard = self._command("resources", stage="dev")
        expect(len(table_data.existing("dev")) == len(table_data.table_names("dev")), "dev has not all of its tables")
        expect(_key(heard), "dev has no key")
        other.delete()
        table_data.delete("dev")
        self._say("The resources of dev stood beside it, and are gone")

    def _dead_letters(self, stage: Stage) -> None:
        found = stage.wait(lambda: stage.ask("{ deadLetters { body reason } }")["deadLetters"], "the dead letter", 240)
        expect(found[0]["body"] == "poison", f"the dead letters are {found}")
        self._say(f"The poisoned message is a dead letter: {found[0]['reason']}")

    def _update_and_roll_back(self, stage: Stage, built: Package, first: str) -> None:
        before = stage.ask(STATS)
        heard = self._deploy(built)
        expect("There was nothing to change" in heard, f"the same package was a change: {heard}")
        expect(any(EMAIL in line for line in heard), "the second deployment has removed the alarm mail's address")
        self._say("The same package again: nothing changed, and the address for alarms stays")
        self._deploy(changed_releases.with_new_module(built, self._directory / "second"))
        second = self._release()
        expect(second != first, "the changed package is no new release")
        heard = self._deploy(changed_releases.broken(built, self._directory / "broken"), status=1)
        expect(self._release() == second, "a release that failed is said to run")
        self._say("A broken release failed, and the one before runs on")
        heard = self._deploy(changed_releases.with_new_table_and_indexes(built, self._directory / "third"))
        third, new = self._release(), set(changed_releases.INDEXES)
        expect(changed_releases.TABLE in _all_tables(), "the new table is missing")
        expect(any(line.startswith("Update 2 of 3") for line in heard), "two new indexes were one update")
        expect(new <= _indexes_of_orders(), f"the indexes of orders are {_indexes_of_orders()}")
        self._command("rollback")
        expect(not new & _indexes_of_orders(), "a rollback has left the new indexes")
        expect(
            self._release() == second, f"rolled back to {self._release()}, not to the last one that came up, {second}"
        )
        expect(changed_releases.TABLE in _all_tables(), "a rollback has deleted a table")
        self._command("rollback", "--release", third)
        expect(self._release() == third, "the way forward again is blocked")
        expect(new <= _indexes_of_orders(), "the new indexes have not come again")
        expect(stage.ask(STATS) == before, "the data is not what it was")
        expect(any("failed" in line for line in self._command("releases")), "the list does not show the failed release")
        self._say(
            "A release with a new table and two new indexes, rolled back to the last good one, and forward again, with the data as it was"
        )

    def _restore(self, stage: Stage) -> None:
        """To an instant before an accident, and a release before the restore runs on the restored tables, too."""
        first, second = (set(table_data.table_names(STAGE, number)) for number in (1, 2))
        before, moment = stage.ask(STATS), quiet_moment()
        stage.ask('mutation { createCustomer(input: {name: "Bob", email: "bob@example.com"}) { customer { id } } }')
        after = stage.ask(STATS)
        self._command("restore", "--at", "2020-01-01T00:00:00Z", "--yes", status=1)
        self._command("restore", "--at", moment, status=1)  # nobody confirms it
        expect(not second & set(_all_tables()), "a restore that was refused has begun")
        heard = self._command("restore", "--at", moment, "--yes")
        expect(stage.ask(STATS) == before, f"{stage.ask(STATS)} was restored, not {before}: {heard}")
        expect(first | second <= set(_all_tables()), f"after a restore there are {_all_tables()}")
        expect(not _without_settings(second), f"not as they should be: {_without_settings(second)}")
        self._command("rollback")
        expect(stage.ask(STATS) == before, "a rollback went back to the old tables")
        expect(stage.fires(catalog.HEARTBEAT), "no heartbeat after a restore")
        self._command("restore", "--at", moment, "--yes")
        expect(table_data.existing_generations(STAGE) == [1, 2], "the same restore again is another one")
        self._say("Restored to the instant before a change, on tables of a second generation, with their settings")
        self._command("delete-generation", "--to-generation", "2", "--confirm", f"crm-{STAGE}-2", status=1)
        self._command("switch", "--to-generation", "1", "--yes")
        expect(stage.ask(STATS) == after, "the old tables are not as they were left")
        self._command("delete-generation", "--to-generation", "2", "--confirm", f"crm-{STAGE}-2")
        expect(not second & set(_all_tables()), "the restored tables are still there")
        self._say("Switched back to the tables from before, and the others are gone")

    def _delete_and_recreate(self, stage: Stage, built: Package) -> None:
        before = stage.ask(STATS)
        self._command("down")
        expect(len(table_data.existing(STAGE)) == len(table_data.table_names(STAGE)), "the tables went with the stack")
        heard = self._deploy(built)
        expect(not _key(heard), "a stage that has keys was given another one")
        stage.url = _url(heard)
        expect(stage.ask(STATS) == before, "the data is not what it was")
        self._say("The stack was deleted and created again around its tables")
        self._command("delete-data", status=1)
        self._command("delete-data", "--confirm", f"crm-{STAGE}", status=1)
        self._command("down")
        self._command("delete-data", "--confirm", f"crm-{STAGE}")
        expect(not table_data.existing(STAGE), "the tables are still there")
        self._say("Stack and tables are gone")


def _url(heard: list[str]) -> str:
    return next(line.split()[-1] for line in heard if line.startswith("GraphQL: "))


def _key(heard: list[str]) -> str:
    return next((line.split()[-1] for line in heard if line.startswith("Key of")), "")


def _all_tables() -> list[str]:
    names: list[str] = boto3.client("dynamodb").list_tables()["TableNames"]
    return names


def _indexes_of_orders() -> set[str]:
    found = boto3.client("dynamodb").describe_table(TableName=f"crm-{STAGE}-orders")["Table"]
    return {index["IndexName"] for index in found.get("GlobalSecondaryIndexes", ())}


def _stages(url: str) -> list[str]:
    """The stages of the API, through each of which it answers."""
    api = url.split("/")[2].split(".", maxsplit=1)[0]
    found = boto3.client("apigateway").get_stages(restApiId=api)
    return [entry["stageName"] for entry in found["item"]]


def _without_settings(names: set[str]) -> list[str]:
    """Those of the tables that lack protection, point-in-time recovery, or the expiry of rows where they should have it."""
    dynamodb = boto3.client("dynamodb")
    found = []
    for name in sorted(names):
        recovery = dynamodb.describe_continuous_backups(TableName=name)["ContinuousBackupsDescription"]
        expiry = dynamodb.describe_time_to_live(TableName=name)["TimeToLiveDescription"]
        settings = (
            dynamodb.describe_table(TableName=name)["Table"]["DeletionProtectionEnabled"],
            recovery["PointInTimeRecoveryDescription"]["PointInTimeRecoveryStatus"] == "ENABLED",
            (expiry["TimeToLiveStatus"] == "ENABLED") == name.endswith(("-ops", "-runs")),
        )
        if not all(settings):
            found.append(name)
    return found


def _is_protected() -> bool:
    dynamodb = boto3.client("dynamodb")
    tables = [dynamodb.describe_table(TableName=name)["Table"] for name in table_data.existing(STAGE)]
    return all(table.get("DeletionProtectionEnabled") for table in tables)
