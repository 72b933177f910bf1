"""Defines what `maskrnn correct` is asked for."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from maskrnn_core.digest import stable_digest

_NAME = re.compile(r"-corrected-[0-9a-f]{8}$")


@dataclass(frozen=True)
class CorrectionRequest:
    """What `maskrnn correct` was asked for.

    Args:
        store: URL of the store.
        run: RUN, or RUN:PRESET.
        video: name of the video; None for the only one of the run.
        masks: FRAME=FILE each.
        overrides: options to change, by dotted name.
        workers: as for a run.
        dask_address: as for a run.
        force: as for a run.
    """

    store: str
    run: str
    video: str | None
    masks: Sequence[str]
    overrides: Mapping[str, str] = field(default_factory=dict)
    workers: int | None = None
    dask_address: str | None = None
    force: bool = False


def corrected_run(run: str, *parts: object) -> str:
    """Name of the run that makes a corrected result: the same parts continue the same run.

    Args:
        run: name of the run with the result before.
        parts: what the corrected result depends on, as `stable_digest` takes it.
    """
    return f"{_NAME.sub('', run)}-corrected-{stable_digest(parts)[:8]}"
