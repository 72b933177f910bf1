"""Fetching from good and from faulty servers."""

import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import fsspec
import pytest

from storage.archive import fetching
from storage.archive.check import check_manifest
from storage.archive.fetching import FetchError, FetchLimits, UnavailableError, fetch
from storage.archive.manifest import read_manifest
from storage.archive.public_hosts import private_fault
from storage.archive.row_files import row_files
from storage.archive.scratch import scratch, sweep_scratch
from storage.archive.shown_address import shown_address
from storage.archive.uris import local_path, resolved, safe_suffix
from tasks.retries.transient import is_transient
from tests.processes import free_port
from tests.retries import retry_at_once
from tests.s3 import S3Server, s3_environment, using

LIMITS = FetchLimits(1_000_000, 5.0)


class Handler(BaseHTTPRequestHandler):
    """A server that behaves differently on every path."""

    def do_GET(self) -> None:
        answer = getattr(self, f"_{self.path.partition('?')[0].strip('/').partition('.')[0]}")
        answer()

    def log_message(self, format: str, *args: object) -> None:
        """Nothing."""

    def _begin(self, status: int, **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()

    def _good(self) -> None:
        self._begin(200, Content_Length="5")
        self.wfile.write(b"hello")

    def _moved(self) -> None:
        self._begin(302, Location="/good")

    def _loop(self) -> None:
        self._begin(302, Location="/loop")

    def _out(self) -> None:
        self._begin(302, Location="file:///etc/hostname")

    def _nothing(self) -> None:
        self._begin(404)

    def _busy(self) -> None:
        self._begin(503)

    def _empty(self) -> None:
        self._begin(200, Content_Length="0")

    def _broken(self) -> None:
        self._begin(200, Content_Length="1000")
        self.wfile.write(b"only so much")

    def _packed(self) -> None:
        import gzip

        data = gzip.compress(b"0" * 50_000_000)
        self._begin(200, Content_Encoding="gzip", Content_Length=str(len(data)))
        self.wfile.write(data)

    def _endless(self) -> None:
        self._begin(200)
        with suppress(OSError):  # the client goes away
            while True:
                self.wfile.write(b"x" * 65536)

    def _trickle(self) -> None:
        self._begin(200)
        with suppress(OSError):
            while True:
                self.wfile.write(b"x")
                time.sleep(0.05)


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as serving:
        serving.daemon_threads = True
        thread = threading.Thread(target=serving.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{serving.server_port}"
        serving.shutdown()
        thread.join()


@pytest.mark.parametrize("path", ["good", "moved"])
def test_a_file_arrives(server: str, tmp_path: Path, path: str) -> None:
    assert fetch(f"{server}/{path}", tmp_path / "got", LIMITS) == 5
    assert (tmp_path / "got").read_bytes() == b"hello"


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("loop", "redirects; correct the address"),
        ("out", "is not a valid address"),
        ("nothing", "answers 404"),
        ("empty", "is empty"),
        ("endless", "longer than 0.0 GB, or never ends; allow more with --fetch-gigabytes"),
    ],
)
def test_what_cannot_be_fetched_is_not_tried_again(
    server: str, tmp_path: Path, path: str, message: str
) -> None:
    with pytest.raises(FetchError, match=message) as caught:
        fetch(f"{server}/{path}", tmp_path / "got", LIMITS)
    assert not is_transient(caught.value)
    assert not (tmp_path / "got").exists()


def test_a_disk_that_others_fill_meanwhile_is_told_with_the_cure(
    server: str, tmp_path: Path
) -> None:
    target = tmp_path / "video.mp4"
    target.symlink_to("/dev/full")
    with pytest.raises(FetchError, match="TMPDIR"):
        fetch(f"{server}/good", target, LIMITS)
    assert not target.is_symlink()


def test_a_trickle_does_not_outlast_its_time(server: str, tmp_path: Path) -> None:
    began = time.monotonic()
    with pytest.raises(FetchError, match="was not complete after 1 s"):
        fetch(f"{server}/trickle", tmp_path / "got", FetchLimits(1000, 1.0))
    assert time.monotonic() - began < 20


@pytest.mark.parametrize("path", ["busy", "broken"])
def test_what_may_pass_is_tried_again(server: str, tmp_path: Path, path: str) -> None:
    with pytest.raises(UnavailableError, match=path) as caught:
        fetch(f"{server}/{path}", tmp_path / "got", LIMITS)
    assert is_transient(caught.value)
    assert not (tmp_path / "got").exists()


def test_nobody_listens(tmp_path: Path) -> None:
    with pytest.raises(UnavailableError, match="ConnectError"):
        fetch("http://127.0.0.1:9/x.mp4", tmp_path / "got", LIMITS)


def test_packed_answers_stay_packed(server: str, tmp_path: Path) -> None:
    assert fetch(f"{server}/packed", tmp_path / "got", LIMITS) < 100_000


def test_passwords_are_told_nobody(tmp_path: Path) -> None:
    with pytest.raises(UnavailableError) as caught:
        fetch("http://me:secret@127.0.0.1:9/x.mp4", tmp_path / "got", LIMITS)
    assert "secret" not in str(caught.value)
    assert shown_address("s3://bucket/a@b.mp4") == "s3://bucket/a@b.mp4"


