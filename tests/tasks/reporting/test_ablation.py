"""The ablation's table, its differences, and the words that follow from them."""

import cv2
import numpy as np
import pandas as pd
import pytest

from maskrnn_core.ablation import ABLATION
from tasks.reporting.ablation import AblationFigures, ablation_figures, ablation_section
from tasks.reporting.ablation_plot import ablation_plot
from tasks.reporting.tables import Tables
from tasks.scores.aggregation import FIGURES, aggregate
from tasks.scores.scoring import PER_FRAME


def figures(changed: dict[str, float], dataset: str = "davis2016") -> AblationFigures:
    """Two videos with the paper's figures a point lower and higher, but for those changed."""
    rows = []
    for row in ABLATION:
        for finetuned in (False, True):
            name = row.name_on("small", finetuned=finetuned)
            mean = changed.get(name, row.published["davis2016"][finetuned])
            rows += [(name, "a", 1, mean / 100 - 0.01), (name, "b", 1, mean / 100 + 0.01)]
    rows.append(("small+rnn", "only-here", 1, 0.0))  # the others failed on it
    per_object = pd.DataFrame(rows, columns=["preset", "video", "object", "J_mean"])
    per_object = per_object.assign(
        **dict.fromkeys((name for name in FIGURES if name != "J_mean"), 0.5)
    )
    names = sorted(set(per_object["preset"]))
    per_frame = pd.DataFrame(columns=["preset", *PER_FRAME])
    tables = Tables(per_frame, per_object, *aggregate(per_object, names))
    return ablation_figures(tables, "small", dataset)


def test_the_papers_own_figures_are_reproduced() -> None:
    found = figures({})
    assert found.published == "davis2016"
    assert (found.videos, found.objects) == (2, 2)
    assert found.table["J with finetuning"].tolist() == pytest.approx(
        [76.63, 79.77, 79.92, 78.43, 80.10, 80.38]
    )
    assert set(found.differences["verdict"]) == {"reproduced"}
    assert len(found.differences) == 16
    assert found.differences["here"].tolist() == pytest.approx(found.differences["paper"].tolist())
    assert "16 of the 16 differences" in found.summary
    assert "reversed" not in found.summary


def test_a_reversed_order_an_equal_one_and_one_not_measured_are_said() -> None:
    found = figures({"small+rnn": 70.0, "small+loc-train": 79.92, "small+warp": 79.92})
    verdicts = found.differences.set_index("title")["verdict"]
    assert verdicts["+ RNN, with finetuning"] == "reversed"
    assert verdicts["+ Loc. train, with finetuning"] == "no difference"
    assert "14 of the 16" in found.summary
    assert "reversed: + RNN, with finetuning." in found.summary
    objects = found.differences.set_index("title")["objects"]
    assert objects["+ RNN, with finetuning"] == 0
    assert objects["finetuning of + RNN"] == 2


def test_the_generated_data_set_stands_beside_the_one_with_several_objects() -> None:
    assert figures({}, "synthetic").published == "davis2017"


def test_nothing_measured_is_no_verdict() -> None:
    empty = pd.DataFrame(columns=["preset", "video", "object", *FIGURES]).astype({"J_mean": float})
    sequences = pd.DataFrame(columns=["preset", "video"])
    tables = Tables(empty, empty, sequences, sequences)
    found = ablation_figures(tables, "small", "davis2016")
    assert set(found.differences["verdict"]) == {"not measured"}
    assert "0 of the 16" in found.summary


def test_section_and_picture() -> None:
    found = figures({})
    text = ablation_section(found, "ablation.png")
    assert "| + Loc. apply" in text
    assert "80.38" in text
    assert "![ablation.png](ablation.png)" in text
    data = np.frombuffer(ablation_plot(found), np.uint8)
    picture = np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR))
    assert picture.shape[:2] == (400, 800)
    blue = np.all(picture == (0xBD, 0x82, 0x31), axis=2)
    assert blue.sum() > 1000  # the bars with finetuning
