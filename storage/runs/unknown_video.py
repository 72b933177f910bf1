"""Says which videos a run has, to somebody who named another one."""

import difflib
from collections.abc import Collection


def unknown_video(run_id: str, video: str, known: Collection[str]) -> str:
    """Return a sentence that a run does not have a video, and how to find the right one."""
    close = difflib.get_close_matches(video, known, n=3)
    hint = (
        f"did you mean {' or '.join(close)}?"
        if close
        else f"`maskrnn status {run_id}` lists its videos"
    )
    return f"the run {run_id} has no video {video!r}: {hint}"
