"""Changes of an object that succeed only if nobody else has changed it.

They use the preconditions of the service (S3): If-None-Match to create, If-Match to replace and to
remove. If a service refuses them, we warn once and then ask without them. In that case two writers
that start at the same moment may both succeed.
"""

import errno
import logging
from collections.abc import Callable
from typing import Any

logger = logging.getLogger("maskrnn.store")

_CONFLICT = 412
_UNKNOWN = {400, 501}
"""HTTP status of a service that does not know a header."""

_warned: set[str] = set()


class Precondition:
    """Asks one service with preconditions, until it refuses one.

    Args:
        files: the driver, of fsspec.
        url: of the store, for the warning.
        has_versions: whether the driver supports If-Match, as that of S3 does.
    """

    def __init__(self, files: Any, url: str, *, has_versions: bool) -> None:
        self._fs = files
        self._url = url
        self._has_versions = has_versions

    @property
    def holds(self) -> bool:
        """Whether the service has honoured every precondition so far."""
        return self._url not in _warned

    def version(self, full: str) -> str:
        """Version (ETag) of an object's content; empty if the service has no versions.

        Raises:
            FileNotFoundError: there is no such object.
        """
        if not self._has_versions:
            return ""
        self._fs.invalidate_cache()
        return str(self._fs.info(full).get("ETag", ""))

    def create(self, full: str, data: bytes) -> bool:
        """Write a new object; False if it exists already."""
        return self._tried(
            lambda: self._fs.pipe_file(full, data, mode="create"),
            lambda: self._create_after_a_look(full, data),
        )

    def replace(self, full: str, data: bytes, version: str) -> bool:
        """Replace an object if it still has this version; False if it has changed or is gone."""
        if not version:
            return self._write(full, data)
        return self._tried(
            lambda: self._fs.pipe_file(full, data, IfMatch=version),
            lambda: self._write(full, data),
        )

    def remove(self, full: str, version: str) -> bool:
        """Remove an object if it still has this version; False if it has changed."""
        if not version:
            return self._remove(full)
        bucket, key, _ = self._fs.split_path(full)
        return self._tried(
            lambda: self._fs.call_s3("delete_object", Bucket=bucket, Key=key, IfMatch=version),
            lambda: self._remove(full),
        )

    def _create_after_a_look(self, full: str, data: bytes) -> bool:
        self._fs.invalidate_cache()
        try:
            self._fs.info(full)
        except FileNotFoundError:
            return self._write(full, data)
        return False

    def _write(self, full: str, data: bytes) -> bool:
        self._fs.pipe_file(full, data)
        return True

    def _remove(self, full: str) -> bool:
        self._fs.rm_file(full)
        return True

    def _tried(self, request: Callable[[], object], plain: Callable[[], bool]) -> bool:
        if self.holds:
            try:
                request()
            except Exception as error:
                if _is_conflict(error):
                    return False
                if not _is_refusal(error):
                    raise
                self._warn(error)
            else:
                return True
        return plain()

    def _warn(self, error: Exception) -> None:
        _warned.add(self._url)
        logger.warning(
            "%s refuses conditional requests (%s): two writers that start at the same moment may "
            "both compute one artifact. One result is kept.",
            self._url,
            error,
        )


def _status(error: BaseException | None) -> int | None:
    response = getattr(error, "response", None)
    if not isinstance(response, dict):
        return None
    status = response.get("ResponseMetadata", {}).get("HTTPStatusCode")
    return status if isinstance(status, int) else None


def _is_conflict(error: Exception) -> bool:
    statuses = {_status(error), _status(error.__cause__)}
    return isinstance(error, FileExistsError) or _CONFLICT in statuses


def _is_refusal(error: Exception) -> bool:
    if isinstance(error, NotImplementedError):
        return True
    statuses = {_status(error), _status(error.__cause__)}
    return bool(statuses & _UNKNOWN) or (isinstance(error, OSError) and error.errno == errno.ENOSYS)
