"""How much of the slowest stage's rate a clip keeps when decoding, flow and network work together.

    python benchmarks/stage_overlap.py [--lines 240] [--objects 3] [--frames 40] [--threads 1]

Draws a clip with exact masks and takes each stage alone: decoding, optical flow of decoded frames,
segmentation of frames whose optical flow is known. Then `segment_stream`, as `maskrnn segment` and
archives call it, does all of them and writes the result. The networks have random weights and are
not finetuned: what they see is not to be judged, what it costs is.
"""

import argparse
import dataclasses
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path

from PIL import Image

from maskrnn_core.inference.segmentation import VideoSegmenter
from maskrnn_core.networks import build_network, weights_of
from maskrnn_core.optical_flow.streaming import stream_flow
from maskrnn_core.options import ComputeOptions, Preset
from maskrnn_core.presets import preset
from maskrnn_core.synthetic import SyntheticOptions, SyntheticVideo
from storage.kinds.checkpoints import PARENTS, save_checkpoint
from storage.store.artifacts import ArtifactStore
from tasks import units
from tasks.clip import StreamedClip, StreamOptions
from tasks.inputs.flow_method import FlowMethod, flow_method
from tasks.streaming.frames import FrameWithFlow
from tasks.streaming.opened_clip import OpenedClip
from tasks.streaming.video import ForwardVideo

PRESETS = ("propagate", "small", "oneshot")
NO_CUTS = StreamOptions(cuts=False)


def drawn_clip(folder: Path, video: SyntheticVideo) -> StreamedClip:
    """The frames as PNG, and the first label map."""
    frames = folder / "clip"
    frames.mkdir()
    for index in range(video.frame_count):
        Image.fromarray(video.frame(index)).save(frames / f"{index:05d}.png", compress_level=1)
    mask = Image.fromarray(video.label_map(0)).convert("P")
    mask.putpalette([0, 0, 0, 200, 0, 0, 0, 200, 0, 0, 0, 200])
    mask.save(folder / "first.png")
    return StreamedClip(str(frames), str(folder / "first.png"), "clip")


def seconds_of(items: Iterable[object]) -> float:
    """Wall time for going through the items."""
    began = time.perf_counter()
    for _ in items:
        pass
    return time.perf_counter() - began


def read_ahead(
    clip: OpenedClip, method: FlowMethod, compute: ComputeOptions
) -> tuple[float, list[FrameWithFlow]]:
    """Seconds of optical flow alone, and the frames with it."""
    shown = [clip.frame(index) for index in range(clip.frame_count)]
    estimator = method.build(compute)
    began = time.perf_counter()
    flows = list(stream_flow(estimator, shown.__getitem__, clip.frame_count))
    seconds = time.perf_counter() - began
    return seconds, [FrameWithFlow(i, shown[i], back, forth, False) for i, back, forth in flows]


def measured(
    chosen: Preset, clip: StreamedClip, store: ArtifactStore, compute: ComputeOptions
) -> dict[str, float]:
    """Seconds of each stage alone, and of all together."""
    opened, method = OpenedClip(clip.open(), None), flow_method("dis")
    seconds = {"decode": seconds_of(map(opened.frame, range(opened.frame_count)))}
    seconds["flow"], frames = read_ahead(opened, method, compute)
    parent, weights = None, {}
    if chosen.network is not None:
        parent = chosen.name
        network = weights_of(build_network(chosen.network))
        weights = dict.fromkeys(opened.objects, network)
        save_checkpoint(store, PARENTS, parent, network, {})
    segmenter = VideoSegmenter(
        ForwardVideo(opened, iter(frames)), weights, chosen, compute, starts=opened.starts
    )
    seconds["segment"] = seconds_of(segmenter.frames())
    began = time.perf_counter()
    figures = units.segment_stream(
        store.url,
        f"{chosen.name}-result",
        clip,
        method,
        parent,
        chosen,
        compute,
        None,
        {},
        options=NO_CUTS,
    )
    seconds["together"] = time.perf_counter() - began - figures.seconds["open"]
    return seconds


def row(name: str, seconds: dict[str, float], frames: int) -> str:
    """One line of the table, in frames per second."""
    rates = {stage: frames / taken for stage, taken in seconds.items()}
    together = rates.pop("together")
    slowest = min(rates, key=rates.__getitem__)
    told = "".join(f"{rate:>10.1f}" for rate in rates.values())
    return f"{name:<12}{told}{together:>10.1f}   {together / rates[slowest]:>4.0%} of {slowest}"


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--lines", type=int, default=240)
    parser.add_argument("--objects", type=int, default=3)
    parser.add_argument("--frames", type=int, default=40)
    parser.add_argument("--threads", type=int, default=1, help="of the networks")
    options = parser.parse_args()
    size = (options.lines, round(options.lines * 16 / 9 / 16) * 16)
    drawing = SyntheticOptions(
        size=size, frames_val=options.frames, object_counts=(options.objects,)
    )
    compute = ComputeOptions(device="cpu", threads=options.threads)
    print(f"{size[0]}x{size[1]}, {options.objects} objects; frames per second\n")
    print(f"{'preset':<12}{'decode':>10}{'flow':>10}{'segment':>10}{'together':>10}")
    with tempfile.TemporaryDirectory() as folder:
        clip = drawn_clip(Path(folder), SyntheticVideo("val", 0, drawing))
        store = ArtifactStore(f"{folder}/store")
        for name in PRESETS:
            chosen = dataclasses.replace(preset(name), finetune=None)
            print(row(name, measured(chosen, clip, store, compute), options.frames), flush=True)


if __name__ == "__main__":
    main()
