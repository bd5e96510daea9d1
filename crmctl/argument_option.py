"""The form of job arguments on the command line: NAME=VALUE."""

import click


class Argument(click.ParamType[dict[str, str]]):
    """NAME=VALUE, as the API takes it. The API checks both."""

    name = "argument"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> dict[str, str]:
        name, separator, text = value.partition("=")
        if not separator or not name:
            self.fail(f"{value!r} is not NAME=VALUE, such as threshold=50", param, ctx)
        return {"name": name.strip(), "value": text.strip()}
