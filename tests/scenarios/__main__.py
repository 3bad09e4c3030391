"""`python -m tests.scenarios FILE` runs a file of traces; its last line is the sum."""

from __future__ import annotations

import sys

from tests.scenarios.runner import main

sys.exit(main(sys.argv[1:]))
