import numpy as np

from maskrnn_core.samples.answers import imitated_answer


def test_an_imitated_answer_lies_where_the_object_is_and_has_soft_edges() -> None:
    mask = np.zeros((120, 160), dtype=bool)
    mask[30:90, 50:110] = True
    answers = [imitated_answer(mask, np.random.default_rng(seed)) for seed in range(20)]
    for answer in answers:
        assert answer.shape == mask.shape
        assert answer.dtype == np.float32
        assert 0 <= answer.min() <= answer.max() <= 1
        assert ((answer > 0.1) & (answer < 0.9)).any()
        found = answer >= 0.5
        assert (found & mask).sum() / (found | mask).sum() > 0.6
    assert len({answer.tobytes() for answer in answers}) == 20


def test_an_imitated_answer_repeats_with_the_seed() -> None:
    mask = np.eye(40, dtype=bool)
    first, second = (imitated_answer(mask, np.random.default_rng(3)) for _ in range(2))
    np.testing.assert_array_equal(first, second)


def test_no_object_no_answer() -> None:
    assert not imitated_answer(np.zeros((40, 60), dtype=bool), np.random.default_rng(0)).any()
