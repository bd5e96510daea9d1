"""Entry point of `python -m crmctl`."""

from crmctl.cli import main

main(prog_name="crmctl")
