"""A server in the environment or in a file of Prefect is found without loading Prefect first."""

import subprocess
import sys
from pathlib import Path

import pytest

from flows.server.configured import may_be_configured

ROOT = Path(__file__).resolve().parents[3]
URL = "http://127.0.0.1:4200/api"


@pytest.fixture(autouse=True)
def nothing_configured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty working folder and an empty home of Prefect."""
    for name in ("PREFECT_API_URL", "PREFECT_PROFILE", "PREFECT_PROFILES_PATH"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PREFECT_HOME", str(tmp_path / "home"))
    (tmp_path / "home").mkdir()
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")


def test_nothing_names_a_server() -> None:
    assert not may_be_configured()


def url_in_another_process() -> str:
    """What a command started here finds; Prefect reads its settings once per process."""
    code = "from flows.server.configured import server_url; print(server_url())"
    run = [sys.executable, "-c", f"import sys; sys.path.insert(0, {str(ROOT)!r}); {code}"]
    done = subprocess.run(run, capture_output=True, text=True, timeout=120, check=True)
    return done.stdout.strip()


def test_a_home_as_prefect_leaves_it_names_no_server(tmp_path: Path) -> None:
    profiles = 'active = "ephemeral"\n\n[profiles.ephemeral]\n'
    (tmp_path / "home" / "profiles.toml").write_text(profiles)
    (tmp_path / "here" / "pyproject.toml").write_text('dependencies = ["prefect", "fastapi"]\n')
    assert not may_be_configured()


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("home/profiles.toml", f'active = "x"\n[profiles.x]\nPREFECT_API_URL = "{URL}"\n'),
        ("here/.env", f"PREFECT_API_URL={URL}\n"),
        ("here/prefect.toml", f'[api]\nurl = "{URL}"\n'),
        ("here/pyproject.toml", f'[tool.prefect]\napi.url = "{URL}"\n'),
    ],
)
def test_a_server_in_a_file_of_prefect_is_found(tmp_path: Path, file: str, text: str) -> None:
    (tmp_path / file).write_text(text)
    assert may_be_configured()
    assert url_in_another_process() == URL, "Prefect reads it there, too"


def test_a_server_in_the_environment_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PREFECT_API_URL", URL)
    assert may_be_configured()
    assert url_in_another_process() == URL
