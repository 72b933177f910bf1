"""`python -m flows.cli` is the command line too, in folders where `maskrnn` is not on the path."""

from flows.cli.app import main

main()
