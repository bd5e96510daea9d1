"""Permissions for whoever deploys, in IAM's words: a grant allows actions on resources, under a condition if there is one."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

PARTITION = "arn:*:"
"""Partitions, accounts and regions are stars in ARNs, so that one file is right everywhere."""
Condition = Mapping[str, Mapping[str, str]]


@dataclass(frozen=True, slots=True)
class Grant:
    """`actions` are of one service, without its prefix."""

    service: str
    actions: tuple[str, ...]
    resources: tuple[str, ...]
    condition: Condition = field(default_factory=dict)

    @property
    def full_actions(self) -> list[str]:
        return sorted(f"{self.service}:{action}" for action in self.actions)


def allow(service: str, actions: str, *resources: str, condition: Condition | None = None) -> Grant:
    """Return a grant of actions that are separated by spaces."""
    return Grant(service, tuple(actions.split()), resources, condition or {})


def document(statements: Mapping[str, Iterable[Grant]]) -> dict[str, Any]:
    """Return a policy whose statements are named by the keys, which have letters and digits only."""
    found = []
    for name, grants in statements.items():
        for number, grant in enumerate(grants):
            statement: dict[str, Any] = {
                "Sid": f"{name}{number or ''}",
                "Effect": "Allow",
                "Action": grant.full_actions,
                "Resource": list(grant.resources),
            }
            if grant.condition:
                statement["Condition"] = {test: dict(keys) for test, keys in grant.condition.items()}
            found.append(statement)
    return {"Version": "2012-10-17", "Statement": found}
