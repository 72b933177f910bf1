"""A user's own video, for the commands that segment it."""

from pathlib import Path

import pytest

from maskrnn_core.synthetic import SyntheticVideo
from tests.flows.own_video import drawn_video, write_own_video


@pytest.fixture
def drawn() -> SyntheticVideo:
    return drawn_video()


@pytest.fixture
def own_video(tmp_path: Path) -> Path:
    return write_own_video(tmp_path)
