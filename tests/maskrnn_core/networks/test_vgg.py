import torch
from torchvision.models.vgg import cfgs, make_layers

from maskrnn_core.network_shape import STRIDES
from maskrnn_core.networks import build_network
from maskrnn_core.networks.vgg import VGGStages, stage_channels
from maskrnn_core.networks.weights import load_vgg16
from maskrnn_core.options import NetworkOptions


def test_width_one_has_the_channels_of_vgg16() -> None:
    assert stage_channels(1.0) == (64, 128, 256, 512, 512)
    assert stage_channels(0.25) == (16, 32, 64, 128, 128)
    assert stage_channels(0.01) == (8, 8, 8, 8, 8)


def test_taps_have_the_stated_strides() -> None:
    taps = VGGStages(4, 0.125, "group")(torch.rand(2, 4, 32, 48))
    assert [tap.shape[-2:] for tap in taps] == [(32 // s, 48 // s) for s in STRIDES]


def test_torchvision_weights_give_torchvisions_features_at_the_five_taps() -> None:
    torch.manual_seed(0)
    features = make_layers(cfgs["D"]).eval()
    state = {f"features.{name}": value for name, value in features.state_dict().items()}
    network = build_network(NetworkOptions(fc_width=8)).eval()
    load_vgg16(network, state)
    image = torch.randn(1, 3, 32, 32)
    taps_after = (3, 8, 15, 22, 29)  # the ReLU before each of the five poolings

    expected, x = [], image
    with torch.no_grad():
        for index, layer in enumerate(features):
            x = layer(x)
            if index in taps_after:
                expected.append(x.clone())
        appearance = network.appearance.vgg(torch.cat([image, torch.zeros(1, 1, 32, 32)], 1))
        assert network.motion is not None
        motion = network.motion.vgg(image)
    for reference, with_mask, as_rgb in zip(expected, appearance, motion, strict=True):
        torch.testing.assert_close(with_mask, reference, atol=1e-4, rtol=1e-4)
        torch.testing.assert_close(as_rgb, reference, atol=1e-4, rtol=1e-4)
