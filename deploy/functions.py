"""The functions of a stage, with their names in the stack: the API, one for each job, the dispatcher, and the consumers."""

from deploy.policies import API, CONSUMER, CONSUMERS, DISPATCH, NEEDS

__all__ = ["API", "CONSUMER", "CONSUMERS", "DISPATCH", "FUNCTIONS", "function_name", "log_id", "logical_id"]
FUNCTIONS = tuple(NEEDS)
STAGE = "${Stage}"


def logical_id(function: str) -> str:
    """Return the id that Chalice gives the function in its template."""
    return "APIHandler" if function == API else _camel(function)


def log_id(function: str) -> str:
    return "ApiLog" if function == API else f"{_camel(function)}Log"


def function_name(function: str, stage: str = STAGE) -> str:
    return f"crm-{stage}" if function == API else f"crm-{stage}-{function}"


def _camel(name: str) -> str:
    return "".join(part.capitalize() for part in name.split("_"))
