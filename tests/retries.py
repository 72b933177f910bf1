"""Retries that do not wait."""

from dataclasses import replace

import pytest

from storage.files import retry_policy


def retry_at_once(monkeypatch: pytest.MonkeyPatch, seconds: float = 0.0) -> None:
    """The usual number of attempts, `seconds` apart."""
    policy = retry_policy.POLICY
    quick = replace(
        policy,
        request=(seconds,) * len(policy.request),
        unit=(seconds,) * len(policy.unit),
        server=(seconds,) * len(policy.server),
    )
    monkeypatch.setattr(retry_policy, "POLICY", quick)
