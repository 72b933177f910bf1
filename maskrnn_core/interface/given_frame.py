"""One frame that was given, as the video that finetuning and fusion read."""

from collections.abc import Sequence
from dataclasses import dataclass

from maskrnn_core.inference.one_frame import FrameInputs
from maskrnn_core.video import FloatArray, UInt8Array


@dataclass(frozen=True)
class GivenFrame:
    """Satisfies `Video` for one index; the frames before it are gone.

    Args:
        index: number of the frame.
        size: height and width of frame, flow and `label`.
        output_size: height and width of `given`.
        objects: ids of all objects so far, ascending.
        inputs: the frame and its flow.
        label: label map at the working size; None where no mask is given.
        given: label map at the output size; None where no mask is given.
        name: of the video, for errors.
    """

    index: int
    size: tuple[int, int]
    output_size: tuple[int, int]
    objects: Sequence[int]
    inputs: FrameInputs
    label: UInt8Array | None
    given: UInt8Array | None
    name: str = "video"

    @property
    def frame_count(self) -> int:
        return self.index + 1

    def first_frame(self, object_id: int) -> int:
        return self.index

    def frame(self, index: int) -> UInt8Array:
        return self.inputs.frame

    def label_map(self, index: int) -> UInt8Array | None:
        return self.label

    def annotation(self, index: int) -> UInt8Array | None:
        return self.given

    def backward_flow(self, index: int) -> FloatArray | None:
        return self.inputs.backward

    def forward_flow(self, index: int) -> FloatArray | None:
        return self.inputs.forward
