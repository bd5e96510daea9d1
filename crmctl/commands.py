"""What do all commands have in common? Where the API is, what they can be told, and how they end."""

import functools
from collections.abc import Callable
from typing import Any, Concatenate, ParamSpec, TypeVar

import click

from crmctl.client import ApiError, ApiRefused, Client
from crmctl.paging import Listed
from crmctl.text import plain

DEFAULT_URL = "http://127.0.0.1:8000/graphql"
INTERRUPTED = 130
Options = ParamSpec("Options")
Command = TypeVar("Command", bound=Callable[..., Any])


class Failure(click.ClickException):
    """Wrong usage, files, or connection: nothing that another row could change"""

    exit_code = 2

    def format_message(self) -> str:
        return "\n".join(plain(line) for line in self.message.split("\n"))


def api_options(command: Command) -> Command:
    """What every command that talks to the API needs to know."""
    command = click.option(
        "--key",
        envvar="CRM_KEY",
        show_envvar=True,
        help="API key. Better in the environment: other users of this machine can see a command's options.",
    )(command)
    return click.option(
        "--url", envvar="CRM_URL", default=DEFAULT_URL, show_default=True, show_envvar=True, help="GraphQL endpoint."
    )(command)


def with_client(command: Callable[Concatenate[Client, Options], None]) -> Callable[..., None]:
    """The command gets a client. What the API refuses is shown in its own words."""

    @functools.wraps(command)
    def connected(url: str, key: str | None, *arguments: Options.args, **options: Options.kwargs) -> None:
        try:
            command(Client(url, key, notify=say), *arguments, **options)
        except ApiRefused as problem:
            raise Failure(problem.said) from None
        except ApiError as problem:
            raise Failure(str(problem)) from None
        except KeyboardInterrupt:
            raise click.exceptions.Exit(INTERRUPTED) from None

    return api_options(connected)


def json_option(command: Command) -> Command:
    return click.option("--json", "as_json", is_flag=True, help="JSON for scripts, with the API's names.")(command)


def limit_option(default: int) -> Callable[[Command], Command]:
    return click.option(
        "--limit", metavar="N", type=click.IntRange(1), default=default, show_default=True, help="Rows to show at most."
    )


def say(message: str) -> None:
    """To whoever is watching; the output proper is on stdout."""
    click.echo(plain(message), err=True)


def say_if_more(listed: Listed) -> None:
    if listed.more:
        say(f"There are more than these {len(listed.rows)}: raise --limit.")
