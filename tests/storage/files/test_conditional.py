"""Conditional changes of objects, and services that refuse them."""

import errno
import logging
from typing import Any

import pytest

from storage.files import conditional
from storage.files.conditional import Precondition


class Service:
    """Objects in memory; `refusal` is what it answers to a precondition."""

    def __init__(self, refusal: Exception | None = None) -> None:
        self.objects: dict[str, bytes] = {}
        self._refusal = refusal

    def invalidate_cache(self) -> None:
        """It has none."""

    def info(self, full: str) -> dict[str, Any]:
        if full not in self.objects:
            raise FileNotFoundError(full)
        return {"ETag": str(hash(self.objects[full]))}

    def pipe_file(
        self, full: str, data: bytes, mode: str = "overwrite", IfMatch: str | None = None
    ) -> None:
        if self._refusal is not None and (mode == "create" or IfMatch is not None):
            raise self._refusal
        if mode == "create" and full in self.objects:
            raise FileExistsError(full)
        if IfMatch is not None and self.info(full)["ETag"] != IfMatch:
            error = OSError(errno.EINVAL, "PreconditionFailed")
            error.__cause__ = Answer(412)
            raise error
        self.objects[full] = data

    def rm_file(self, full: str) -> None:
        del self.objects[full]

    def split_path(self, full: str) -> tuple[str, str, None]:
        return "bucket", full, None

    def call_s3(self, _: str, **asked: str) -> None:
        if self._refusal is not None:
            raise self._refusal
        self.rm_file(asked["Key"])


class Answer(Exception):
    """An error with the status of an HTTP answer, as botocore's carry it."""

    def __init__(self, status: int) -> None:
        super().__init__(f"status {status}")
        self.response = {"ResponseMetadata": {"HTTPStatusCode": status}}


@pytest.fixture(autouse=True)
def nobody_warned(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(conditional, "_warned", set())


def test_a_service_with_preconditions() -> None:
    asked = Precondition(Service(), "s3://b/a", has_versions=True)
    assert asked.create("x", b"1")
    assert not asked.create("x", b"2")
    version = asked.version("x")
    assert asked.replace("x", b"3", version)
    assert not asked.replace("x", b"4", version)
    assert asked.remove("x", asked.version("x"))
    assert asked.holds
    with pytest.raises(FileNotFoundError):
        asked.version("x")


@pytest.mark.parametrize(
    "refusal", [OSError(errno.ENOSYS, "NotImplemented"), Answer(501), Answer(400)], ids=str
)
def test_a_service_that_refuses_is_asked_plainly_after_one_warning(
    refusal: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING, "maskrnn.store"):
        for has_versions in (True, False):
            asked = Precondition(Service(refusal), "s3://b/b", has_versions=has_versions)
            assert asked.create("x", b"1")
            assert not asked.create("x", b"2"), "it looks before it writes"
            assert asked.replace("x", b"3", asked.version("x"))
            assert asked.remove("x", asked.version("x"))
            assert not asked.holds
    assert len(caplog.records) == 1
    assert "refuses conditional requests" in caplog.text


def test_other_errors_pass() -> None:
    asked = Precondition(Service(PermissionError("no")), "s3://b/c", has_versions=True)
    with pytest.raises(PermissionError):
        asked.create("x", b"1")
    assert asked.holds
