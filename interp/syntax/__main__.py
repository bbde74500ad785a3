"""Show the tree of a script: `python -m interp.syntax FILE`, one statement a line."""

from __future__ import annotations

import sys

from .messages import SyntaxMessages
from .parser import analyse

with open(sys.argv[1], "rb") as file:
    source = file.read()
try:
    for statement in analyse(source).body:
        print(statement)
except SyntaxMessages as messages:
    sys.exit(str(messages))
