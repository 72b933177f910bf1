"""The parts of a stream: cuts, frames with flow, and the video that is read in order."""

from pathlib import Path
from typing import Any
from weakref import WeakSet

import numpy as np
import pytest

from maskrnn_core.errors import InvalidInputError
from maskrnn_core.optical_flow.registry import build_estimator
from maskrnn_core.video import UInt8Array
from storage.errors import DatasetError
from storage.kinds.video_writer import working_frame
from tasks.clip import StreamedClip, StreamOptions
from tasks.inputs.sources import DatasetSpec, open_sources
from tasks.streaming.cuts import READ_BEFORE, with_cuts
from tasks.streaming.frames import FrameWithFlow, frames_with_flow
from tasks.streaming.opened_clip import OpenedClip
from tasks.streaming.stage_clock import StageClock
from tasks.streaming.video import ForwardVideo
from tests.tasks.streaming.clips import scenes, write_clip, write_masks


def cuts(frames: list[UInt8Array], first: int = 0) -> list[bool]:
    found = list(
        with_cuts(frames[first:], StreamOptions(), StageClock(), from_beginning=first == 0)
    )
    assert [id(frame) for frame, _ in found] == [id(frame) for frame in frames[first:]]
    return [is_cut for _, is_cut in found]


@pytest.mark.parametrize("lengths", [(6, 7, 5), (1, 5), (3, 3, 8), (5, 1), (1,), (4,)])
def test_cuts_are_where_scenes_meet(lengths: tuple[int, ...]) -> None:
    parts = scenes(len(lengths), max(lengths))
    frames = [
        part.frame(index)
        for part, length in zip(parts, lengths, strict=True)
        for index in range(length)
    ]
    meet = np.cumsum((0, *lengths))[1:-1].tolist()
    assert [index for index, is_cut in enumerate(cuts(frames)) if is_cut] == meet


def test_a_stream_that_begins_later_finds_the_same_cuts() -> None:
    frames = [part.frame(index) for part in scenes(3, 5) for index in range(5)]
    whole = cuts(frames)
    for first in range(1, len(frames) - READ_BEFORE):
        assert cuts(frames, first)[READ_BEFORE:] == whole[first + READ_BEFORE :]


def read(clip: OpenedClip, start: int, name: str = "dis-ultrafast") -> list[FrameWithFlow]:
    estimator = build_estimator(name)
    with frames_with_flow(clip, estimator, StreamOptions(), StageClock(), start) as frames:
        return list(frames)


def test_frames_are_the_same_wherever_a_stream_begins(tmp_path: Path) -> None:
    clip = OpenedClip(write_clip(tmp_path, scenes(3, 5), [0]).open(), 32)
    whole = read(clip, 0)
    assert [item.index for item in whole] == list(range(15))
    assert [item.index for item in whole if item.is_cut] == [5, 10]
    for start in range(1, 15):
        for expected, item in zip(whole[start:], read(clip, start), strict=True):
            assert (item.index, item.is_cut) == (expected.index, expected.is_cut)
            np.testing.assert_array_equal(item.frame, expected.frame)
            for flow, other in (
                (item.backward, expected.backward),
                (item.forward, expected.forward),
            ):
                assert (flow is None) == (other is None)
                if flow is not None and other is not None:
                    np.testing.assert_array_equal(flow, other)


def test_no_flow_leads_across_a_cut(tmp_path: Path) -> None:
    clip = OpenedClip(write_clip(tmp_path, scenes(2, 4), [0]).open(), None)
    frames = read(clip, 0)
    assert [item.index for item in frames if item.backward is None] == [0, 4]
    assert [item.index for item in frames if item.forward is None] == [3, 7]


def test_a_stream_is_read_forwards(tmp_path: Path) -> None:
    clip = OpenedClip(write_clip(tmp_path, scenes(1, 5), [0]).open(), None)
    video = ForwardVideo(clip, iter(read(clip, 1)))
    np.testing.assert_array_equal(video.frame(3), clip.frame(3))
    assert video.forward_flow(3) is not None
    with pytest.raises(InvalidInputError, match="frame 2 was requested after frame 3"):
        video.backward_flow(2)
    with pytest.raises(IndexError, match="frame 5 comes after the last"):
        video.frame(5)


def test_errors_of_decoding_arrive(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clip = OpenedClip(write_clip(tmp_path, scenes(1, 5), [0]).open(), None)
    sound = clip.frame

    def frame(index: int) -> UInt8Array:
        if index == 3:
            raise DatasetError("frame 3 is damaged")
        return sound(index)

    monkeypatch.setattr(clip, "frame", frame)
    with pytest.raises(DatasetError, match="frame 3 is damaged"):
        read(clip, 0)


def test_a_stream_holds_a_few_frames(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clip = OpenedClip(write_clip(tmp_path, scenes(1, 80), [0]).open(), None)
    sound, alive, most = clip.frame, WeakSet[object](), 0

    class Picture(np.ndarray[Any, Any]):
        __hash__ = object.__hash__  # type: ignore[assignment]

    def frame(index: int) -> UInt8Array:
        nonlocal most
        picture: Any = sound(index).view(Picture)
        alive.add(picture)
        most = max(most, len(alive))
        return picture  # type: ignore[no-any-return]

    monkeypatch.setattr(clip, "frame", frame)
    estimator = build_estimator("dis-ultrafast")
    with frames_with_flow(clip, estimator, StreamOptions(), StageClock()) as frames:
        assert sum(1 for _ in frames) == 80
    assert 2 <= most <= 16


def test_objects_must_be_left_at_the_working_size(tmp_path: Path) -> None:
    clip = write_clip(tmp_path, scenes(1, 2, (64, 96)), [])
    (tmp_path / "masks").rmdir()
    speck = np.zeros((64, 96), np.uint8)
    speck[0, 0] = 1
    write_masks(tmp_path / "masks", {0: speck})
    assert OpenedClip(clip.open(), None).starts == {0: (1,)}
    with pytest.raises(DatasetError, match=r"object 1 has no pixel left at the working size 24x16"):
        OpenedClip(clip.open(), 16)


def test_a_part_of_a_video(tmp_path: Path) -> None:
    whole = write_clip(tmp_path, scenes(1, 10), [4])
    part = StreamedClip(whole.video, whole.masks, "part", 0.15, 0.33).open()
    assert part.frame_names == ("00004", "00005", "00006", "00007", "00008")
    assert part.frame_times == pytest.approx((0.16, 0.20, 0.24, 0.28, 0.32))
    np.testing.assert_array_equal(part.frame(2), whole.open().frame(6))
    assert part.label_map(0) is not None
    assert part.label_map(1) is None
    assert part.fingerprint() != whole.open().fingerprint()
    for start, end in ((3.0, None), (0.2, 0.2), (0.3, 0.1)):
        with pytest.raises(DatasetError, match="has no frame from"):
            _ = StreamedClip(whole.video, whole.masks, "part", start, end).open().frame_names


@pytest.mark.shared
@pytest.mark.timeout(120)
def test_cuts_between_real_videos() -> None:
    root = Path(__file__).resolve().parents[4] / "shared" / "data" / "davis2016"
    if not root.is_dir():
        pytest.skip("no reference data beside the project (shared/data)")
    sources = open_sources(DatasetSpec("davis2016", str(root), "train"))
    length = 7
    frames = [
        working_frame(source.frame(index), (120, 213))
        for source in sources
        for index in range(length)
    ]
    found = [index for index, is_cut in enumerate(cuts(frames)) if is_cut]
    assert found == list(range(length, len(frames), length))
