"""Train, finetune, segment and evaluate from a file of `pack_videos.py`, on any CUDA machine.

    PYTHONPATH=. python benchmarks/run_packed.py davis.zip --out results --configurations small

Needs maskrnn_core with torch, numpy and OpenCV; no store, no Prefect, no Dask. A configuration is a
preset, or a row of the ablation such as `small+warp` or `small+rnn-offline`. What is in `--out`
is not computed again: parents by what they were trained from, results by sequence.
"""

import argparse
import dataclasses
import hashlib
import json
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from packed_videos import PackedVideo, read_pack

from maskrnn_core.ablation import ABLATION
from maskrnn_core.digest import stable_digest
from maskrnn_core.inference import segment
from maskrnn_core.metrics import VideoEvaluator, protocol
from maskrnn_core.networks import build_network, weights_of
from maskrnn_core.networks.weights import Weights, load_vgg16
from maskrnn_core.options import ComputeOptions, NetworkOptions, Preset
from maskrnn_core.presets import PRESETS, preset
from maskrnn_core.training.curve import CurvePoint
from maskrnn_core.training.finetuning import finetune
from maskrnn_core.training.identity import offline_parts
from maskrnn_core.training.parent import train_parent


def named_preset(name: str) -> Preset:
    """A preset, or a row of the ablation of one."""
    rows = {
        row.name_on(base, finetuned=finetuned): (row, base, finetuned)
        for base in PRESETS
        for row in ABLATION
        for finetuned in (True, False)
    }
    if name not in rows:
        return preset(name)
    row, base, finetuned = rows[name]
    return row.preset(preset(base), finetuned=finetuned)


def changed(options: Any, path: Sequence[str], value: Any) -> Any:
    """Options with the one at a path replaced; a stage that is left out stays so."""
    if options is None:
        return None
    if len(path) > 1:
        value = changed(getattr(options, path[0]), path[1:], value)
    return dataclasses.replace(options, **{path[0]: value})


def save(weights: Weights, file: Path) -> None:
    """Whole or not at all; safetensors where that is installed, else npz under the same name."""
    draft = file.with_suffix(".draft")
    try:
        from safetensors.numpy import save_file

        save_file(dict(weights), draft)
    except ImportError:
        with draft.open("wb") as stream:
            np.savez(stream, **dict(weights))  # type: ignore[arg-type]
    draft.replace(file)


def load(file: Path) -> Weights:
    """What `save` wrote."""
    try:
        with np.load(file) as arrays:
            return {name: arrays[name] for name in arrays.files}
    except ValueError:  # no npz
        from safetensors.numpy import load_file

        return load_file(file)


def from_vgg16(options: NetworkOptions, file: Path) -> Weights:
    """Weights of a network with both streams filled from a state_dict of torchvision's VGG-16."""
    torch.manual_seed(0)
    network = build_network(options)
    load_vgg16(network, torch.load(file, map_location="cpu", weights_only=True))
    return weights_of(network)


