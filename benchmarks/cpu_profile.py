"""A sampling profiler of this process that counts CPU time, thread by thread (Linux)."""

import sys
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

_INTERVAL = 0.005


@contextmanager
def cpu_profile(shown: int = 40) -> Iterator[None]:
    """Print where CPU time went: cumulative seconds by function, own seconds by function.

    Every thread's CPU time since the former sample is put down to where it stands now.
    """
    cumulative: Counter[str] = Counter()
    own: Counter[str] = Counter()
    spent: dict[int, int] = {}
    end = threading.Event()

    def sample() -> None:
        while not end.wait(_INTERVAL):
            frames = sys._current_frames()
            for thread in threading.enumerate():
                number, frame = thread.native_id, frames.get(thread.ident or 0)
                if number is None or frame is None or number == threading.get_native_id():
                    continue
                now = _nanoseconds(number)
                used, spent[number] = now - spent.get(number, now), now
                if used:
                    names = _stack(frame)
                    own[names[0]] += used
                    cumulative.update(dict.fromkeys(names, used))

    sampler = threading.Thread(target=sample, daemon=True)
    sampler.start()
    yield
    end.set()
    sampler.join()
    total = sum(own.values()) / 1e9
    for title, counter in (("cumulative", cumulative), ("own", own)):
        print(f"{title}, of {total:.2f} s of CPU time")
        for name, used in counter.most_common(shown):
            print(f"{used / 1e9:8.2f} s {name}")


def _nanoseconds(thread: int) -> int:
    try:
        return int(Path(f"/proc/self/task/{thread}/schedstat").read_text().split()[0])
    except OSError:  # it has just ended
        return 0


def _stack(frame: FrameType | None) -> list[str]:
    """Functions from the innermost outwards."""
    names = []
    while frame is not None:
        path = Path(frame.f_code.co_filename)
        names.append(f"{path.parent.name}/{path.name}:{frame.f_code.co_name}")
        frame = frame.f_back
    return names
