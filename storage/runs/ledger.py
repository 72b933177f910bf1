"""The run ledger: for every video of a run its state, attempts, timings, artifacts and error.

There is one JSON record per video. Only the process that owns the video writes it, and it is
replaced atomically.
"""

import difflib
import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal
from urllib.parse import quote, unquote

from storage.errors import CorruptArtifactError, InvalidAddressError, MissingArtifactError
from storage.files.folder import Folder
from storage.store.artifacts import ArtifactStore
from storage.store.marker import read_record, record_bytes

State = Literal["pending", "running", "done", "failed"]

RUNS = "runs"
"""Folder of all runs in a store."""
_LONGEST = 250
"""Bytes of the name of a record's file without `.json`. File systems allow 255 bytes."""
_DIGESTED = "="
"""First letter of a record's file that is named after a digest; encoded names never have it."""
_STATES = ("pending", "running", "done", "failed")


@dataclass(frozen=True)
class StageRecord:
    """The result of one stage of one video.

    Args:
        state: "pending", "running", "done" or "failed".
        seconds: wall time.
        reused: whether an artifact of an earlier run was used.
        worker: where it ran, such as host and process id.
        artifacts: (kind, key) of the artifacts that it made or reused.
        error: message of the error, if it failed.
        traceback: traceback of the error.
        note: a remark for the reader, such as a repair.
        figures: figures of the stage, such as frames and bytes.
    """

    state: State
    seconds: float = 0.0
    reused: bool = False
    worker: str = ""
    artifacts: tuple[tuple[str, str], ...] = ()
    error: str | None = None
    traceback: str | None = None
    note: str = ""
    figures: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class VideoRecord:
    """The record of one video: stages by name, in the order in which they ran.

    `former` are the artifacts of the previous attempt, until this attempt ends. `driver` is the
    token of the process that wrote the record; see `storage.runs.drivers`. `request` is the digest
    of an archive's row.
    """

    video: str
    video_key: str | None = None
    state: State = "pending"
    attempt: int = 0
    stages: Mapping[str, StageRecord] = field(default_factory=dict)
    former: tuple[tuple[str, str], ...] = ()
    driver: str = ""
    request: str = ""

    def artifacts(self) -> Iterator[tuple[str, str]]:
        """(kind, key) of all artifacts that the record refers to, each once."""
        every = [pair for stage in self.stages.values() for pair in stage.artifacts]
        return iter(dict.fromkeys([*every, *self.former]))


@dataclass(frozen=True)
class RunInfo:
    """Parameters, creation time (UTC, ISO 8601), code version and videos of a run."""

    run_id: str
    created: str
    code_version: str
    parameters: Mapping[str, Any]
    videos: tuple[str, ...] = ()

    @property
    def is_archive(self) -> bool:
        """Whether it is an archive run: a manifest names its videos."""
        return "manifest" in self.parameters


