"""Zarr stores that raise an error if the bytes read are not the bytes that were written.

Zarr reads a missing chunk as the fill value and trusts its metadata. Here a missing chunk raises an
error. Metadata documents are compared with the digests in the completion marker.
"""

from collections.abc import Awaitable, Callable
from hashlib import sha256
from typing import TypeVar

from zarr.abc.buffer import Buffer
from zarr.abc.store import ByteRequest, Store, SuffixByteRequest
from zarr.core.buffer import BufferPrototype
from zarr.storage import WrapperStore

from storage.files.retrying import retried_async

T = TypeVar("T")

_METADATA = "zarr.json"
_CHUNK = "/c/"

_MOST_INDEXES = 256
"""Indexes of shards that a reader keeps; each has 16 bytes per chunk of its shard."""


class MissingChunkError(Exception):
    """A chunk is missing in the store; the message is its key."""


class ChangedMetadataError(Exception):
    """A metadata document or a chunk differs from what was written; the message is its key."""


class RecordingStore(WrapperStore[Store]):
    """Writes to another store, and notes the sha256 of metadata documents in `digests`.

    Args:
        store: the store that is written to.
        digests: receives the digests, by `prefix` and key.
        prefix: beginning of the paths in `digests`.
        everything: whether digests of chunks are noted, too.
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
    """A remote store whose requests are retried after transient errors.

    Args:
        store: the store.
        url: its URL, for messages.
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
    """Reads from another store; raises errors for missing chunks and changed metadata.

    Zarr reads the index at the end of a shard before every chunk of the shard. The store keeps the
    indexes that were read last, so that the next chunk of a shard takes one request, not two.
    """

    def __init__(self, store: Store, digests: dict[str, str], prefix: str) -> None:
        super().__init__(store)
        self._digests = digests
        self._prefix = prefix
        self._indexes: dict[tuple[str, int], Buffer] = {}

    def _with_store(self, store: Store) -> "CheckedStore":
        return CheckedStore(store, self._digests, self._prefix)

    async def get(
        self, key: str, prototype: BufferPrototype, byte_range: ByteRequest | None = None
    ) -> Buffer | None:
        if isinstance(byte_range, SuffixByteRequest):
            return await self._index(key, prototype, byte_range)
        return await self._get(key, prototype, byte_range)

    async def _index(
        self, key: str, prototype: BufferPrototype, end: SuffixByteRequest
    ) -> Buffer | None:
        value = self._indexes.pop((key, end.suffix), None)
        if value is None:
            value = await self._get(key, prototype, end)
        if value is not None:
            self._indexes[key, end.suffix] = value  # the one read last is the last
        while len(self._indexes) > _MOST_INDEXES:
            del self._indexes[next(iter(self._indexes))]
        return value

    async def _get(
        self, key: str, prototype: BufferPrototype, byte_range: ByteRequest | None
    ) -> Buffer | None:
        value = await super().get(key, prototype, byte_range)
        if value is None and _CHUNK in f"/{key}":
            raise MissingChunkError(key)
        if byte_range is not None:
            return value  # a part of a shard, whose chunks have their own checksums
        # Zarr treats a shard without its index as one that was never written.
        expected = self._digests.get(self._prefix + key)
        if expected and (value is None or sha256(value.to_bytes()).hexdigest() != expected):
            raise ChangedMetadataError(key)
        return value
