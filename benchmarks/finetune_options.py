"""Options of finetuning that save time: J against seconds, from one shared parent.

    python benchmarks/finetune_options.py [--root DAVIS --resolution 240 --videos A,B]
        [--train-videos 10] [--rows "default,crop 0.6"] [--set static.steps=2000 ...]

Without --root: two videos of the generated val split. One process and one object at a time, so that
seconds can be compared; a second call on the same store reuses all that is there.
"""

import argparse
from collections.abc import Mapping, Sequence

from maskrnn_core.options import ComputeOptions
from storage.kinds.checkpoints import FINETUNED, load_curve
from storage.kinds.stored_video import open_video
from storage.kinds.tables import read_table
from storage.kinds.videos import video_key
from storage.store.artifacts import ArtifactStore
from tasks import keys, units
from tasks.inputs.configuration import Configuration, configure
from tasks.inputs.flow_method import flow_method
from tasks.inputs.sources import DatasetSpec, open_sources
from tasks.keys import PreparedVideo

ROWS: Mapping[str, Mapping[str, str]] = {
    "default": {},
    "frozen blocks 2": {"finetune.frozen_blocks": "2"},
    "frozen blocks 3": {"finetune.frozen_blocks": "3"},
    "half the iterations": {"finetune.iterations": "120"},
    "crop 0.6": {"finetune.augmentation.crop": "0.6"},
    "patience 20": {"finetune.patience": "20"},
}
"""Changes of the preset `small`, which takes 240 iterations."""
METHOD = flow_method("dis")


def prepare(
    url: str, spec: DatasetSpec, resolution: int | None, names: Sequence[str] | None
) -> list[PreparedVideo]:
    """Videos with their flow in the store."""
    store = ArtifactStore(url)
    prepared = []
    for source in open_sources(spec, names):
        key = video_key(source, resolution)
        units.ingest(url, key, spec, source.name, resolution)
        video = open_video(store, key)
        flow = keys.flow_key(video.content_digest, METHOD.digest)
        units.estimate_flow(url, flow, key, METHOD, ComputeOptions())
        prepared.append(
            PreparedVideo(
                video.name, key, video.content_digest, flow, video.objects, video.frame_count
            )
        )
    return prepared


def measure(
    url: str, videos: Sequence[PreparedVideo], parent: str, options: Configuration, protocol: str
) -> tuple[float, float, float]:
    """Mean J over objects, mean seconds and mean iterations of an object's finetuning."""
    store = ArtifactStore(url)
    preset, compute = options.preset, options.compute
    scores: list[float] = []
    curves = []
    for video in videos:
        tuned = {}
        for object_id in video.objects:
            key = keys.finetuned_key(video, object_id, parent, preset, compute)
            units.finetune(url, key, video, object_id, parent, preset, compute)
            curves.append(load_curve(store, FINETUNED, key))
            tuned[object_id] = key
        prediction = keys.prediction_key(video, tuned, preset, compute)
        units.segment(url, prediction, video, tuned, preset, compute)
        evaluation = keys.evaluation_key(video, prediction, protocol)
        units.evaluate(url, evaluation, video.key, prediction, protocol)
        table = read_table(store, units.EVALUATIONS, evaluation, "per_object")
        scores += [float(score) for score in table["J_mean"]]
    seconds = [sum(point["seconds"] + point["wait"] for point in curve) for curve in curves]
    steps = [len(curve) for curve in curves]
    return sum(scores) / len(scores), sum(seconds) / len(curves), sum(steps) / len(curves)


def main() -> None:
    """Print the table as Markdown."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--store", default="maskrnn-store")
    parser.add_argument("--root", help="of DAVIS-2016")
    parser.add_argument("--resolution", type=int)
    parser.add_argument("--videos", help="of the val split")
    parser.add_argument("--train-videos", type=int, help="the first ones; all where left out")
    parser.add_argument("--rows", default=",".join(ROWS))
    parser.add_argument("--set", nargs="*", default=[], help="options that all rows share")
    arguments = parser.parse_args()
    shared = {"compute.threads": "1", **dict(pair.split("=", 1) for pair in arguments.set)}
    options = configure("small", shared)
    name = "davis2016" if arguments.root else "synthetic"
    protocol = "davis2016" if arguments.root else "davis2017-semi-supervised"
    train, val = (
        DatasetSpec(name, arguments.root, split, options.synthetic) for split in ("train", "val")
    )
    chosen = arguments.videos or ("" if arguments.root else "val-000,val-001")
    videos = prepare(
        arguments.store, val, arguments.resolution, chosen.split(",") if chosen else None
    )
    learned = [source.name for source in open_sources(train)][: arguments.train_videos]
    parent = keys.parent_key(
        trained := prepare(arguments.store, train, arguments.resolution, learned),
        options.preset,
        options.compute,
    )
    units.train(arguments.store, parent, trained, options.preset, options.compute, None)
    print("| finetuning | J | seconds per object | iterations |\n|---|---|---|---|", flush=True)
    for row in arguments.rows.split(","):
        changed = configure("small", {**shared, **ROWS[row]})
        score, seconds, steps = measure(arguments.store, videos, parent, changed, protocol)
        print(f"| {row} | {score:.3f} | {seconds:.1f} | {steps:.0f} |", flush=True)


if __name__ == "__main__":
    main()
