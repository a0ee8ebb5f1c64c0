from pathlib import Path

import pytest
from leaderboard_homes import full_home

from leaderboard.build import build_site


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return full_home(tmp_path_factory.mktemp("home")).path


@pytest.fixture(scope="session")
def site(home: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("site")
    build_site([home], out)
    return out
