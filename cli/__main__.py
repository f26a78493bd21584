"""`python -m cli`: the same as `jitsudo`."""

from cli.main import main

main()
