"""Table 2 as data: the parts of each row, and the stages that rows share."""

import dataclasses

import pytest

from maskrnn_core.ablation import ABLATION, missing_parts
from maskrnn_core.errors import InvalidInputError
from maskrnn_core.networks import build_network
from maskrnn_core.presets import preset

BASE = preset("small")


def test_the_last_row_is_the_full_method_and_each_row_adds_one_part() -> None:
    full = ABLATION[-1].preset(BASE, finetuned=True)
    assert dataclasses.replace(full, name=BASE.name) == BASE
    counts = [len(missing_parts(row.preset(BASE, finetuned=True))) for row in ABLATION]
    assert counts == [5, 4, 3, 2, 1, 0]
    assert missing_parts(ABLATION[-1].preset(BASE, finetuned=False)) == ["finetuning"]


def test_the_first_row_still_reads_the_mask() -> None:
    options = ABLATION[0].preset(BASE, finetuned=True).network
    assert options is not None
    network = build_network(options)
    assert network.reads_mask
    assert network.motion is None
    assert network.localization is None
    masktrack = preset("masktrack").network
    assert masktrack is not None
    assert (options.flow_stream, options.mask_input) == (False, masktrack.mask_input)


def test_names_are_all_different_and_fit_file_names() -> None:
    names = [
        row.preset(BASE, finetuned=finetuned).name
        for row in ABLATION
        for finetuned in (True, False)
    ]
    assert len(set(names)) == 12
    assert not any(set(name) & set("/ :") for name in names)


@pytest.mark.parametrize(
    ("name", "part"),
    [("propagate", "network"), ("osvos", "flow stream"), ("masktrack", "localization net")],
)
def test_less_than_the_full_method_is_refused(name: str, part: str) -> None:
    with pytest.raises(InvalidInputError, match=part):
        ABLATION[0].preset(preset(name), finetuned=True)


def test_published_figures_tell_the_story_of_the_paper() -> None:
    """Section 5.2: finetuning always helps, only training the box costs, applying it helps."""
    for dataset in ("davis2016", "davis2017"):
        rows = {row.name: row.published[dataset] for row in ABLATION}
        assert all(offline < finetuned for offline, finetuned in rows.values())
        assert rows["loc-train"][1] < rows["warp"][1] < rows["loc-apply"][1] < rows["rnn"][1]
    assert ABLATION[-1].published["davis2016"][1] == 80.38
