"""`make rehearse`: the packaged stack on an emulator of AWS, from the first deployment to the last deletion."""

import os
import sys
import tempfile
import time
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


def main() -> int:
    started_at = time.monotonic()

    def say(text: str) -> None:
        print(f"{time.monotonic() - started_at:6.1f} s  {text}", flush=True)

    for name in [name for name in os.environ if name.startswith(("AWS_", "CRM_"))]:
        del os.environ[name]
    os.environ.update(SETTINGS)
    with tempfile.TemporaryDirectory(prefix="crm-rehearsal-") as scratch:
        directory = Path(scratch)
        with fake_internet.running(directory) as network, emulator.running(directory, network.environment) as endpoint:
            network.endpoint = os.environ["AWS_ENDPOINT_URL"] = endpoint
            say(f"MiniStack answers at {endpoint}")
            from deploy.rehearsal.scenario import STAGE, Scenario
            from deploy.rehearsal.stage import Stage  # boto3 and chalicelib read the environment

            try:
                Scenario(
                    directory,
                    lambda url, key: Stage(STAGE, url, key, network.environment, directory / "ahead"),
                    network.cut,
                    say,
                ).play()
            except Exception as error:  # noqa: BLE001 - whatever it is, the stage did not do what it should
                say(f"FAILED: {type(error).__name__}: {error}")
                print((directory / "ministack.log").read_text(errors="replace")[-6000:], file=sys.stderr)
                return 1
    say("All of it works")
    return 0


if __name__ == "__main__":
    sys.exit(main())
