"""`python -m interp`: the same program as `sgs`."""

from .start import main

if __name__ == "__main__":
    main()
