"""`python -m contrapposto.cli`."""

from contrapposto.cli import main

main()
