"""The suites `StoreSuite` and `DraftSuite` on each kind of store."""

import pytest

from storage.store.artifacts import ArtifactStore
from tests.storage.store.draft_suite import DraftSuite
from tests.storage.store.store_suite import StoreSuite


class TestLocalStore(StoreSuite, DraftSuite):
    """On a local folder: the fixture `store` of these tests."""


class TestMemoryStore(StoreSuite, DraftSuite):
    """On a file system of fsspec that supports preconditions only for new files."""

    @pytest.fixture
    def store(self, memory_url: str) -> ArtifactStore:
        return ArtifactStore(memory_url)


class TestS3Store(StoreSuite, DraftSuite):
    """On a service that supports preconditions."""

    @pytest.fixture
    def store(self, bucket: str) -> ArtifactStore:
        return ArtifactStore(f"{bucket}/a folder/store")
