"""Corrections: J with one mask, and with further masks in suggested or in random frames.

    python -m benchmarks.corrections RUN --videos A,B [--store STORE] [--masks 2] [--seeds 0,1,2]
        [--backwards] [--set finetune.iterations=50 ...]

RUN is a finished benchmark with kept weights, such as `maskrnn benchmark --dataset davis2016 --root
DIR --preset accurate --compare "" --run-id RUN`. The masks of corrections are the annotations of
their frames, and each correction goes on from the one before. J is taken over the frames that the
protocol counts and that no variant was given. Seconds are those of finetuning and segmentation in
the workers: of the whole video, and of one correction.
"""

import argparse
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from flows.corrections.correct import prepare_correction
from flows.corrections.request import CorrectionRequest
from flows.corrections.results import FoundRun, find_run
from flows.corrections.suggest import suggestions
from flows.runs.whole_run import carry_out
from storage.export.png_folders import palette_png
from storage.kinds.checkpoints import FINETUNED
from storage.kinds.predictions import StoredPrediction
from storage.kinds.stored_video import open_video
from storage.kinds.tables import read_table
from storage.store.artifacts import ArtifactStore
from tasks.scores.suggestions import given_frames
from tasks.units.evaluate import EVALUATIONS

Choice = Callable[[FoundRun, str], int | None]
"""Chooses the next frame to correct of a video; None if there is none."""


@dataclass(frozen=True)
class Variant:
    """One result of a video.

    Args:
        masks: number of frames whose masks it was given.
        given: these frames.
        scores: J by frame and object, of the frames that the protocol counts.
        seconds: of its finetuning and segmentation.
    """

    masks: int
    given: frozenset[int]
    scores: Mapping[tuple[int, int], float]
    seconds: float


def corrected(
    store: ArtifactStore, run: str, video: str, choose: Choice, arguments: argparse.Namespace
) -> Iterator[Variant]:
    """Correct a video frame by frame; give the result of each step."""
    options = dict(pair.split("=", 1) for pair in arguments.set)
    if arguments.backwards:
        options["inference.backwards"] = "true"
    for _ in range(arguments.masks):
        found = find_run(store, run)
        index = choose(found, video)
        if index is None:
            return
        stored = open_video(store, found.results.keys[video].video)
        mask = stored.annotation(index)
        assert mask is not None, f"{video} has no annotation of frame {index}"
        before = found.prediction(video)
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "mask.png"
            file.write_bytes(palette_png(mask))
            named = f"{stored.frame_names[index]}={file}"
            asked = CorrectionRequest(store.url, run, video, [named], options, arguments.workers)
            resolved = prepare_correction(asked)
        end = carry_out(resolved)
        assert end.is_complete, end.message
        run = resolved.parameters.run_name
        yield variant(store, find_run(store, run), video, before)


def variant(
    store: ArtifactStore, found: FoundRun, video: str, before: StoredPrediction | None = None
) -> Variant:
    """What a run has for a video."""
    prediction = found.prediction(video)
    key = found.results.keys[video].evaluations[found.preset]
    table = read_table(store, EVALUATIONS, key, "per_frame")
    counted = table[table["counted"]]
    scores = {
        (int(frame), int(object_id)): float(score)
        for frame, object_id, score in zip(
            counted["frame"], counted["object"], counted["J"], strict=True
        )
    }
    given = frozenset(i for frames in given_frames(prediction).values() for i in frames)
    return Variant(len(given), given, scores, seconds_of(store, prediction, before))


def seconds_of(
    store: ArtifactStore, prediction: StoredPrediction, before: StoredPrediction | None
) -> float:
    """Seconds of segmentation, and of finetuning the weights that the result before lacks."""
    known = set() if before is None else set(before.metadata.get("weights", {}).values())
    made = set(prediction.metadata.get("weights", {}).values()) - known
    tuned = [
        float(store.open(FINETUNED, key).metadata["seconds"])
        for key in made
        if store.exists(FINETUNED, key)
    ]
    return float(prediction.metadata["seconds"]) + sum(tuned)


def mean_j(shown: Variant, variants: list[Variant]) -> float:
    """Mean over objects of the mean J over frames that no variant was given."""
    given = frozenset().union(*(other.given for other in variants))
    objects = sorted({object_id for _, object_id in shown.scores})
    return float(
        np.mean(
            [
                np.mean([j for (t, i), j in shown.scores.items() if i == one and t not in given])
                for one in objects
            ]
        )
    )


def suggested(store: ArtifactStore) -> Choice:
    """The frame that `maskrnn suggest` names first."""

    def choose(found: FoundRun, video: str) -> int | None:
        named = suggestions(store, found, video, 1, None)
        return named[0].index if named else None

    return choose


def random_frame(seed: int) -> Choice:
    """A frame that is not given yet."""

    def choose(found: FoundRun, video: str) -> int | None:
        prediction = found.prediction(video)
        given = {i for frames in given_frames(prediction).values() for i in frames}
        left = [index for index in range(prediction.frame_count) if index not in given]
        rng = np.random.default_rng([seed, len(given), prediction.frame_count])
        return int(rng.choice(left)) if left else None

    return choose


def main() -> None:
    """Print a table as Markdown: a row per video and number of masks."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("run", help="a run, or RUN:PRESET")
    parser.add_argument("--store", default="maskrnn-store")
    parser.add_argument("--videos", help="all of the run where left out")
    parser.add_argument("--masks", type=int, default=2, help="masks to add")
    parser.add_argument("--seeds", default="0", help="of the random frames; J is their mean")
    parser.add_argument("--backwards", action="store_true")
    parser.add_argument("--workers", type=int)
    parser.add_argument("--set", nargs="*", default=[], help="options of the corrections")
    arguments = parser.parse_args()
    store = ArtifactStore(arguments.store)
    found = find_run(store, arguments.run)
    videos = arguments.videos.split(",") if arguments.videos else found.results.videos
    seeds = [int(seed) for seed in arguments.seeds.split(",")]
    print(
        "| video | masks | frames suggested | J suggested | frames random | J random "
        "| s video | s correction |\n|---|---|---|---|---|---|---|---|"
    )
    for video in videos:
        first = variant(store, found, video)
        best = [*corrected(store, arguments.run, video, suggested(store), arguments)]
        others = [
            [*corrected(store, arguments.run, video, random_frame(seed), arguments)]
            for seed in seeds
        ]
        every = [first, *best, *(shown for row in others for shown in row)]
        one = f"{mean_j(first, every):.3f}"
        print(f"| {video} | 1 | | {one} | | {one} | {first.seconds:.0f} | |", flush=True)
        for step, shown in enumerate(best):
            drawn = [row[step] for row in others if step < len(row)]
            chance = np.mean([mean_j(other, every) for other in drawn]) if drawn else np.nan
            places = "; ".join(_frames(other, first) for other in drawn)
            print(
                f"| {video} | {step + 2} | {_frames(shown, first)} | {mean_j(shown, every):.3f} "
                f"| {places} | {chance:.3f} | {first.seconds:.0f} | {shown.seconds:.0f} |",
                flush=True,
            )


def _frames(shown: Variant, first: Variant) -> str:
    return ", ".join(map(str, sorted(shown.given - first.given)))


if __name__ == "__main__":
    main()
