"""How well low confidence names the frames whose mask is wrong.

    python -m benchmarks.confidence_limit RUN [RUN ...] [--store STORE] [--preset small]

The runs are finished benchmarks with annotations. A frame of an object is wrong where its J is
below 0.5. For each limit, and for the product's own rule: the share of frames that it calls
doubtful, the share of these that are wrong (precision), the share of the wrong ones that are found
(recall), and the mean J on both sides.
"""

import argparse
from collections.abc import Sequence

import pandas as pd

from flows.plan.default_store import default_store
from maskrnn_core.inference.state import TrackState
from storage.runs.ledger import RunLedger
from storage.store.artifacts import ArtifactStore
from tasks.reporting.folder import report_folder
from tasks.scores.confidence import LOW, doubtful_frames

LIMITS = (0.5, 0.6, 0.7, 0.75, LOW, 0.85, 0.9, 0.95)
WRONG = 0.5


def frames_of(store: ArtifactStore, run: str, preset: str) -> pd.DataFrame:
    """A row per counted frame and object of a run: confidence, state, J."""
    folder = report_folder(store, RunLedger(store, run).location)
    scores = pd.read_csv(folder / "per_frame.csv")
    return scores[(scores["preset"] == preset) & scores["counted"]]


def by_rule(frames: pd.DataFrame) -> pd.Series:
    """Which frames the product calls doubtful."""
    return frames.groupby(["run", "video", "object"])["confidence"].transform(
        lambda confidence: doubtful_frames(
            frames.loc[confidence.index, "state"].to_numpy(), confidence.to_numpy()
        )
    )


def row(frames: pd.DataFrame, name: str, doubtful: pd.Series) -> str:
    """One line of the table."""
    wrong = frames["J"] < WRONG
    found = (doubtful & wrong).sum()
    figures = [
        doubtful.mean(),
        found / max(doubtful.sum(), 1),
        found / max(wrong.sum(), 1),
        frames.loc[doubtful, "J"].mean(),
        frames.loc[~doubtful, "J"].mean(),
    ]
    return f"{name:<8}" + "".join(f"{figure:>12.3f}" for figure in figures)


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("runs", nargs="+")
    parser.add_argument("--store", default=default_store())
    parser.add_argument("--preset", default="small")
    options = parser.parse_args(arguments)
    store = ArtifactStore(options.store)
    frames = pd.concat(
        [frames_of(store, run, options.preset).assign(run=run) for run in options.runs],
        ignore_index=True,
    )
    wrong = (frames["J"] < WRONG).mean()
    print(f"{len(frames)} frames of objects, {wrong:.1%} of them wrong (J below {WRONG})\n")
    heads = ("doubtful", "precision", "recall", "J doubtful", "J others")
    print(f"{'limit':<8}" + "".join(f"{head:>12}" for head in heads))
    for limit in LIMITS:
        low = (frames["confidence"] < limit) | (frames["state"] == TrackState.LOST)
        print(row(frames, str(limit), low))
    print(row(frames, "rule", by_rule(frames)))


if __name__ == "__main__":
    main()
