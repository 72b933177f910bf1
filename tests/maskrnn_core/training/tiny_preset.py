"""A tiny network and a training of a few steps on the CPU."""

from maskrnn_core.options import ComputeOptions, FinetuneOptions, NetworkOptions, Preset
from maskrnn_core.options import RecurrentOptions as Recurrent
from maskrnn_core.options import StaticOptions as Static

CPU = ComputeOptions(device="cpu", precision="float32", threads=1)
NETWORK = NetworkOptions(width=0.125, norm="group", fc_width=16)
STATIC = Static(steps=4, accumulate=2, learning_rate=1e-2, final_learning_rate=1e-3)
RECURRENT = Recurrent(steps=3, clip_length=3, learning_rate=1e-3)
FINETUNE = FinetuneOptions(iterations=3, learning_rate=1e-2, final_learning_rate=1e-3)
TINY = Preset(name="tiny", network=NETWORK, static=STATIC, recurrent=RECURRENT, finetune=FINETUNE)
