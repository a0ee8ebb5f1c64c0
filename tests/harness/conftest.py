"""A task that gives more than numbers."""

from pathlib import Path

import pytest

from harness.registry import find_task

EXTRA = '''

from harness.task import Curve


class Curved({identifier}):
    """The task with a curve and a list of its worst images."""

    worst_title = "wrong classes"

    def curves(self, statistics, protocol):
        right = np.cumsum(statistics.table.dense("correct"))
        count = np.arange(1, len(right) + 1, dtype=np.float64)
        return [Curve(name="rising", title="all", x_label="images", y_label="accuracy", x=count, y=right / count, group="g")]

    def worst(self, statistics, protocol):
        return 1 - statistics.table.dense("correct")


def task():
    return Curved()
'''


@pytest.fixture(scope="session")
def curved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the scaffold's task with a curve, and a result file for its sample that is wrong on three images."""
    from harness.scaffold import write_task

    folder = tmp_path_factory.mktemp("curved") / "curved"
    write_task("curved", folder)
    source = (folder / "task.py").read_text()
    identifier = source.rsplit("return ", 1)[1].split("(")[0]
    (folder / "task.py").write_text(source + EXTRA.format(identifier=identifier))
    find_task(str(folder)).write_sample(folder.parent / "data")
    lines = (folder.parent / "data" / "labels.csv").read_text().splitlines()
    for index in (3, 7, 20):
        lines[index] = lines[index].replace("dark", "?").replace("bright", "dark").replace("?", "bright")
    (folder.parent / "mine.csv").write_text("\n".join(lines) + "\n")
    return folder
