"""Runs `maskrnn` in this process, as a person would type it."""

import sys

import pytest

from flows.cli.app import main


def run(monkeypatch: pytest.MonkeyPatch, *tokens: object) -> int:
    """The exit code."""
    monkeypatch.setattr(sys, "argv", ["maskrnn", *(str(token) for token in tokens)])
    with pytest.raises(SystemExit) as caught:
        main()
    assert isinstance(caught.value.code, int)
    return caught.value.code
