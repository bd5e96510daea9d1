"""How is `python -m crmctl` started?"""

from crmctl.cli import main

main(prog_name="crmctl")
