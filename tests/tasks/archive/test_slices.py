"""Order and number of the rows that a worker gets."""

from tasks.archive.rows import ArchiveRow
from tasks.archive.slices import SLICE_SECONDS, RowQueue


def rows(count: int) -> list[ArchiveRow]:
    return [
        ArchiveRow(n, f"clip-{n}", "v.mp4", "m.png", None, None, "request", 1) for n in range(count)
    ]


def queue(count: int, batch: int = 10, most: int = 100) -> RowQueue:
    return RowQueue(rows(count), count, batch, most)


def test_one_row_at_a_time_until_a_time_is_known() -> None:
    waiting = queue(50)
    assert [row.index for row in waiting.take(2)] == [0]
    waiting.measured(1, SLICE_SECONDS / 4)
    assert [row.index for row in waiting.take(2)] == [1, 2, 3, 4]


def test_long_rows_come_alone_and_short_ones_in_bounded_slices() -> None:
    waiting = queue(1000, most=7)
    waiting.measured(1, 3600.0)
    assert len(waiting.take(1)) == 1
    for _ in range(100):
        waiting.measured(100, 0.1)
    assert len(waiting.take(1)) == 7


def test_towards_the_end_the_rest_is_shared_out() -> None:
    waiting = queue(16)
    waiting.measured(1, 0.0)
    sizes = []
    while not waiting.is_empty:
        sizes.append(len(waiting.take(2)))
    assert sum(sizes) == 16
    assert sizes[0] == 4
    assert sizes == sorted(sizes, reverse=True)
    assert sizes[-1] == 1


def test_batches_open_with_their_first_row_and_end_with_their_last() -> None:
    waiting = queue(5, batch=3)
    waiting.measured(1, SLICE_SECONDS / 2)
    taken = waiting.take(1)
    assert len(taken) == 2
    (first,) = waiting.opened
    assert (first.first, first.last, first.left) == (1, 3, 3)
    taken += waiting.take(1) + waiting.take(1) + waiting.take(1)
    assert [(batch.first, batch.last) for batch in waiting.opened] == [(1, 3), (4, 5)]
    assert waiting.is_empty
    assert waiting.take(1) == []
    for row in taken:
        waiting.ended(row, failed=row.index == 1)
        assert first.ended.is_set() == (row.index >= 2)
    assert first.failed == ["clip-1"]
    assert waiting.opened[1].failed == []


def test_rows_that_come_back_go_first_and_blamed_ones_alone() -> None:
    waiting = queue(20)
    waiting.measured(1, SLICE_SECONDS / 4)
    first = waiting.take(1)
    waiting.put_back(first[0], alone=True)
    waiting.put_back(first[1])
    waiting.put_back(first[2], delay=3600.0)
    assert waiting.take(1) == [first[0]]
    assert [row.index for row in waiting.take(1)] == [1, 4, 5, 6]
    while waiting.take(1):
        pass
    assert not waiting.is_empty  # one waits for its time


def test_giving_up_frees_whoever_waits() -> None:
    waiting = queue(3)
    waiting.take(1)
    (batch,) = waiting.opened
    assert not batch.ended.is_set()
    waiting.give_up()
    assert batch.ended.is_set()
    assert batch.left == 3
