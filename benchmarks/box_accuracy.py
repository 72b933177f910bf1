"""How well the localization nets of a run mend boxes, over the frames of its videos.

    python -m benchmarks.box_accuracy RUN [--preset small] [--store STORE]
        [--set KEY=VALUE ...]

In every annotated frame the finetuned network of an object reads the frame and the true mask,
perturbed as in training. The first frame, which finetuning has seen, is left out. The table has the
mean IoU with the object's box, of the perturbed mask's box and of the regressed one, and J of what
the network answered. Name the options that the run was started with.
"""

import argparse
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pandas as pd
import torch

from flows.plan.default_store import default_store
from maskrnn_core.compute import Compute, resolve_compute
from maskrnn_core.networks import MaskRNN, build_network, load_weights
from maskrnn_core.options import AugmentationOptions, FinetuneOptions, Preset
from maskrnn_core.samples.batches import collate, vary
from maskrnn_core.samples.reading import read_sample
from maskrnn_core.training.static import static_loss
from maskrnn_core.video import Video
from storage.kinds.checkpoints import load_checkpoint
from storage.kinds.stored_video import StoredVideo
from storage.runs.ledger import RunLedger
from storage.runs.names import StageName
from storage.store.artifacts import ArtifactStore
from tasks.inputs.configuration import configure

_WHOLE = AugmentationOptions(flip=False, rotation=0.0, scale=(1.0, 1.0))


def objects_of(
    store: ArtifactStore, run: str, preset: Preset
) -> Iterator[tuple[StoredVideo, int, MaskRNN]]:
    """Each video and object that a run has finetuned to, with its network."""
    if preset.network is None:
        raise SystemExit(f"{preset.name} has no network")
    for record in RunLedger(store, run).records():
        stages = {StageName.parse(name): stage for name, stage in record.stages.items()}
        tuned = [name for name in stages if (name.kind, name.preset) == ("finetune", preset.name)]
        for name in tuned:
            [(_, video)] = stages[StageName("ingest")].artifacts
            [(_, flow)] = stages[StageName("flow")].artifacts
            [(kind, key)] = stages[name].artifacts
            network = build_network(preset.network)
            load_weights(network, load_checkpoint(store, kind, key)[0])
            yield StoredVideo(store, video, flow), name.object_id or 0, network.eval()


def measured(
    video: Video, object_id: int, network: MaskRNN, options: FinetuneOptions, compute: Compute
) -> pd.DataFrame:
    """A row per frame that shows the object: what `static_loss` measures."""
    rows = []
    for index in range(video.first_frame(object_id) + 1, video.frame_count):
        if video.label_map(index) is None:
            continue
        sample = read_sample(video, index, object_id, with_flows=network.motion is not None)
        rng = np.random.default_rng([options.seed, object_id, index])
        varied = vary(sample, f"{video.name}, frame {index}", rng, video.size, options)
        batch = collate([varied])
        if batch.valid.any():
            with torch.no_grad():
                figures = static_loss(network, batch, options, compute).figures
            rows.append({name: float(figure) for name, figure in figures.items()})
    return pd.DataFrame(rows)


def main() -> None:
    """Print a row per object, and their mean."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("run")
    parser.add_argument("--preset", default="small")
    parser.add_argument("--store", default=default_store())
    parser.add_argument("--set", nargs="*", default=[])
    arguments = parser.parse_args()
    chosen = configure(arguments.preset, dict(pair.split("=", 1) for pair in arguments.set))
    preset, compute = chosen.preset, resolve_compute(chosen.compute)
    if preset.finetune is None:
        raise SystemExit(f"{preset.name} is not finetuned")
    options = replace(preset.finetune, augmentation=_WHOLE)
    rows = {}
    for video, object_id, network in objects_of(
        ArtifactStore(arguments.store), arguments.run, preset
    ):
        table = measured(video, object_id, network, options, compute)
        rows[f"{video.name}/{object_id}"] = table[["proposal_iou", "box_iou", "J"]].mean()
    table = pd.DataFrame(rows).T
    table.loc["mean"] = table.mean()
    print(table.to_markdown(floatfmt=".3f"))


if __name__ == "__main__":
    main()
