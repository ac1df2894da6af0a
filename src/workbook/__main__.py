"""`python -m workbook`: the same as the command `workbook`."""

import sys

from workbook.commands.cli import main

if __name__ == "__main__":
    sys.exit(main())
