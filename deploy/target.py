"""The account and the region that a deployment goes to, and whether whoever deploys means them."""

import os
from collections.abc import Callable
from dataclasses import dataclass

import boto3

Ask = Callable[[str], str]


@dataclass(frozen=True, slots=True)
class Target:
    account: str
    region: str


class NotConfirmedError(Exception):
    """Nothing was changed, because nobody confirmed the account and the region"""


def use_region(region: str | None = None) -> None:
    """Use `region`, or AWS_REGION. boto3 itself reads only AWS_DEFAULT_REGION and the profile."""
    wanted = region or os.environ.get("AWS_REGION")
    if wanted:
        os.environ["AWS_DEFAULT_REGION"] = wanted


def find() -> Target:
    """Return the account and the region of the caller's AWS settings. Raises ClientError, BotoCoreError."""
    client = boto3.client("sts")
    return Target(client.get_caller_identity()["Account"], client.meta.region_name)


def confirm(stack: str, target: Target, ask: Ask | None) -> None:
    """Ask before a stage is created; `ask` is None without a terminal. Raises NotConfirmedError."""
    place = f"{stack} in account {target.account}, region {target.region}"
    if ask is None:
        raise NotConfirmedError(f"This would create {place}. Add --yes to confirm.")
    if ask(f"Create {place}? Type yes: ").strip().lower() != "yes":
        raise NotConfirmedError("Nothing was created.")


def ask_for_yes(question: str, ask: Ask | None) -> None:
    """Ask before something that is hard to undo; `ask` is None without a terminal. Raises NotConfirmedError."""
    if ask is None:
        raise NotConfirmedError("Nothing was changed. Add --yes to confirm.")
    if ask(f"{question} Type yes: ").strip().lower() != "yes":
        raise NotConfirmedError("Nothing was changed.")