class RunLedger:
    """Records of one run, below runs/RUN_ID of a store.

    Args:
        store: store of the ledger and of the run's artifacts.
        run_id: name of the run; any text without line breaks.
    """

    def __init__(self, store: ArtifactStore, run_id: str) -> None:
        if not run_id.strip() or not run_id.isprintable():
            raise InvalidAddressError(f"{run_id!r} cannot name a run: give a printable name.")
        self._folder = store.folder
        self.run_id = run_id
        self._place = run_place(run_id)

    @property
    def location(self) -> str:
        """Path or URL of the run's records."""
        return self._folder.location(self._place)

    def begin(
        self, parameters: Mapping[str, Any], code_version: str, videos: Sequence[str] = ()
    ) -> RunInfo:
        """Write run.json: how the run was last started; an existing run keeps its creation time.

        Args:
            parameters: JSON object with which the run can be started again.
            code_version: version of this package.
            videos: names of all videos of the run.
        """
        created = datetime.now(UTC).isoformat(timespec="seconds")
        if self._folder.has_file(f"{self._place}/run.json"):
            created = self.info().created
        info = RunInfo(self.run_id, created, code_version, dict(parameters), tuple(videos))
        self._folder.write(f"{self._place}/run.json", record_bytes(asdict(info)))
        return info

    def info(self) -> RunInfo:
        """Read what `begin` wrote.

        Raises:
            MissingArtifactError: there is no such run; the message names similar ones.
            CorruptArtifactError, NewerSchemaError: when it cannot be read.
        """
        try:
            fields = self._read(f"{self._place}/run.json")
        except MissingArtifactError:
            raise MissingArtifactError(
                f"There is no run {self.run_id} in {self._folder.url}. "
                f"{_closest_runs(self._folder, self.run_id)}"
            ) from None
        return RunInfo(
            fields["run_id"],
            fields["created"],
            fields["code_version"],
            fields["parameters"],
            tuple(fields.get("videos", ())),
        )

    def write(self, record: VideoRecord) -> None:
        """Replace the record of a video, atomically.

        Raises:
            StoreFullError: no space is left; the former record stays.
        """
        data = record_bytes(asdict(record))
        self._folder.write(self._video_file(record.video), data)

    def read(self, video: str) -> VideoRecord | None:
        """Record of a video; None if it has none.

        Raises:
            CorruptArtifactError, NewerSchemaError: when it cannot be read.
        """
        try:
            return self._parse(self._video_file(video))
        except MissingArtifactError:
            return None

    def records(self) -> list[VideoRecord]:
        """All records of the run, by video name."""
        found = [self._parse(f"{self._place}/videos/{file}") for file in self._files()]
        return sorted(found, key=lambda record: record.video)

    def videos(self) -> list[str]:
        """Names of all videos that have a record, sorted.

        Raises:
            CorruptArtifactError, NewerSchemaError: the record of a video with a long name, whose
                file does not tell the name, cannot be read.
        """
        return sorted(
            self._parse(f"{self._place}/videos/{file}").video
            if file.startswith(_DIGESTED)
            else unquote(file[:-5])
            for file in self._files()
        )

    def _files(self) -> list[str]:
        """Names of the files of all records."""
        names = self._folder.names(f"{self._place}/videos")
        return [name for name in names if name.endswith(".json")]

    def _video_file(self, video: str) -> str:
        name = _file_name(video)
        place = f"{self._place}/videos/{name}.json"
        if len(name.encode()) <= _LONGEST:
            return place
        # Earlier versions wrote long names to object stores, which have no limit for one name.
        if not self._folder.is_local and self._folder.has_file(place):
            return place
        digest = hashlib.sha256(video.encode()).hexdigest()
        return f"{self._place}/videos/{_DIGESTED}{digest}.json"

    def _parse(self, path: str) -> VideoRecord:
        fields = self._read(path)
        try:
            stages = {
                name: StageRecord(
                    **{**stage, "artifacts": tuple((k, v) for k, v in stage["artifacts"])}
                )
                for name, stage in fields.pop("stages").items()
            }
            fields.pop("schema")
            fields["former"] = tuple((k, v) for k, v in fields.get("former", ()))
            record = VideoRecord(**fields, stages=stages)
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise self._damaged(path, str(error)) from error
        if record.state not in _STATES:
            raise self._damaged(path, f"state {record.state!r}")
        return record

    def _read(self, path: str) -> dict[str, Any]:
        location = self._folder.location(path)
        try:
            data = self._folder.read(path)
        except FileNotFoundError as error:
            raise MissingArtifactError(
                f"There is no record {location}; `maskrnn status` lists the runs."
            ) from error
        return read_record(data, location)

    def _damaged(self, path: str, why: str) -> CorruptArtifactError:
        return CorruptArtifactError(
            f"{self._folder.location(path)} is not a video record ({why}). Delete it: the video "
            "will then count as not yet run."
        )


def _closest_runs(folder: Folder, run_id: str) -> str:
    """A sentence that names runs with similar names, or says how to list them."""
    known = [unquote(name) for name in folder.names(RUNS)]
    close = difflib.get_close_matches(run_id, known, n=3, cutoff=0.5)
    if close:
        return f"Did you mean {' or '.join(close)}?"
    return f"`maskrnn status` lists its {len(known)} runs."


def run_place(run_id: str) -> str:
    """Folder of a run, relative to the store."""
    return f"{RUNS}/{_file_name(run_id)}"


def _file_name(name: str) -> str:
    # quote() does not change dots, but ".." must not name a folder. Letters of all alphabets stay
    # as they are, because quoting them would make a name three times as long.
    return "".join(
        letter if letter.isalnum() else quote(letter, safe="").replace(".", "%2E")
        for letter in name
    )
