"""The suites `StoreSuite` and `DraftSuite` on each kind of store."""

import pytest

from storage.store.artifacts import ArtifactStore
from tests.storage.store.draft_suite import DraftSuite
from tests.storage.store.store_suite import StoreSuite


class TestLocalStore(StoreSuite, DraftSuite):
    """On a folder of this machine, as the fixture `store` of all these tests gives it."""


class TestMemoryStore(StoreSuite, DraftSuite):
    """On a file system of fsspec that has preconditions for new files only."""

    @pytest.fixture
    def store(self, memory_url: str) -> ArtifactStore:
        return ArtifactStore(memory_url)


class TestS3Store(StoreSuite, DraftSuite):
    """On a service with preconditions."""

    @pytest.fixture
    def store(self, bucket: str) -> ArtifactStore:
        return ArtifactStore(f"{bucket}/a folder/store")
