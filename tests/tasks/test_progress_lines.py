"""Progress of long work, as lines in the log."""

import logging

import pytest

from tasks.progress_lines import PROGRESS, ProgressLines


class Clock:
    """A clock that the test sets."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def test_a_line_every_twenty_seconds(clock: Clock, caplog: pytest.LogCaptureFixture) -> None:
    progress = ProgressLines("steps", 700, clock=clock)
    with caplog.at_level(logging.INFO):
        for count in range(1, 701):
            clock.now += 0.5
            progress.at(count)
    assert len(caplog.records) == 700 * 0.5 // 20
    assert caplog.messages[0] == "40 of 700 steps, 2 per second, about 5:30 min left"
    assert {record.levelno for record in caplog.records} == {PROGRESS}


def test_what_was_done_before_does_not_count_for_the_rate(
    clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    progress = ProgressLines("frames", 100, done=50, clock=clock)
    with caplog.at_level(logging.INFO):
        for _ in progress.over(range(2)):
            clock.now += 30
    assert caplog.messages == [
        "51 of 100 frames, 0.0333 per second, about 24:30 min left",
        "52 of 100 frames, 0.0333 per second, about 24:00 min left",
    ]


def test_quick_work_is_told_nothing_about(clock: Clock, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        assert list(ProgressLines("frames", 3, clock=clock).over("abc")) == ["a", "b", "c"]
    assert caplog.messages == []
