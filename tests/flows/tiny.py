"""The smallest run that exercises every stage."""

OVERRIDES = {
    "network.width": "0.125",
    "network.fc_width": "16",
    "static.steps": "2",
    "static.localization.steps": "2",
    "recurrent.steps": "1",
    "recurrent.clip_length": "3",
    "finetune.iterations": "2",
    "compute.device": "cpu",
    "synthetic.size": "[48, 64]",
    "synthetic.videos_train": "2",
    "synthetic.videos_val": "2",
    "synthetic.frames_train": "4",
    "synthetic.frames_val": "5",
}