def test_objects_on_s3(bucket: str, tmp_path: Path) -> None:
    files = fsspec.filesystem("s3")
    files.pipe_file(f"{bucket}/clips/a?b.mp4", b"frames")
    assert fetch(f"{bucket}/clips/a?b.mp4", tmp_path / "got", LIMITS) == 6
    assert (tmp_path / "got").read_bytes() == b"frames"
    with pytest.raises(FetchError, match="longer than"):
        fetch(f"{bucket}/clips/a?b.mp4", tmp_path / "got", FetchLimits(5, 5.0))
    for gone in (f"{bucket}/clips/b.mp4", f"{bucket}-none/a.mp4"):
        with pytest.raises(FetchError, match="is not there"):
            fetch(gone, tmp_path / "got", LIMITS)
    assert list(tmp_path.iterdir()) == []


def test_a_manifest_on_s3_names_objects_beside_it(bucket: str) -> None:
    fsspec.filesystem("s3").pipe_file(f"{bucket}/lists/m.csv", b"video,mask\na.mp4,a.png\n")
    found = check_manifest(read_manifest(f"{bucket}/lists/m.csv"))
    assert not found.offences
    assert found.table["video"].tolist() == [f"{bucket}/lists/a.mp4"]


def test_s3_without_credentials_or_a_server(
    s3_server: S3Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    retry_at_once(monkeypatch, 0.001)
    nobody = s3_environment(f"http://127.0.0.1:{free_port()}")
    with using(nobody), pytest.raises(UnavailableError, match="does not answer"):
        fetch("s3://nobody-there/a.mp4", tmp_path / "got", LIMITS)
    with using(s3_server.environment), monkeypatch.context() as patch:
        patch.delenv("AWS_ACCESS_KEY_ID")
        patch.delenv("AWS_SECRET_ACCESS_KEY")
        with pytest.raises(FetchError, match="credentials"):
            fetch("s3://no-credentials/a.mp4", tmp_path / "got", LIMITS)
    assert not (tmp_path / "got").exists()


def test_the_files_of_a_row_are_gone_when_it_has_ended(server: str, tmp_path: Path) -> None:
    local = tmp_path / "mask.png"
    local.write_bytes(b"mask")
    with row_files(f"{server}/good.mp4?x=1", str(local), LIMITS) as files:
        assert files.video.name == "video.mp4"
        assert files.video.read_bytes() == b"hello"
        assert files.mask == local
        assert (files.bytes, files.seconds > 0) == (5, True)
    assert not files.video.exists()
    assert local.exists()


def test_the_limit_is_for_both_files_together(server: str) -> None:
    limits = FetchLimits(9, 5.0)
    with (
        pytest.raises(FetchError, match="longer than"),
        row_files(f"{server}/good", f"{server}/good.png", limits),
    ):
        pass


def test_what_killed_processes_left_is_swept(tmp_path: Path) -> None:
    with scratch(tmp_path) as alive:
        dead = tmp_path / "maskrnn-fetch-dead"
        dead.mkdir()
        owner = (alive / "owner.json").read_text()
        (dead / "owner.json").write_text(owner.replace('"started": "', '"started": "9'))
        (tmp_path / "other").mkdir()
        assert sweep_scratch(tmp_path) == [dead]
        assert alive.exists()
    assert [path.name for path in tmp_path.iterdir()] == ["other"]


@pytest.mark.parametrize(
    ("uri", "folder", "expected"),
    [
        ("a.mp4", "/data", "/data/a.mp4"),
        ("/x/a.mp4", "/data", "/x/a.mp4"),
        ("file:///x/a%20b.mp4", "/data", "/x/a b.mp4"),
        ("s3://b/a.mp4", "/data", "s3://b/a.mp4"),
        ("a.mp4", "s3://b/lists", "s3://b/lists/a.mp4"),
        ("a b.mp4", "https://host/lists", "https://host/lists/a%20b.mp4"),
    ],
)
def test_addresses(uri: str, folder: str, expected: str) -> None:
    assert resolved(uri, folder) == expected


def test_suffixes_and_paths() -> None:
    assert safe_suffix("https://host/a.MP4?name=b.png") == ".mp4"
    assert safe_suffix("https://host/a.m/p4") == ""
    assert safe_suffix("s3://bucket/x.tar.gz") == ".gz"
    assert local_path("/plain/a%20b.mp4") == "/plain/a%20b.mp4"


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]", "[::ffff:127.0.0.1]"])
def test_public_addresses_alone(host: str, server: str, tmp_path: Path) -> None:
    port = server.rpartition(":")[2]
    with pytest.raises(FetchError, match="of this machine or of its own network"):
        fetch(f"http://{host}:{port}/x", tmp_path / "got", FetchLimits(1000, 5.0, True))
    assert not (tmp_path / "got").exists()


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("93.184.216.34", True),
        ("2606:4700::1111", True),
        ("169.254.169.254", False),
        ("10.1.2.3", False),
        ("192.168.0.1", False),
        ("fe80::1", False),
        ("fd00::1", False),
        ("0.0.0.0", False),
        ("100.64.0.1", False),
        ("2002:7f00:1::", False),
    ],
)
def test_which_addresses_are_public(address: str, public: bool) -> None:
    assert (private_fault(address, 80) is None) == public


def test_redirections_are_looked_at(
    server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first address passes for a public one; it leads to this machine."""
    asked = []

    def fault(host: str, port: int | None) -> str | None:
        asked.append(host)
        return None if len(asked) == 1 else private_fault(host, port)

    monkeypatch.setattr(fetching, "private_fault", fault)
    with pytest.raises(FetchError, match="say --trust-manifest"):
        fetch(f"{server}/moved", tmp_path / "got", FetchLimits(1000, 5.0, True))
    assert len(asked) == 2
