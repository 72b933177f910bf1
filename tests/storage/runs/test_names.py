"""Names of stages and records survive the way to the ledger and back; others are refused."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.errors import InvalidNameError
from storage.runs.names import STAGE_KINDS, RecordName, StageName

PRESETS = st.text(min_size=1).filter(lambda text: "/" not in text)
OBJECTS = st.integers(0, 10**6)
SHARED = st.sampled_from([StageName("ingest"), StageName("flow"), StageName("train")])
BY_PRESET = st.builds(StageName, st.sampled_from(["finetune", "segment", "evaluate"]), PRESETS)
OF_OBJECTS = st.builds(StageName, st.just("finetune"), PRESETS, OBJECTS)
VIDEOS = st.text(min_size=1).filter(lambda text: not text.startswith(("train/", "parent/")))


@given(st.one_of(SHARED, BY_PRESET, OF_OBJECTS))
def test_the_name_of_a_stage_comes_back(name: StageName) -> None:
    assert StageName.parse(str(name)) == name


@given(st.text())
def test_text_is_the_name_of_a_stage_or_refused(text: str) -> None:
    with suppress(InvalidNameError):
        assert str(StageName.parse(text)) == text


@given(
    st.one_of(
        st.builds(RecordName, st.just("video"), VIDEOS),
        st.builds(RecordName, st.sampled_from(["train", "parent"]), st.text(min_size=1)),
    )
)
def test_the_name_of_a_record_comes_back(name: RecordName) -> None:
    assert RecordName.parse(str(name)) == name


@given(st.text(min_size=1))
def test_every_name_in_a_ledger_is_that_of_one_record(text: str) -> None:
    if text in ("train/", "parent/"):
        with pytest.raises(InvalidNameError):
            RecordName.parse(text)
    else:
        assert str(RecordName.parse(text)) == text


@pytest.mark.parametrize(
    ("name", "text"),
    [
        (StageName("ingest"), "ingest"),
        (StageName("train"), "train"),
        (StageName("segment", "first-frame"), "segment first-frame"),
        (StageName("evaluate", "small+rnn-offline"), "evaluate small+rnn-offline"),
        (StageName("finetune", "small"), "finetune small"),
        (StageName("finetune", "small", 12), "finetune small/12"),
        (StageName("finetune", "my preset 動", 0), "finetune my preset 動/0"),
        (RecordName("video", "bear"), "bear"),
        (RecordName("video", "a folder/bear 動"), "a folder/bear 動"),
        (RecordName("train", "train/bear"), "train/train/bear"),
        (RecordName("parent", "small"), "parent/small"),
    ],
)
def test_names_are_written_as_they_always_were(name: StageName | RecordName, text: str) -> None:
    assert str(name) == text
    assert type(name).parse(text) == name


@pytest.mark.parametrize(
    "text",
    [
        *("", "make", " ingest", "ingest ", "ingest small", "segment", "segment "),
        *("segment small/1", "evaluate a/b", "finetune /1", "finetune small/", "finetune small/x"),
        *("finetune small/01", "finetune small/-1", "finetune small/\u0661", "finetune a/b/1"),
    ],
)
def test_what_is_no_name_of_a_stage_is_refused_by_name(text: str) -> None:
    with pytest.raises(InvalidNameError) as caught:
        StageName.parse(text)
    assert repr(text) in str(caught.value)


def test_a_video_cannot_take_the_name_of_a_record_of_training() -> None:
    for name in ("train/bear", "parent/small"):
        with pytest.raises(InvalidNameError, match=f"'{name}'.*rename the video"):
            RecordName("video", name)
    with pytest.raises(InvalidNameError):
        RecordName("video", "")


def test_stages_stand_in_the_order_in_which_they_depend_on_each_other() -> None:
    assert STAGE_KINDS == ("ingest", "flow", "train", "finetune", "segment", "evaluate")
