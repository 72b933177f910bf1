"""The packages of docs/trackers.md: the template itself, the wrappers with stand-ins.

The stand-ins have the interface of transformers' video session and of Cutie's `InferenceCore`, as
far as the wrappers use it; their method is to shift every mask by one pixel per frame.
"""

import importlib
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch

from maskrnn_core.synthetic import SyntheticOptions, synthetic_videos
from maskrnn_core.trackers.protocol import FrameTracker, ResumableTracker
from tests.tracker_packages import install_example

SIZE = (40, 56)


def module(name: str, **members: Any) -> ModuleType:
    """A module of that name."""
    made = ModuleType(name)
    vars(made).update(members)
    return made


def shifted(mask: torch.Tensor) -> torch.Tensor:
    return torch.roll(mask, 1, dims=-1)


class Session:
    """As `Sam2VideoInferenceSession`: objects and their newest masks."""

    def __init__(self) -> None:
        self.masks: dict[int, torch.Tensor] = {}
        self.fresh: list[int] = []
        self.frames = 0


class Sam2VideoProcessor:
    """As that of transformers."""

    @classmethod
    def from_pretrained(cls, name: str, revision: str) -> "Sam2VideoProcessor":
        assert (name, revision) == ("facebook/sam2.1-hiera-tiny", "main")
        return cls()

    def init_video_session(self, *, inference_device: str, video_storage_device: str) -> Session:
        assert (inference_device, video_storage_device) == ("cpu", "cpu")
        return Session()

    def __call__(self, *, images: Any, device: str, return_tensors: str) -> SimpleNamespace:
        assert images.shape == (*SIZE, 3)
        assert return_tensors == "pt"
        return SimpleNamespace(pixel_values=torch.zeros(1, 3, 64, 64))

    def add_inputs_to_inference_session(
        self,
        *,
        inference_session: Session,
        frame_idx: int,
        obj_ids: list[int],
        input_masks: list[Any],
        original_size: tuple[int, int],
    ) -> Session:
        assert frame_idx == inference_session.frames
        assert len(obj_ids) == len(input_masks)
        assert original_size == SIZE
        for object_id, mask in zip(obj_ids, input_masks, strict=True):
            inference_session.masks[object_id] = torch.tensor(mask, dtype=torch.bool)
        inference_session.fresh = obj_ids
        return inference_session

    def post_process_masks(
        self, masks: list[torch.Tensor], original_sizes: list[Any], binarize: bool
    ) -> list[torch.Tensor]:
        assert original_sizes == [SIZE]
        assert not binarize
        return masks


class Sam2VideoModel:
    """As that of transformers, called with a streamed frame."""

    @classmethod
    def from_pretrained(cls, name: str, revision: str) -> "Sam2VideoModel":
        return cls()

    def to(self, device: str) -> "Sam2VideoModel":
        return self

    def __call__(self, *, inference_session: Session, frame: torch.Tensor) -> SimpleNamespace:
        assert frame.shape == (3, 64, 64)
        session = inference_session
        session.masks = {
            i: mask if i in session.fresh else shifted(mask) for i, mask in session.masks.items()
        }
        session.fresh, session.frames = [], session.frames + 1
        logits = torch.stack([mask.float() * 8 - 4 for mask in session.masks.values()])
        return SimpleNamespace(pred_masks=logits[:, None], object_ids=list(session.masks))


