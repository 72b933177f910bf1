"""SAM 2 as a preset of MaskRNN: a streamed video session of transformers per video."""

from importlib.metadata import version
from typing import Any

import numpy as np
from numpy.typing import NDArray

UInt8Array = NDArray[np.uint8]


class Sam2Tracker:
    """Gives every frame to `Sam2VideoModel`; masks become the session's inputs.

    Args:
        model: name or folder of the weights, in the form of transformers.
        revision: of a name; give a commit, so that the key of a result names its weights.
        device: "auto", "cpu" or "cuda".
    """

    def __init__(
        self,
        model: str = "facebook/sam2.1-hiera-tiny",
        revision: str = "main",
        device: str = "auto",
    ) -> None:
        self._model_name, self._revision, self._device = model, revision, device
        self._session: Any = None
        self._frames = 0

    @property
    def digest(self) -> str:
        return f"sam2 1, transformers {version('transformers')}"

    def step(self, frame: UInt8Array, mask: UInt8Array | None = None) -> UInt8Array:
        import torch

        if self._session is None:
            self._load()
        inputs = self._processor(images=frame, device=self._used, return_tensors="pt")
        if mask is not None:
            ids = [int(i) for i in np.unique(mask) if i]
            self._processor.add_inputs_to_inference_session(
                inference_session=self._session,
                frame_idx=self._frames,
                obj_ids=ids,
                input_masks=[mask == i for i in ids],
                original_size=frame.shape[:2],
            )
        with torch.inference_mode():
            output = self._model(inference_session=self._session, frame=inputs.pixel_values[0])
        self._frames += 1
        logits = self._processor.post_process_masks(
            [output.pred_masks], original_sizes=[frame.shape[:2]], binarize=False
        )[0]
        return fused(logits[:, 0].float().cpu().numpy(), list(output.object_ids))

    def _load(self) -> None:
        import torch
        from transformers import Sam2VideoModel, Sam2VideoProcessor

        cuda = torch.cuda.is_available() and self._device != "cpu"
        self._used = "cuda" if cuda else "cpu"
        chosen = {"revision": self._revision}
        self._model = Sam2VideoModel.from_pretrained(self._model_name, **chosen).to(self._used)
        self._processor = Sam2VideoProcessor.from_pretrained(self._model_name, **chosen)
        self._session = self._processor.init_video_session(
            inference_device=self._used, video_storage_device="cpu"
        )


def fused(logits: NDArray[np.float32], ids: list[int]) -> UInt8Array:
    """Label map (H, W): the object of the highest logit where one is above 0.

    Args:
        logits: (N, H, W), one per object.
        ids: of the objects, in the same order.
    """
    best = np.asarray(ids, np.uint8)[logits.argmax(axis=0)]
    return np.where(logits.max(axis=0) > 0, best, 0).astype(np.uint8)
