"""What the page of a run asks an object store for."""

import re
from collections import Counter
from pathlib import Path

import pytest

from storage.store.artifacts import ArtifactStore
from tasks.pages.report_page import write_report_page
from tests.s3 import S3Server
from tests.tasks.pages.made_run import MadeRun, make_run

_MARKER = "/complete.json"
_PICTURES = re.compile(r"/(frames|labels|forward)/c/")
"""Frames, masks and optical flow, of which a request reads one frame, not the file."""


@pytest.mark.timeout(600)  # the server shares its processor with other tests
def test_a_page_reads_tables_and_arrays_once(
    bucket: str, s3_server: S3Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    store = ArtifactStore(f"{bucket}/store")
    make_run(store, "run", MadeRun(("bear",), frames=5))
    s3_server.requests()
    write_report_page(store, "run")
    asked = Counter(url.partition("?")[0] for _, url in s3_server.requests() if "/store/" in url)
    assert any(url.endswith(".parquet") for url in asked)
    assert any(url.endswith("/state/c/0/0") for url in asked)
    content = [url for url in asked if not url.endswith(_MARKER) and not _PICTURES.search(url)]
    assert {url for url in content if asked[url] > 1} == set()
    assert max(asked[url] for url in asked if url.endswith(_MARKER)) <= 4
