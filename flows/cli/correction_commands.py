"""Defines the commands that correct results: suggest and correct."""

from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter, validators

from flows.console.guarded_command import guarded, store_url
from flows.console.options import StoreOptions, overrides

_STORE = StoreOptions()


def suggest(
    run: str,
    video: str | None = None,
    *,
    count: Annotated[int, Parameter(validator=validators.Number(gte=1))] = 3,
    spacing: Annotated[int | None, Parameter(validator=validators.Number(gte=1))] = None,
    format: Literal["table", "json"] = "table",
    store: StoreOptions = _STORE,
) -> int:
    """Name the frames whose correction would help most; needs no annotations.

    It looks at confidence, lost objects, jumps of the area, and masks that differ from the mask
    before, warped by the optical flow. `maskrnn correct` then takes masks of these frames.

    Parameters
    ----------
    run
        Name of the run (RUN, or RUN:PRESET for another of its presets).
    video
        Name of a video. Default: every video of the run.
    count
        How many frames to name per video, at most.
    spacing
        Least number of frames from one to the next, and to given masks. Default: a tenth of the
        video.
    format
        table, or json for programs.
    """

    def show() -> int:
        from flows.corrections.suggest import suggest as suggest_and_print

        url = store_url(store)
        return suggest_and_print(url, run, video, count=count, spacing=spacing, form=format)

    return guarded(show, store)


def correct(
    run: str,
    video: str | None = None,
    *,
    mask: Annotated[tuple[str, ...], Parameter(negative="")],
    backwards: Annotated[bool, Parameter(negative="")] = False,
    out: Path | None = None,
    set: Annotated[list[str] | None, Parameter(consume_multiple=True, negative="")] = None,
    workers: int | None = None,
    dask_address: str | None = None,
    force: Annotated[bool, Parameter(negative="")] = False,
    store: StoreOptions = _STORE,
) -> int:
    """Add masks to a result of a run: finetune on all of them, and compute what they change.

    The frames from the first added mask on are computed again; those before stay as they were. The
    corrected result is a run of its own, which can be corrected again. The old one stays. Of an
    archive, which keeps no frames, all of the row is computed.

    Parameters
    ----------
    run
        Name of the run (RUN, or RUN:PRESET for another of its presets).
    video
        Name of the video, or id of the row of an archive. Default: the only one of the run.
    mask
        FRAME=FILE, an image with the right mask of a frame; once per frame. Objects that it does
        not show stay as they are.
    backwards
        Also compute the frames before an added mask that are nearer to it than to the mask before.
    out
        Folder for the label maps and an overlay video. Default: none, see `maskrnn export`. An
        archive needs one, for the masks of the row.
    set
        Change options, for example finetune.iterations=50.
    workers
        Local worker processes. Default: chosen by cores, memory and GPUs.
    dask_address
        An existing Dask scheduler, for example tcp://127.0.0.1:8786.
    force
        Start even if disk space or memory seems too small.
    """

    def again() -> int:
        from flows.corrections.correct import correct as correct_and_tell
        from flows.corrections.request import CorrectionRequest

        options = overrides(set or []) | ({"inference.backwards": "true"} if backwards else {})
        asked = CorrectionRequest(
            store_url(store), run, video, mask, options, workers, dask_address, force
        )
        return correct_and_tell(asked, out)

    return guarded(again, store)
