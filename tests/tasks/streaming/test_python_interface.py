"""The same file gives the same result from Python as from the pipeline."""

from pathlib import Path

import numpy as np
import pytest

from maskrnn_core.interface import segment
from maskrnn_core.options import Preset
from storage.kinds.checkpoints import PARENTS, load_checkpoint
from storage.kinds.predictions import StoredPrediction
from tasks.clip import StreamOptions
from tests.tasks.streaming.clips import CPU, scenes, write_clip
from tests.tasks.units.streams import METHOD, PROPAGATE, TINY, store_with_parent, stream


@pytest.mark.parametrize(
    ("chosen", "given"), [(TINY, [0]), (PROPAGATE, [0, 3])], ids=["network", "propagate"]
)
def test_python_and_the_pipeline_agree(tmp_path: Path, chosen: Preset, given: list[int]) -> None:
    """With one mask if there is a network: the pipeline finetunes on masks still to come."""
    store = store_with_parent(tmp_path / "store")
    scene = scenes(1, 6)[0]
    clip = write_clip(tmp_path, [scene], given)
    parent = None if chosen is PROPAGATE else "p"
    once = StreamOptions(cuts=False)
    stream(store, clip, preset=chosen, parent=parent, short_side=32, options=once)
    stored = StoredPrediction(store, "k")
    weights = load_checkpoint(store, PARENTS, "p")[0] if parent else None
    masks = {index: scene.label_map(index) for index in given}
    results = segment(
        clip.video, masks, chosen, weights, flow=METHOD.name, resolution=32, compute=CPU
    )
    for index, found in enumerate(results):
        np.testing.assert_array_equal(found.label_map, stored.label_map(index))
        boxes = np.stack([one.box for one in found.objects.values()])
        np.testing.assert_array_equal(boxes, stored.boxes[index])
    assert found.index == 5
