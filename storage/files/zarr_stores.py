"""Zarr stores that keep a promise: what was written is what is read, or it is an error.

Zarr reads a missing chunk as fill value and trusts its metadata. Here a missing chunk raises, and
the metadata documents are compared with the digests that the completion marker holds.
"""

from collections.abc import Awaitable, Callable
from hashlib import sha256
from typing import TypeVar

from zarr.abc.buffer import Buffer
from zarr.abc.store import ByteRequest, Store
from zarr.core.buffer import BufferPrototype
from zarr.storage import WrapperStore

from storage.files.retrying import retried_async

T = TypeVar("T")

_METADATA = "zarr.json"
_CHUNK = "/c/"


class MissingChunkError(Exception):
    """A chunk that the store does not hold; the message is its key."""


class ChangedMetadataError(Exception):
    """A metadata document or a chunk other than the written one; the message is its key."""


class RecordingStore(WrapperStore[Store]):
    """Writes through, and notes the sha256 of metadata documents in `digests`.

    Args:
        store: where to.
        digests: filled by the path below `prefix`.
        prefix: of the paths.
        everything: note chunks, too.
    """

    def __init__(
        self, store: Store, digests: dict[str, str], prefix: str, *, everything: bool = False
    ) -> None:
        super().__init__(store)
        self._digests = digests
        self._prefix = prefix
        self._everything = everything

    def _with_store(self, store: Store) -> "RecordingStore":
        return RecordingStore(store, self._digests, self._prefix, everything=self._everything)

    async def set(self, key: str, value: Buffer) -> None:
        await super().set(key, value)
        if self._everything or key.endswith(_METADATA):
            self._digests[self._prefix + key] = sha256(value.to_bytes()).hexdigest()


class PatientStore(WrapperStore[Store]):
    """A remote store that is asked again when it is slow or refuses for a moment.

    Args:
        store: the store.
        url: of it, for messages.
    """

    def __init__(self, store: Store, url: str) -> None:
        super().__init__(store)
        self._url = url

    def _with_store(self, store: Store) -> "PatientStore":
        return PatientStore(store, self._url)

    async def get(
        self, key: str, prototype: BufferPrototype, byte_range: ByteRequest | None = None
    ) -> Buffer | None:
        return await self._ask(key, lambda: self._store.get(key, prototype, byte_range))

    async def set(self, key: str, value: Buffer) -> None:
        await self._ask(key, lambda: self._store.set(key, value))

    async def is_empty(self, prefix: str) -> bool:
        return await self._ask(prefix, lambda: self._store.is_empty(prefix))

    async def _ask(self, key: str, request: Callable[[], Awaitable[T]]) -> T:
        return await retried_async(request, f"{self._url}/{key}")


class CheckedStore(WrapperStore[Store]):
    """Reads through, refusing absent chunks and changed metadata."""

    def __init__(self, store: Store, digests: dict[str, str], prefix: str) -> None:
        super().__init__(store)
        self._digests = digests
        self._prefix = prefix

    def _with_store(self, store: Store) -> "CheckedStore":
        return CheckedStore(store, self._digests, self._prefix)

    async def get(
        self, key: str, prototype: BufferPrototype, byte_range: ByteRequest | None = None
    ) -> Buffer | None:
        value = await super().get(key, prototype, byte_range)
        if value is None and _CHUNK in f"/{key}":
            raise MissingChunkError(key)
        if byte_range is not None:
            return value  # a part of a shard, whose chunks carry checksums of their own
        # Zarr takes a shard that lost its index for one that was never written.
        expected = self._digests.get(self._prefix + key)
        if expected and (value is None or sha256(value.to_bytes()).hexdigest() != expected):
            raise ChangedMetadataError(key)
        return value