class Runner:
    """One pack, one folder of results.

    Args:
        train: videos of the parents, with their flow.
        val: videos to segment, with their flow.
        data: identity of both.
        out: folder of parents, masks and figures.
        compute: device, precision, threads.
        rules: name of the evaluation protocol.
        vgg16: file with a state_dict of torchvision's VGG-16 to start from; None: random weights.
    """

    def __init__(
        self,
        train: Sequence[PackedVideo],
        val: Sequence[PackedVideo],
        data: str,
        out: Path,
        compute: ComputeOptions,
        rules: str,
        vgg16: Path | None,
    ) -> None:
        self._vgg16 = vgg16
        self._train, self._val, self._data = train, val, data
        self._out, self._compute, self._rules = out, compute, rules

    def run(self, chosen: Preset) -> list[float]:
        """Print a line per sequence; returns J of every object."""
        parent = None if chosen.network is None else self.parent(chosen)
        options = dataclasses.replace(chosen, name="")
        digest = stable_digest([self._data, options, self._rules])
        folder = self._out / f"{chosen.name}-{digest[:8]}"
        scores = []
        for video in self._val:
            file = folder / f"{video.name}.json"
            if not file.exists():
                found = self._segmented(video, chosen, parent, folder / "masks" / video.name)
                draft = file.with_suffix(".draft")
                draft.write_text(json.dumps(found, indent=1))
                draft.replace(file)
            figures = json.loads(file.read_text())
            scores += figures["J"]
            j, f = np.mean(figures["J"]), np.mean(figures["F"])
            print(
                f"{chosen.name:<24} {video.name:<20} J {j:.4f}  F {f:.4f}  "
                f"{figures['seconds']:.0f} s",
                flush=True,
            )
        return scores

    def parent(self, chosen: Preset) -> Weights:
        """Trained, or found; both stages are kept, so that configurations share the first."""
        identity = stable_digest([self._data, *offline_parts(chosen)])
        file = self._out / "parents" / identity[:16]
        if file.exists():
            return load(file)
        file.parent.mkdir(parents=True, exist_ok=True)
        initial, stage = None, chosen
        if chosen.static is not None and chosen.recurrent is not None:
            initial = self.parent(dataclasses.replace(chosen, recurrent=None))
            stage = dataclasses.replace(chosen, static=None)
        elif self._vgg16 is not None and chosen.network is not None:
            initial = from_vgg16(chosen.network, self._vgg16)
        started = time.perf_counter()
        trained = train_parent(self._train, stage, self._compute, initial, on_step=_progress)
        save(trained.weights, file)
        curve = [dataclasses.asdict(point) for point in trained.curve]
        file.with_suffix(".json").write_text(json.dumps(curve))
        print(f"{file.name}: trained in {time.perf_counter() - started:.0f} s", flush=True)
        return trained.weights

    def _segmented(
        self, video: PackedVideo, chosen: Preset, parent: Weights | None, masks: Path
    ) -> dict[str, Any]:
        started = time.perf_counter()
        weights = {}
        if parent is not None:
            weights = {
                object_id: parent
                if chosen.finetune is None
                else finetune(video, object_id, parent, chosen, self._compute).weights
                for object_id in video.objects
            }
        evaluator = VideoEvaluator(
            protocol(self._rules), video.objects, len(video.annotated), stability=False
        )
        masks.mkdir(parents=True, exist_ok=True)
        for frame in segment(video, weights, chosen, self._compute):
            cv2.imwrite(str(masks / f"{frame.index:05d}.png"), frame.label_map)
            annotation = video.annotation(frame.index)
            if annotation is not None:
                evaluator.add(annotation, frame.label_map)
        objects = evaluator.result().objects
        return {
            "J": [item.region_summary.mean for item in objects],
            "F": [item.contour_summary.mean for item in objects],
            "seconds": time.perf_counter() - started,
        }


def _progress(point: CurvePoint, steps: int) -> None:
    if point.step % 100 == 0:
        print(
            f"{point.stage} {point.step} of {steps}: loss {point.loss:.4f}, {point.seconds:.3f} s",
            flush=True,
        )


def main() -> None:
    """Print J per sequence and configuration, then the means over all objects."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("pack", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--configurations", default="small,propagate,first-frame")
    parser.add_argument("--set", nargs="*", default=[], metavar="KEY=VALUE")
    parser.add_argument("--videos", help="of the val split, separated by commas")
    parser.add_argument("--train-videos", type=int)
    parser.add_argument("--initial-weights", type=Path, help="state_dict of torchvision's VGG-16")
    parser.add_argument("--protocol", default="davis2016")
    parser.add_argument("--flow", default="dis")
    parser.add_argument("--device", choices=["auto", "cpu", "cuda"], default="auto")
    parser.add_argument("--threads", type=int, default=4)
    arguments = parser.parse_args()
    presets = [named_preset(name) for name in arguments.configurations.split(",")]
    for pair in arguments.set:
        key, _, value = pair.partition("=")
        presets = [changed(item, key.split("."), json.loads(value)) for item in presets]
    started = time.perf_counter()
    train = []
    if any(item.network is not None for item in presets):
        train = read_pack(arguments.pack, "train", arguments.flow, arguments.threads)
    val = read_pack(arguments.pack, "val", arguments.flow, arguments.threads)
    wanted = arguments.videos.split(",") if arguments.videos else [video.name for video in val]
    print(f"videos and flow in {time.perf_counter() - started:.0f} s", flush=True)
    read = [arguments.pack, arguments.initial_weights]
    content = [hashlib.sha256(file.read_bytes()).hexdigest() for file in read if file is not None]
    runner = Runner(
        train[: arguments.train_videos],
        [video for video in val if video.name in wanted],
        stable_digest([content, arguments.train_videos, arguments.flow]),
        arguments.out,
        ComputeOptions(device=arguments.device, threads=arguments.threads),
        arguments.protocol,
        arguments.initial_weights,
    )
    means = {item.name: float(np.mean(runner.run(item))) for item in presets}
    for name, mean in means.items():
        print(f"{name:<24} mean J {mean:.4f}")


if __name__ == "__main__":
    main()
