"""The keys of all stages for all presets are those of the committed table.

The table was computed from made-up inputs. A key that differs from it strands the artifacts of
every store. `python -m tests.tasks.test_table_of_keys`, run in the project's folder, writes the
table again: for a new preset, or when a stage gives another result and its version was raised.
"""

import dataclasses
import json
from pathlib import Path

from maskrnn_core.ablation import ABLATION
from maskrnn_core.options import ComputeOptions, Preset
from maskrnn_core.presets import PRESETS
from maskrnn_core.synthetic import SyntheticVideo
from maskrnn_core.synthetic.options import SyntheticOptions
from storage.kinds.videos import video_key
from tasks import keys
from tasks.archive.rows import ArchiveMethod
from tasks.clip import StreamedClip, StreamOptions
from tasks.inputs.flow_method import FlowMethod, network_digest
from tasks.keys import PreparedVideo

TABLE = Path(__file__).with_name("keys.json")

VIDEO = PreparedVideo("libby", "video", "content", "flow", (1, 2), 49)
OTHER = PreparedVideo("dogs-jump", "other video", "other content", "other flow", (1,), 66)
CLIP = StreamedClip("/clips/libby.mp4", "/clips/libby.png", "libby", 1.5, 9.0)
METHOD = FlowMethod("raft-large", "/weights/raft.pth", "estimator", "file")
COMPUTES = {
    "as left": ComputeOptions(),
    "cpu": ComputeOptions(device="cpu"),
    "float32": ComputeOptions(precision="float32"),
    "2 threads": ComputeOptions(threads=2),
    "2 processes": ComputeOptions(processes=2),
}
STREAMS = {
    "as left": StreamOptions(),
    "one shot": StreamOptions(cuts=False),
    "other cuts": StreamOptions(cut_ratio=3.0, cut_change=20.0),
    "soft masks": StreamOptions(soft_masks=True),
}


def configurations() -> dict[str, Preset]:
    """Every preset, and every row of the ablation of `small` and `paper`, by name."""
    rows = [
        row.preset(PRESETS[base], finetuned=finetuned)
        for base in ("small", "paper")
        for row in ABLATION
        for finetuned in (True, False)
    ]
    return {preset.name: preset for preset in (*PRESETS.values(), *rows)}


def keys_of(preset: Preset, compute: ComputeOptions) -> dict[str, str]:
    """One key per stage; each from inputs that no other stage made."""
    found = {}
    weights: dict[int, str] = {}
    if preset.network is not None:
        videos = [VIDEO, OTHER]
        static = dataclasses.replace(preset, recurrent=None)
        found["parent"] = keys.parent_key(videos, preset, compute)
        found["static parent"] = keys.parent_key(videos, static, compute)
        found["parent from weights"] = keys.parent_key(videos, preset, compute, "vgg")
        weights = {1: "weights 1", 2: "weights 2"}
    if preset.finetune is not None:
        found["finetuned"] = keys.finetuned_key(VIDEO, 2, "parent", preset, compute)
    found["prediction"] = keys.prediction_key(VIDEO, weights, preset, compute)
    found["stream"] = stream_key(preset, compute, StreamOptions())
    parent = None if preset.network is None else "parent"
    found["archive method"] = ArchiveMethod(METHOD, preset, compute, parent, 480).digest
    return found


def stream_key(preset: Preset, compute: ComputeOptions, options: StreamOptions) -> str:
    parent = None if preset.network is None else "parent"
    return keys.stream_key(
        "frames", "masks", CLIP, 480, "estimator", parent, preset, compute, options
    )


def other_keys() -> dict[str, str]:
    """Keys of what no preset changes."""
    synthetic = SyntheticVideo("val", 1, SyntheticOptions())
    return {
        "video at 128": video_key(synthetic, 128),
        "video at its size": video_key(synthetic, None),
        "synthetic video": synthetic.fingerprint(),
        "flow": keys.flow_key("content", "estimator"),
        "flow by a network": keys.flow_key("content", "estimator", ComputeOptions()),
        "flow by a network on cpu": keys.flow_key("content", "estimator", COMPUTES["cpu"]),
        "flow network": network_digest("raft-large", "file"),
        "evaluation": keys.evaluation_key(VIDEO, "prediction", "davis2016"),
        "imported parent": keys.imported_key("digest of a file"),
    }


def all_keys() -> dict[str, dict[str, dict[str, str]]]:
    small, as_left = PRESETS["small"], COMPUTES["as left"]
    return {
        "presets": {name: keys_of(of, as_left) for name, of in configurations().items()},
        "small, computed otherwise": {name: keys_of(small, c) for name, c in COMPUTES.items()},
        "others": {
            "without a preset": other_keys(),
            "streams of small": {
                name: stream_key(small, as_left, options) for name, options in STREAMS.items()
            },
        },
    }


def flat(table: dict[str, dict[str, dict[str, str]]]) -> dict[str, str]:
    return {
        f"{group} / {name} / {stage}": key
        for group, names in table.items()
        for name, stages in names.items()
        for stage, key in stages.items()
    }


def test_no_key_differs_from_the_table() -> None:
    known, found = flat(json.loads(TABLE.read_text())), flat(all_keys())
    assert known.keys() == found.keys(), (
        "the table lists other presets or stages: run python -m tests.tasks.test_table_of_keys"
    )
    differing = [name for name, key in known.items() if found[name] != key]
    assert not differing, (
        f"{len(differing)} of {len(known)} keys changed, and every artifact under them would be "
        f"made again: {'; '.join(differing[:5])}. Declare a new option with "
        "maskrnn_core.digest.later"
    )


if __name__ == "__main__":
    TABLE.write_text(json.dumps(all_keys(), indent=1) + "\n")
