import numpy as np
import torch

from maskrnn_core.inference.fusion import fuse


def test_the_most_probable_object_wins_ties_go_to_the_lowest_id() -> None:
    first = torch.tensor([[0.9, 0.6, 0.4, 0.7]])
    second = torch.tensor([[0.1, 0.8, 0.4, 0.7]])
    labels = fuse([(2, first), (5, second)], (1, 4), threshold=0.5)
    assert labels.dtype == np.uint8
    assert labels.tolist() == [[2, 5, 0, 2]]


def test_the_threshold_itself_is_foreground() -> None:
    assert fuse([(1, torch.tensor([[0.5, 0.49]]))], (1, 2), threshold=0.5).tolist() == [[1, 0]]


def test_no_object_is_all_background() -> None:
    assert fuse([], (2, 3), threshold=0.5).tolist() == [[0, 0, 0], [0, 0, 0]]