class InferenceCore:
    """As that of Cutie: probabilities of background and objects, in the order they came."""

    def __init__(self, network: Any, cfg: Any) -> None:
        assert network.cfg is cfg
        self.max_internal_size, self.mem_every = -1, 1
        self.masks: dict[int, torch.Tensor] = {}

    def step(
        self, image: torch.Tensor, mask: Any = None, objects: Any = None, *, idx_mask: bool = True
    ) -> torch.Tensor:
        assert image.shape == (3, *SIZE)
        assert float(image.max()) <= 1
        assert (self.max_internal_size, self.mem_every) == (240, 5)
        self.masks = {i: shifted(found) for i, found in self.masks.items()}
        if mask is not None:
            assert idx_mask
            self.masks |= {i: mask == i for i in objects}
        planes = torch.stack([found.float() for found in self.masks.values()])
        return torch.cat([1 - planes.amax(0, keepdim=True), planes])

    def output_prob_to_mask(self, output_prob: torch.Tensor) -> torch.Tensor:
        ids = torch.tensor([0, *self.masks])
        return ids[output_prob.argmax(0)]


class Network(SimpleNamespace):
    """As the model of Cutie."""

    def to(self, device: str) -> "Network":
        return self


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder on the search path, with the stand-ins already imported."""
    folder = tmp_path / "site"
    folder.mkdir()
    monkeypatch.syspath_prepend(folder)
    (folder / "transformers-9.0.dist-info").mkdir()
    (folder / "transformers-9.0.dist-info" / "METADATA").write_text(
        "Metadata-Version: 2.4\nName: transformers\nVersion: 9.0\n"
    )
    for stand_in in (
        module(
            "transformers", Sam2VideoModel=Sam2VideoModel, Sam2VideoProcessor=Sam2VideoProcessor
        ),
        module("cutie"),
        module("cutie.inference"),
        module("cutie.inference.inference_core", InferenceCore=InferenceCore),
        module("cutie.utils"),
        module("cutie.utils.get_default_model", get_default_model=lambda: Network(cfg="cfg")),
    ):
        monkeypatch.setitem(sys.modules, stand_in.__name__, stand_in)
    return folder


@pytest.mark.parametrize(
    ("example", "made", "options"),
    [
        ("sam2", "maskrnn_sam2:Sam2Tracker", {"device": "cpu"}),
        ("cutie", "maskrnn_cutie:CutieTracker", {"device": "cpu", "max_internal_size": 240}),
    ],
)
def test_wrappers_give_label_maps(
    site: Path, example: str, made: str, options: dict[str, Any]
) -> None:
    install_example(site, example)
    name, _, kind = made.partition(":")
    tracker = getattr(importlib.import_module(name), kind)(**options)
    assert isinstance(tracker, FrameTracker)
    assert tracker.digest
    frame, first, later = np.zeros((*SIZE, 3), np.uint8), *np.zeros((2, *SIZE), np.uint8)
    frame[0, 0] = 255
    first[5:9, 5:9] = 7
    later[20:24, 30:34] = 3
    np.testing.assert_array_equal(tracker.step(frame, first), first)
    np.testing.assert_array_equal(tracker.step(frame), np.roll(first, 1, axis=1))
    both = np.roll(first, 2, axis=1) + later
    np.testing.assert_array_equal(tracker.step(frame, later), both)
    np.testing.assert_array_equal(tracker.step(frame), np.roll(both, 1, axis=1))


def test_the_template_follows_and_resumes(site: Path) -> None:
    install_example(site, "template")
    kind: Any = importlib.import_module("maskrnn_template_tracker").PatchTracker
    options = SyntheticOptions(size=(96, 168), videos_val=1, frames_val=6, object_counts=(1,))
    (video,) = synthetic_videos("val", options)
    tracker, second = kind(search=4), kind(search=4)
    assert isinstance(tracker, ResumableTracker)
    tracker.step(video.frame(0), video.label_map(0))
    for index in (1, 2, 3):
        tracker.step(video.frame(index))
    second.load_state({name: array.copy() for name, array in tracker.state().items()})
    for index in (4, 5):
        found = tracker.step(video.frame(index))
        np.testing.assert_array_equal(second.step(video.frame(index)), found)
    true = video.label_map(5) == 1
    assert ((found == 1) & true).sum() / ((found == 1) | true).sum() > 0.4
    with pytest.raises(ValueError, match="search=0"):
        kind(search=0)
