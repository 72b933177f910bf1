"""Live use: frames are given one by one, and every result comes at once."""

import os
from typing import Any

from numpy.typing import ArrayLike

from maskrnn_core.inference.one_frame import FrameInputs
from maskrnn_core.interface.follower import Follower
from maskrnn_core.interface.frames import FrameReader
from maskrnn_core.interface.masks import label_map_of
from maskrnn_core.interface.method import estimator_of, parent_of, preset_of
from maskrnn_core.interface.results import FrameResult
from maskrnn_core.networks.weights import Weights
from maskrnn_core.optical_flow.estimator import FlowEstimator
from maskrnn_core.options import ComputeOptions, Preset
from maskrnn_core.video import UInt8Array


class Segmenter:
    """Follows objects through frames that arrive one by one, such as those of a camera.

    It is causal: a result depends on this frame and the ones before it, and the optical flow to the
    next frame counts as zero. Memory holds the last frame and, per object, a mask and a network.

    Args:
        preset: name of a preset, or one whose options were changed (`dataclasses.replace`).
        parent: weights of the preset's network: a weights.safetensors file, or arrays by name. A
            preset without a network, such as "propagate", takes none, and "lucid" needs none.
        flow: name of an estimator of optical flow, or an estimator.
        resolution: short side, in pixels, at which objects are followed; None keeps the frames'
            size. Results have the frames' size.
        compute: device, precision, threads.
        keep_probabilities: whether results hold the probability maps.
        refinetune: whether a later mask of an object finetunes its network again, on all its masks
            so far; their frames stay in memory then, 16 per object at most.

    Raises:
        InvalidInputError: an unknown name, or a preset that needs a parent.
        IncompatibleWeightsError: the parent is damaged.
    """

    def __init__(
        self,
        preset: str | Preset = "propagate",
        parent: str | os.PathLike[str] | Weights | None = None,
        *,
        flow: str | FlowEstimator = "dis",
        resolution: int | None = None,
        compute: ComputeOptions = ComputeOptions(),  # noqa: B008 (frozen)
        keep_probabilities: bool = False,
        refinetune: bool = False,
    ) -> None:
        self._follower = Follower(
            preset_of(preset),
            parent_of(parent),
            compute,
            resolution,
            keep_probabilities=keep_probabilities,
            refinetune=refinetune,
        )
        self._flow = estimator_of(flow, compute)
        self._reader = FrameReader()
        self._previous: UInt8Array | None = None
        self._is_cut = False

    def step(self, frame: Any, mask: ArrayLike | None = None) -> FrameResult:
        """Segment the next frame.

        Args:
            frame: uint8 (H, W, 3) RGB, or a PyAV frame; all frames have one size.
            mask: of objects that start here, or start again (a correction); as for `segment`. With
                a preset that finetunes, a new object takes the time of its finetuning.

        Raises:
            InvalidInputError: frame or mask cannot be used; the frame then does not count.
            IncompatibleWeightsError: the parent belongs to another network.
        """
        given = None if mask is None else label_map_of(mask)
        if self._previous is None:
            self._follower.forget_size()
        working = self._follower.working(self._reader.array_of(frame))
        backward = None
        if self._previous is not None and not self._is_cut:
            backward = self._flow.estimate(working, self._previous)
        inputs = FrameInputs(working, backward, None, self._is_cut)
        result = self._follower.advance(inputs, given)
        self._previous, self._is_cut = working, False
        return result

    def cut(self) -> None:
        """State that the next frame begins another shot.

        Every object is lost then. A network searches for it in the whole frame; without a network
        it stays lost until its mask is given again.
        """
        self._is_cut = self._previous is not None
