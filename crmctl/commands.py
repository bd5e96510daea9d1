"""What all commands share: the options for URL and key, error messages, and exit statuses."""

import functools
from collections.abc import Callable
from typing import Any, Concatenate, ParamSpec, TypeVar

import click

from crmctl import completion, connection
from crmctl.client import ApiError, ApiRefused, Client
from crmctl.connection import Given
from crmctl.logins import LoginError
from crmctl.paging import ListResult
from crmctl.terminal import print_text, wrap_error

EXIT_INTERRUPTED = 130
Options = ParamSpec("Options")
Command = TypeVar("Command", bound=Callable[..., Any])


class CommandError(click.ClickException):
    """The command failed because of wrong usage, files or connection. Exit status 2."""

    exit_code = 2

    def format_message(self) -> str:
        return wrap_error(self.message)


def address_options(command: Command) -> Command:
    """Add --stage, --url and --key."""
    for option in (
        click.option(
            "--key",
            help="API key. Prefer `crmctl login` or the environment: other users of this machine can see command lines.  "
            "[env var: CRM_KEY]",
        ),
        click.option(
            "--url",
            help="GraphQL endpoint.  [env var: CRM_URL; default: the `make local` of this machine, or port 8000]",
        ),
        click.option(
            "--stage",
            metavar="NAME",
            shell_complete=completion.complete_stage,
            help="A stage that you are logged in to: see `crmctl login`.",
        ),
    ):
        command = option(command)
    return command


def api_options(command: Callable[..., None]) -> Callable[..., None]:
    """Add --stage, --url and --key, which count before and after the command. The command gets `url` and `key`."""

    @functools.wraps(command)
    def connected(*arguments: Any, stage: str | None, url: str | None, key: str | None, **options: Any) -> None:
        try:
            endpoint = connection.resolve(Given(stage, url, key))
        except LoginError as error:
            raise CommandError(str(error)) from None
        connection.announce(endpoint)
        command(*arguments, url=endpoint.url, key=endpoint.key, **options)

    return address_options(connected)


def with_client(command: Callable[Concatenate[Client, Options], None]) -> Callable[..., None]:
    """Pass a Client to the command, and print an error of the API in the API's own words."""

    @functools.wraps(command)
    def connected(url: str, key: str | None, *arguments: Options.args, **options: Options.kwargs) -> None:
        try:
            command(Client(url, key, notify=print_message), *arguments, **options)
        except ApiRefused as error:
            raise CommandError(error.reason) from None
        except ApiError as error:
            raise CommandError(str(error)) from None
        except KeyboardInterrupt:
            raise click.exceptions.Exit(EXIT_INTERRUPTED) from None

    return api_options(connected)


def json_option(command: Command) -> Command:
    return click.option("--json", "as_json", is_flag=True, help="Print JSON with the API's field names.")(command)


def limit_option(default: int) -> Callable[[Command], Command]:
    return click.option(
        "--limit",
        metavar="N",
        type=click.IntRange(1),
        default=default,
        show_default=True,
        help="Maximum number of rows.",
    )


def print_message(message: str) -> None:
    """Print to stderr. Results go to stdout."""
    print_text(message, err=True)


def print_if_more(listed: ListResult) -> None:
    if listed.has_more:
        print_message("There are more rows. Use --limit to show them.")
