"""`make rehearse`: the packaged stack on an emulator of AWS. `make rehearse-chalice`: the other way to deploy."""

import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from deploy.rehearsal import emulator, fake_internet

SETTINGS = {
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_SECRET_ACCESS_KEY": "test",
    "AWS_DEFAULT_REGION": fake_internet.REGION,
    "AWS_EC2_METADATA_DISABLED": "true",
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    "AWS_ACCOUNT_ID_ENDPOINT_MODE": "disabled",
    "NO_PROXY": "127.0.0.1,localhost",
}

CHALICE_SERVICES = ("apigateway", "events", "iam", "lambda")
"""What Chalice calls itself, where the packaged stack has CloudFormation call it."""


def main(arguments: list[str]) -> int:
    started_at = time.monotonic()

    def say(text: str) -> None:
        print(f"{time.monotonic() - started_at:6.1f} s  {text}", flush=True)

    for name in [name for name in os.environ if name.startswith(("AWS_", "CRM_"))]:
        del os.environ[name]
    os.environ.update(SETTINGS)
    with_chalice = arguments == ["chalice"]
    services = CHALICE_SERVICES if with_chalice else ()
    with tempfile.TemporaryDirectory(prefix="crm-rehearsal-") as scratch:
        directory = Path(scratch)
        with (
            fake_internet.running(directory) as network,
            emulator.running(directory, network.environment, services) as endpoint,
        ):
            network.endpoint = os.environ["AWS_ENDPOINT_URL"] = endpoint
            say(f"MiniStack answers at {endpoint}")
            try:
                _play(directory, network, say, with_chalice=with_chalice)
            except Exception as error:  # noqa: BLE001 - whatever it is, the stage did not do what it should
                say(f"FAILED: {type(error).__name__}: {error}")
                print((directory / "ministack.log").read_text(errors="replace")[-6000:], file=sys.stderr)
                return 1
    say("All of it works")
    return 0


def _play(
    directory: Path, network: fake_internet.FakeInternet, say: Callable[[str], None], *, with_chalice: bool
) -> None:
    from deploy.rehearsal import chalice_scenario, scenario  # boto3 and chalicelib read the environment
    from deploy.rehearsal.stage import Stage

    name = chalice_scenario.STAGE if with_chalice else scenario.STAGE

    def connect(url: str, key: str) -> Stage:
        return Stage(name, url, key, network.environment, directory / "ahead")

    if with_chalice:
        chalice_scenario.ChaliceScenario(directory, connect, say).play()
    else:
        scenario.Scenario(directory, connect, network.cut, say).play()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
