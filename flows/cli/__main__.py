"""Runs the command line as `python -m flows.cli`, for when `maskrnn` is not on the path."""

from flows.cli.app import main

main()
