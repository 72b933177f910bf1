"""Names of stages and records of a run, as written in its ledger; the order of stages."""

from dataclasses import dataclass
from typing import Literal, Self, cast, get_args

from storage.errors import InvalidNameError

StageKind = Literal["ingest", "flow", "train", "finetune", "segment", "evaluate"]
"""Kinds of stages; also the kinds of units that run on workers."""

STAGE_KINDS: tuple[StageKind, ...] = get_args(StageKind)
"""The one order of stages: a stage depends only on stages before it."""

Role = Literal["video", "train", "parent"]
"""Roles of records: a video to segment, a video to train on, or a parent network."""

_OF_PRESETS = ("finetune", "segment", "evaluate")
_PREFIXES = ("train/", "parent/")


@dataclass(frozen=True, slots=True)
class StageName:
    """One stage of one record: "ingest", "segment PRESET", "finetune PRESET/OBJECT".

    Args:
        kind: what the stage does.
        preset: name of the preset; "" for the stages that all presets share.
        object_id: object to finetune to. None for other stages, and in a plan if the objects of the
            video are not known yet.

    Raises:
        InvalidNameError: the three do not form a name that can be parsed again.
    """

    kind: StageKind
    preset: str = ""
    object_id: int | None = None

    def __post_init__(self) -> None:
        if why := _objection(self.kind, self.preset, self.object_id):
            raise _refused(str(self), why)

    @classmethod
    def parse(cls, text: str) -> Self:
        """The inverse of `str`.

        Raises:
            InvalidNameError: `text` is not the name of a stage.
        """
        kind, _, rest = text.partition(" ")
        preset, slash, number = rest.partition("/")
        if slash and not number.isdecimal():
            raise _refused(text, f"{number!r} is not the number of an object")
        object_id = int(number) if slash else None
        if why := _objection(kind, preset, object_id):
            raise _refused(text, why)
        name = cls(cast(StageKind, kind), preset, object_id)
        if str(name) != text:
            raise _refused(text, f"it would be written {str(name)!r}")
        return name

    def __str__(self) -> str:
        """The name as it is in the ledger."""
        preset = f" {self.preset}" if self.preset else ""
        return self.kind + preset + ("" if self.object_id is None else f"/{self.object_id}")


@dataclass(frozen=True, slots=True)
class RecordName:
    """One record of a run: "VIDEO", "train/VIDEO" or "parent/PRESET".

    Args:
        role: what the record is about.
        video: name of the video; for a parent, the preset that trains it.

    Raises:
        InvalidNameError: the name is empty, or a video's name would be parsed as another record.
    """

    role: Role
    video: str

    def __post_init__(self) -> None:
        if self.role not in get_args(Role) or not self.video:
            raise InvalidNameError(f"a record cannot be named {self.role!r}, {self.video!r}")
        if self.role == "video" and self.video.startswith(_PREFIXES):
            raise InvalidNameError(
                f"a video cannot be named {self.video!r}: names that begin with "
                f"{' or '.join(_PREFIXES)} are reserved for training records; rename the video"
            )

    @classmethod
    def parse(cls, text: str) -> Self:
        """The inverse of `str`.

        Raises:
            InvalidNameError: `text` is not the name of a record.
        """
        role, slash, video = text.partition("/")
        if slash and role in ("train", "parent"):
            return cls(cast(Role, role), video)
        return cls("video", text)

    def __str__(self) -> str:
        """The name as it is in the ledger."""
        return self.video if self.role == "video" else f"{self.role}/{self.video}"


def _objection(kind: str, preset: str, object_id: int | None) -> str:
    """Why the three do not form the name of a stage; "" if they do."""
    if kind not in STAGE_KINDS:
        return f"the stages are {', '.join(STAGE_KINDS)}"
    if bool(preset) != (kind in _OF_PRESETS):
        return f"{kind} {'needs a preset' if kind in _OF_PRESETS else 'takes no preset'}"
    if "/" in preset:
        return "the name of a preset cannot contain a slash"
    if object_id is not None and (kind != "finetune" or object_id < 0):
        return "only finetune takes an object, whose number is not negative"
    return ""


def _refused(text: str, why: str) -> InvalidNameError:
    return InvalidNameError(f"{text!r} is not the name of a stage: {why}")
