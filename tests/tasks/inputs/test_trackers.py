"""Trackers of other packages: found by entry point, with options, digest and errors."""

from pathlib import Path
from typing import Any

import pytest

from maskrnn_core.errors import InvalidInputError
from maskrnn_core.options import ComputeOptions
from maskrnn_core.options.tracker import TrackerChoice
from maskrnn_core.trackers.protocol import FrameTracker, ResumableTracker
from tasks import keys
from tasks.errors import ParameterError
from tasks.inputs.configuration import configure, preset_names
from tasks.inputs.trackers import build_tracker, choose_tracker, tracker_packages
from tasks.keys import PreparedVideo
from tests.tracker_packages import install_example, install_module

PLAIN = """
class Plain:
    digest = "plain 1"
    def __init__(self, size: int = 480, soft: bool = False, name: str = "a", best: float = 0.5):
        if size < 0:
            raise ValueError("size is negative")
    def step(self, frame, mask=None):
        return mask

class Needy(Plain):
    def __init__(self, weights):
        pass

class Mute:
    digest = "mute"

class Strange(Plain):
    def __init__(self, where=print):
        pass
"""


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder on the search path."""
    folder = tmp_path / "site"
    folder.mkdir()
    monkeypatch.syspath_prepend(folder)
    return folder


@pytest.fixture
def plain(site: Path) -> None:
    names = {"plain": "Plain", "needy": "Needy", "mute": "Mute", "strange": "Strange"}
    install_module(site, "plain_trackers", PLAIN, names, "2.5")


def test_the_template_is_a_preset_with_its_options(site: Path) -> None:
    assert "patch" not in preset_names()
    install_example(site, "template")
    assert tracker_packages()["patch"] == "maskrnn-template-tracker 0.1.0"
    assert preset_names()[-1] == "patch"
    found = configure("patch", {"tracker.search": "5", "compute.threads": "2"})
    choice = found.preset.tracker
    assert choice is not None
    assert found.preset.network is None
    assert found.compute.threads == 2
    assert (choice.name, choice.options) == ("patch", {"search": 5})
    assert isinstance(build_tracker(choice), ResumableTracker)
    assert configure("patch", {}).preset.tracker == TrackerChoice(
        "patch", choice.digest, {"search": 12}, "maskrnn-template-tracker 0.1.0"
    )


@pytest.mark.usefixtures("plain")
def test_values_have_the_types_of_the_constructor() -> None:
    texts = {"size": "-1e2", "soft": "true", "name": "12", "best": "1"}
    with pytest.raises(ParameterError, match=r"size=-100.*\(ValueError: size is negative\)"):
        choose_tracker("plain", texts)
    assert choose_tracker("plain", {**texts, "size": "7"}).options == {
        "size": 7,
        "soft": True,
        "name": "12",
        "best": 1.0,
    }


@pytest.mark.usefixtures("plain")
@pytest.mark.parametrize(
    ("name", "overrides", "message"),
    [
        (
            "plain",
            {"tracker.sise": "1"},
            "unknown option tracker.sise of plain; valid are tracker",
        ),
        ("plain", {"tracker.size": "big"}, "option tracker.size cannot be 'big': .*integer"),
        ("plain", {"finetune.iterations": "1"}, "plain is a tracker of another package; valid are"),
        ("plain", {"tracker": "none"}, "unknown option 'tracker'"),
        ("small", {"tracker.size": "1"}, "unknown option 'tracker.size'; valid are network"),
        ("needy", {}, "the tracker needy needs a value: --set tracker.weights=VALUE"),
        ("mute", {}, "the tracker mute has no `step` or no `digest`; see docs/trackers.md"),
        ("strange", {}, "the options of the tracker strange are not plain values"),
    ],
)
def test_wrong_options_are_named(name: str, overrides: dict[str, str], message: str) -> None:
    with pytest.raises(ParameterError, match=message):
        configure(name, overrides)


@pytest.mark.usefixtures("plain")
def test_an_unknown_preset_names_the_trackers() -> None:
    with pytest.raises(InvalidInputError, match=r"unknown preset 'plan'.*packages are mute, needy"):
        configure("plan", {})


def test_packages_that_cannot_be_used_are_named(site: Path) -> None:
    install_module(site, "broken", "import not_installed_anywhere", {"broken": "Broken"})
    with pytest.raises(ParameterError, match=r"broken of broken 1\.0 cannot be loaded.*not_instal"):
        choose_tracker("broken", {})
    install_module(site, "usurper", PLAIN, {"small": "Plain", "a/b": "Plain"})
    with pytest.raises(ParameterError, match=r"usurper 1\.0 names a tracker small, which is a pr"):
        choose_tracker("small", {})
    assert configure("small", {}).preset.tracker is None
    with pytest.raises(ParameterError, match="names a tracker 'a/b'; a name has up to 60 letters"):
        choose_tracker("a/b", {})
    install_module(site, "first", PLAIN, {"twice": "Plain"})
    install_module(site, "second", PLAIN, {"twice": "Plain"})
    with pytest.raises(ParameterError, match=r"twice: first 1\.0, second 1\.0; uninstall all but"):
        choose_tracker("twice", {})


@pytest.mark.usefixtures("plain")
def test_a_worker_needs_the_same_version() -> None:
    choice = choose_tracker("plain", {})
    other = TrackerChoice("plain", "plain 2", choice.options, "plain_trackers 3.0")
    with pytest.raises(ParameterError, match=r"says 'plain 1' of itself, .*'plain 2' \(plain_trac"):
        build_tracker(other)
    with pytest.raises(ParameterError, match="no tracker absent is installed here; there are: m"):
        build_tracker(TrackerChoice("absent", "1"))
    assert isinstance(build_tracker(choice), FrameTracker)


@pytest.mark.usefixtures("plain")
def test_digest_and_options_are_in_the_key_and_nothing_else() -> None:
    video = PreparedVideo("v", "k", "content", "flow", (1,), 5)

    def key(flow: str = "flow", **overrides: str) -> str:
        chosen = configure("plain", {f"tracker.{n}": v for n, v in overrides.items()}).preset
        with_flow = PreparedVideo(video.name, video.key, "content", flow, (1,), 5)
        return keys.prediction_key(with_flow, {}, chosen, ComputeOptions())

    assert key() == key(flow="other") == key(size="480")
    assert len({key(), key(size="2"), key(best="1")}) == 3
    other: Any = configure("plain", {}).preset
    object.__setattr__(other.tracker, "digest", "plain 2")
    assert keys.prediction_key(video, {}, other, ComputeOptions()) != key()
