"""Generations of a stage's tables: a restore creates the next one, and the stage then runs on it.

The tables of generation 1 are named crm-prod-orders, those of generation 2 crm-prod-2-orders. Releases are stored with the names
of generation 1; what is deployed names the one that the stage runs on. CloudFormation takes over a table only if its name is
written out, and if its logical id is new to the stack. So a parameter alone would not do.
"""

import copy
import re
from collections.abc import Mapping
from typing import Any

from deploy.stack_states import DeployError

PARAMETER, VARIABLE = "Generation", "CRM_GENERATION"
TABLE = "AWS::DynamoDB::Table"
FUNCTION = "AWS::Serverless::Function"
Template = dict[str, Any]


def prefix(stage: str, generation: int) -> str:
    """Return what the names of the stage's tables begin with; chalicelib.settings says the same to the functions."""
    return f"crm-{stage}-" if generation == 1 else f"crm-{stage}-{generation}-"


def current(parameters: Mapping[str, str]) -> int:
    """Return the generation that a stack runs on, by its parameters."""
    return int(parameters.get(PARAMETER, "1"))


def of_name(table: str, stage: str) -> int | None:
    """Return the generation of a table with this name, and None if it is no table of the stage."""
    found = re.fullmatch(rf"crm-{stage}-(?:([1-9][0-9]*)-)?[a-z_]+", table)
    return None if found is None else int(found[1] or 1)


def apply(template: Template, stage: str, generation: int) -> Template:
    """Return the template with the tables of this generation. Raises DeployError if its code cannot use them."""
    if generation == 1:
        return template
    if PARAMETER not in template.get("Parameters", {}):
        raise DeployError(
            f"This release knows the first tables only, and {stage} runs on generation {generation}. Deploy a newer one."
        )
    tables = [name for name, entry in template["Resources"].items() if entry.get("Type") == TABLE]
    written: Template = _Rewriting(stage, generation, tables, template).of(copy.deepcopy(template))
    written["Resources"] = {
        f"{name}{generation}" if name in tables else name: entry for name, entry in written["Resources"].items()
    }
    for entry in written["Resources"].values():
        if entry["Type"] == FUNCTION:
            variables = entry["Properties"].setdefault("Environment", {}).setdefault("Variables", {})
            variables[VARIABLE] = str(generation)
    return written


def rename(text: str, stage: str, generation: int, names: list[str]) -> str:
    """Return the text with the tables of this generation. `names` are their names without the prefix."""
    first = re.escape(prefix(stage, 1))
    return re.sub(rf"{first}({'|'.join(names)})(?![\w-])", rf"{prefix(stage, generation)}\1", text)


class _Rewriting:
    """Replaces the names of tables, and the references to their logical ids."""

    def __init__(self, stage: str, generation: int, tables: list[str], template: Template) -> None:
        self._stage = stage
        self._generation = generation
        self._tables = tables
        first = prefix(stage, 1)
        self._names = [template["Resources"][name]["Properties"]["TableName"].removeprefix(first) for name in tables]

    def of(self, node: Any) -> Any:
        if isinstance(node, dict):
            return {key: self._value(key, value) for key, value in node.items()}
        if isinstance(node, list):
            return [self.of(value) for value in node]
        return rename(node, self._stage, self._generation, self._names) if isinstance(node, str) else node

    def _value(self, key: str, value: Any) -> Any:
        match key:
            case "Ref":
                return self._id(value)
            case "DependsOn":
                return [self._id(name) for name in ([value] if isinstance(value, str) else value)]
            case "Fn::GetAtt" if isinstance(value, list):
                return [self._id(value[0]), *value[1:]]
            case "Fn::Sub" if isinstance(value, str):
                return self.of(re.sub(r"\$\{(\w+)", lambda found: f"${{{self._id(found[1])}", value))
        return self.of(value)

    def _id(self, name: str) -> str:
        return f"{name}{self._generation}" if name in self._tables else name
