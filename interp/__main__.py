"""`python -m interp`: the same program as `sgs`."""

from .cli import main

if __name__ == "__main__":
    raise SystemExit(main())
