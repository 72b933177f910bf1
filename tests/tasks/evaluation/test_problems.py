"""One message on everything that is wrong with predictions."""

from tasks.evaluation.problems import Problem, message_of

UNREADABLE = "unreadable prediction"


def photo(frame: str) -> Problem:
    return Problem(
        "clip", UNREADABLE, frame, f"/mine/clip/{frame}.png has 1{frame} colours: no mask"
    )


def test_a_cause_that_many_frames_share_is_told_once() -> None:
    torn = Problem("clip", UNREADABLE, "00004", "/mine/clip/00004.png is truncated")
    shared = [photo(f"{n:05}") for n in (0, 1, 2, 3, 5)]
    told = message_of(
        [*shared[:4], torn, *shared[4:], Problem("ant", "missing frames", "00002")], "/mine", None
    )
    assert told.splitlines()[1:-1] == [
        "  clip: 5 predictions cannot be read (00000-00003, 00005). The first: "
        "/mine/clip/00000.png has 100000 colours: no mask",
        "  clip, unreadable prediction (/mine/clip/00004.png is truncated): 00004",
        "  ant, missing frames: 00002",
    ]


def test_causes_of_different_videos_stay_apart() -> None:
    other = Problem("ant", UNREADABLE, "00000", "/mine/ant/00000.png has 9 colours: no mask")
    assert message_of([photo("00000"), photo("00001"), other], "/mine", None).count("no mask") == 2
