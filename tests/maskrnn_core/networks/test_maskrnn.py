from dataclasses import replace

import pytest
import torch

from maskrnn_core.errors import InvalidInputError
from maskrnn_core.networks import build_network, flow_magnitude
from maskrnn_core.options import NetworkOptions

TINY = NetworkOptions(width=0.125, norm="group", fc_width=16)


def _inputs(height: int = 33, width: int = 50) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(5)
    frame = torch.rand(1, 3, height, width, generator=generator) * 255
    mask = torch.rand(1, 1, height, width, generator=generator)
    return frame, mask, torch.rand(1, 2, height, width, generator=generator)


@pytest.mark.parametrize(
    "options",
    [
        replace(TINY, flow_stream=False, mask_input="previous", localization=False),
        replace(TINY, localization=False),
        TINY,
        replace(TINY, head="osvos", roi_pooling="align", norm="none"),
        replace(TINY, flow_stream=False, mask_input="none", localization=False),
        replace(TINY, mask_at="stages"),
    ],
)
def test_every_ablation_segments_frames_of_any_size(options: NetworkOptions) -> None:
    network = build_network(options).eval()
    frame, mask, magnitudes = _inputs()
    segmentation = network(frame, mask, magnitudes)
    assert segmentation.logits.shape == (1, 1, 33, 50)
    assert segmentation.features.shape[-2:] == (3, 4)
    assert torch.isfinite(segmentation.logits).all()


def test_a_new_appearance_stream_does_not_see_the_mask() -> None:
    network = build_network(replace(TINY, flow_stream=False, localization=False)).eval()
    frame, mask, _ = _inputs()
    with_mask = network(frame, mask, None).logits
    without = network(frame, torch.zeros_like(mask), None).logits
    torch.testing.assert_close(with_mask, without)


def test_the_mask_reaches_the_logits_after_its_weights_grow() -> None:
    network = build_network(replace(TINY, flow_stream=False, localization=False)).eval()
    frame, mask, _ = _inputs()
    with torch.no_grad():
        network.appearance.vgg.convolutions()[0].weight[:, 3] = 1
    changed = network(frame, mask, None).logits - network(frame, 1 - mask, None).logits
    assert changed.abs().max() > 1e-4


def test_a_mask_read_in_every_stage_is_followed_before_any_training() -> None:
    options = replace(TINY, flow_stream=False, localization=False)
    guided = build_network(replace(options, mask_at="stages")).eval()
    frame, mask = torch.zeros(1, 3, 64, 64), torch.zeros(1, 1, 64, 64)
    mask[..., :, :32] = 1
    with torch.inference_mode():
        apart = [
            network(frame, mask, None).logits - network(frame, 1 - mask, None).logits
            for network in (guided, build_network(options).eval())
        ]
    assert (apart[0][..., :16] > 1).all()
    assert (apart[0][..., 48:] < -1).all()
    assert not apart[1].any()


def test_every_stage_learns_from_the_mask() -> None:
    options = replace(TINY, flow_stream=False, localization=False, mask_at="stages")
    network = build_network(options)
    frame, mask, _ = _inputs()
    network(frame, mask, None).logits.sum().backward()
    guides = network.appearance.vgg.guides
    assert len(guides) == 4
    gradients = [parameter.grad for parameter in guides.parameters()]
    assert all(gradient is not None and gradient.any() for gradient in gradients)


def test_the_motion_stream_needs_magnitudes() -> None:
    frame, mask, _ = _inputs()
    with pytest.raises(InvalidInputError, match="both flows"):
        build_network(TINY)(frame, mask, None)


def test_magnitudes_are_relative_to_the_frame_and_clipped() -> None:
    flow = torch.zeros(1, 2, 2, 2)
    flow[0, :, 0, 0] = torch.tensor([3.0, 4.0])
    flow[0, 0, 1, 1] = 1e4
    magnitude = flow_magnitude(flow, frame_width=200)
    assert magnitude[0, 0, 0, 0] == pytest.approx(0.5)
    assert magnitude[0, 0, 1, 1] == 1
    assert magnitude[0, 0, 0, 1] == 0


def test_the_same_seed_gives_the_same_network() -> None:
    torch.manual_seed(3)
    first = build_network(TINY).state_dict()
    torch.manual_seed(3)
    second = build_network(TINY).state_dict()
    assert all(torch.equal(first[name], second[name]) for name in first)


def test_another_memory_layout_changes_no_value() -> None:
    network = build_network(TINY).eval()
    layouts = {}
    for layout in (torch.channels_last, torch.contiguous_format):
        network.arrange(layout)
        with torch.inference_mode():
            layouts[layout] = network(*_inputs()).logits
        weight = network.appearance.vgg.convolutions()[1].weight
        assert weight.is_contiguous(memory_format=layout)
    first, second = layouts.values()
    torch.testing.assert_close(first, second, rtol=1e-4, atol=1e-5)
