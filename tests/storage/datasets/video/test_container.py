"""The facts that a container states, read without decoding a frame."""

from collections.abc import Callable
from pathlib import Path

import pytest

from storage.datasets.video.container import stated_extent
from storage.errors import DatasetError, MissingDatasetError


@pytest.mark.parametrize("suffix", ["mp4", "mkv", "mov", "webm"])
def test_what_a_container_states(
    tmp_path: Path, make_video: Callable[..., Path], suffix: str
) -> None:
    video = make_video(tmp_path / f"film.{suffix}", 50, (48, 64))
    rate, seconds, size = stated_extent(video)
    assert rate == pytest.approx(25, rel=0.01)
    assert seconds == pytest.approx(2, rel=0.05)
    assert size == (48, 64)


def test_what_is_no_video(tmp_path: Path) -> None:
    (tmp_path / "text.mp4").write_text("no video")
    with pytest.raises(DatasetError, match=r"text\.mp4 cannot be decoded from its beginning"):
        stated_extent(tmp_path / "text.mp4")
    with pytest.raises(MissingDatasetError, match="is not there"):
        stated_extent(tmp_path / "gone.mp4")
