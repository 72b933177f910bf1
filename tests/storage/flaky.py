"""A file system in memory that sometimes fails with s3fs's errors: slow, overloaded, or full."""

import errno
from collections.abc import Callable
from typing import Any, ClassVar

import fsspec
from fsspec.implementations.memory import MemoryFileSystem

Fault = Callable[[], Exception]

_REMOTE_IO = getattr(errno, "EREMOTEIO", errno.EIO)
TIME_OUT: Fault = TimeoutError
INTERNAL_ERROR: Fault = lambda: OSError(_REMOTE_IO, "InternalError (500)")  # noqa: E731
SLOW_DOWN: Fault = lambda: OSError(errno.EBUSY, "SlowDown (503)")  # noqa: E731
FORBIDDEN: Fault = lambda: PermissionError(errno.EACCES, "AccessDenied (403)")  # noqa: E731


class FlakyFileSystem(MemoryFileSystem):  # type: ignore[misc]
    """Every request whose number modulo `period` is 0 fails with `fault`; all when it is 1."""

    protocol = "flaky"
    store: ClassVar[dict[str, Any]] = {}
    pseudo_dirs: ClassVar[list[str]] = [""]
    fault: ClassVar[Fault | None] = None
    period: ClassVar[int] = 1
    asked: ClassVar[int] = 0

    def cat_file(self, *args: Any, **kwargs: Any) -> Any:
        self._answer()
        return super().cat_file(*args, **kwargs)

    def pipe_file(self, *args: Any, **kwargs: Any) -> Any:
        self._answer()
        return super().pipe_file(*args, **kwargs)

    def rm_file(self, *args: Any, **kwargs: Any) -> Any:
        self._answer()
        return super().rm_file(*args, **kwargs)

    def info(self, *args: Any, **kwargs: Any) -> Any:
        self._answer()
        return super().info(*args, **kwargs)

    def ls(self, *args: Any, **kwargs: Any) -> Any:
        self._answer()
        return super().ls(*args, **kwargs)

    @classmethod
    def _answer(cls) -> None:
        FlakyFileSystem.asked += 1
        if cls.fault is not None and cls.asked % cls.period == 0:
            raise cls.fault()

    @classmethod
    def fail(cls, fault: Fault | None, period: int = 1) -> None:
        """Set the fault for the next requests; None ends it."""
        FlakyFileSystem.fault, FlakyFileSystem.period, FlakyFileSystem.asked = fault, period, 0


fsspec.register_implementation("flaky", FlakyFileSystem, clobber=True)
