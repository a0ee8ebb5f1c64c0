"""Result files in every form give the same numbers; what is wrong with one is said in a sentence."""

import numpy as np
import pytest

from harness.errors import PredictionError, UsageError
from harness.task import DataRequest, Scoring
from tasks.classification.details import map_warnings
from tasks.classification.sample import COUNTS, pictures
from tasks.classification.tasks import cifar10, cifar100, imagenet_real

LABELS = np.arange(60) % 10


@pytest.fixture
def answers(tmp_path):
    """A file of labels, and logits of which most are right."""
    random = np.random.default_rng(3)
    logits = random.standard_normal((60, 10)).astype(np.float32)
    logits[np.arange(60), LABELS] += 2
    np.save(tmp_path / "labels.npy", LABELS)
    return logits


def opened(tmp_path, **settings):
    return cifar10().open(DataRequest(annotations=tmp_path / "labels.npy", with_inputs=False, settings=settings))


def scored(tmp_path, name, **settings):
    task, dataset = cifar10(), opened(tmp_path, **settings)
    predictions = task.read(tmp_path / name, dataset)
    statistics = task.score(dataset, predictions, Scoring(protocol="top-k"))
    return task.aggregate(statistics, "top-k"), [*predictions.warnings, *statistics.warnings]


@pytest.fixture
def wanted(tmp_path, answers):
    np.savez(tmp_path / "plain.npz", logits=answers)
    return scored(tmp_path, "plain.npz")[0]


def softmax(logits):
    shares = np.exp(logits.astype(np.float64))
    return shares / shares.sum(axis=1, keepdims=True)


def test_ids_decide_where_rows_belong(tmp_path, answers, wanted):
    order = np.random.default_rng(0).permutation(60)
    np.savez(tmp_path / "a.npz", ids=np.array([f"{i:05d}.png" for i in order]), logits=answers[order])
    assert scored(tmp_path, "a.npz") == (wanted, [])


def test_a_bare_array_is_told_by_its_values(tmp_path, answers, wanted):
    np.save(tmp_path / "a.npy", answers)
    assert scored(tmp_path, "a.npy")[0] == wanted
    np.save(tmp_path / "b.npy", softmax(answers))
    found = scored(tmp_path, "b.npy")[0]
    assert found["top5"] == wanted["top5"] and found["nll"] == pytest.approx(wanted["nll"], rel=1e-12)
    np.save(tmp_path / "c.npy", np.argsort(-answers, axis=1)[:, :5])
    found = scored(tmp_path, "c.npy")[0]
    assert (found["top1"], found["top5"], found["nll"]) == (wanted["top1"], wanted["top5"], None)


def test_single_labels_have_no_top5(tmp_path, answers, wanted):
    np.save(tmp_path / "a.npy", answers.argmax(axis=1))
    found = scored(tmp_path, "a.npy")[0]
    assert (found["top1"], found["top5"], found["ece15"]) == (wanted["top1"], None, None)


def test_tables_of_text(tmp_path, answers, wanted):
    names = opened(tmp_path).facts["categories"]
    order = np.argsort(-answers, axis=1)[:, :5]
    header = "id," + ",".join(f"label_{k}" for k in range(1, 6))
    rows = [f"{i:05d}," + ",".join(names[k] for k in row) for i, row in enumerate(order)]
    (tmp_path / "a.csv").write_text("\n".join([header, *reversed(rows)]))
    assert scored(tmp_path, "a.csv")[0]["top5"] == wanted["top5"]
    header = "image," + ",".join(f"logit_{k}" for k in range(10))
    rows = [f"{i:05d}," + ",".join(repr(float(v)) for v in row) for i, row in enumerate(answers)]
    (tmp_path / "b.csv").write_text("\n".join([header, *rows]))
    assert scored(tmp_path, "b.csv")[0] == wanted
    # The numbers behind the names decide, not where the columns stand.
    lines = [",".join([first, *reversed(rest)]) for first, *rest in (line.split(",") for line in (header, *rows))]
    (tmp_path / "c.csv").write_text("\n".join(lines))
    assert scored(tmp_path, "c.csv")[0] == wanted


def test_parquet(tmp_path, answers, wanted):
    pyarrow = pytest.importorskip("pyarrow")
    from pyarrow import parquet

    table = pyarrow.table({"id": [f"{i:05d}" for i in range(60)], "logits": answers.astype(np.float64).tolist()})
    parquet.write_table(table, tmp_path / "a.parquet")
    assert scored(tmp_path, "a.parquet")[0] == wanted
    for spoilt, found in (([1, 2], "2 values"), (None, "'None'")):
        lists = [[1, 2, 3]] * 59 + [spoilt]
        parquet.write_table(pyarrow.table({"labels": lists}), tmp_path / "b.parquet")
        with pytest.raises(PredictionError, match=f"answer 60 holds {found}; every answer must be a list of the same"):
            scored(tmp_path, "b.parquet")
    parquet.write_table(pyarrow.table({"predictions": answers.astype(np.float64).tolist()}), tmp_path / "c.parquet")
    with pytest.raises(PredictionError, match="is none of the labels"):
        scored(tmp_path, "c.parquet")


@pytest.mark.parametrize("keep", ["top100", "none"])
def test_what_is_kept_gives_the_same_numbers(tmp_path, answers, wanted, keep):
    assert scored(tmp_path, "plain.npz", keep=keep)[0] == wanted


@pytest.mark.parametrize("keep", ["top100", "none"])
def test_what_is_kept_of_a_hundred_classes_is_little_and_gives_the_same_numbers(tmp_path, keep):
    task = cifar100()
    task.write_sample(tmp_path)
    random = np.random.default_rng(1)
    labels = np.array(pictures(1, COUNTS[100], 100)[1])
    # Whole numbers: ties.
    logits = random.integers(-4, 5, (300, 100)).astype(np.float32)
    logits[np.arange(300), labels] += random.integers(0, 6, 300)
    np.savez(tmp_path / "a.npz", logits=logits)
    found = []
    for settings in ({}, {"keep": keep}):
        dataset = task.open(DataRequest(data=tmp_path, with_inputs=False, settings=settings))
        predictions = task.read(tmp_path / "a.npz", dataset)
        found.append(task.aggregate(task.score(dataset, predictions, Scoring(protocol="top-k")), "top-k"))
    assert found[0] == found[1]
    if keep == "none":
        assert predictions.table.dense("top_logits").shape == (300, 5)
    better = predictions.table.dense("better").copy()
    better[7] += 1
    forged = type(predictions.table)(predictions.table.ids, {**predictions.table.columns, "better": better})
    if keep == "top100":
        with pytest.raises(PredictionError, match="00007: the kept classes and the kept rank"):
            task.score(dataset, type(predictions)(table=forged), Scoring(protocol="top-k"))


def test_a_background_class_is_left_out(tmp_path, answers, wanted):
    np.savez(tmp_path / "a.npz", logits=np.concatenate([np.full((60, 1), 50, np.float32), answers], axis=1))
    with pytest.raises(PredictionError, match=r"has 11 logits an image; the class map has 10 outputs"):
        scored(tmp_path, "a.npz")
    assert scored(tmp_path, "a.npz", class_map="background-first")[0] == wanted


def test_a_map_from_a_file(tmp_path, answers, wanted):
    names = opened(tmp_path).facts["categories"]
    order = [3, 1, 0, 2, 9, 8, 7, 6, 5, 4]
    (tmp_path / "map.txt").write_text("\n".join(names[k] for k in order))
    np.savez(tmp_path / "a.npz", logits=answers[:, order])
    assert scored(tmp_path, "a.npz", class_map=str(tmp_path / "map.txt"))[0] == wanted
    np.save(tmp_path / "b.npy", np.argsort(order)[np.argsort(-answers, axis=1)[:, :5]])
    found = scored(tmp_path, "b.npy", class_map=str(tmp_path / "map.txt"))[0]
    assert (found["top1"], found["top5"]) == (wanted["top1"], wanted["top5"])


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (["cat"] * 10, "line 2: 'cat' stands there a second time"),
        (["0", "1"], "no output stands for the class 'bird' \\(8 lacking\\)"),
        (["unicorn"], "line 1: 'unicorn' is none of the 10 classes"),
    ],
)
def test_bad_maps(tmp_path, answers, lines, message):
    (tmp_path / "map.txt").write_text("\n".join(lines))
    with pytest.raises(UsageError, match=message):
        opened(tmp_path, class_map=str(tmp_path / "map.txt"))


def test_a_wrong_map_is_noticed(tmp_path, answers):
    for name, shown, said in (
        ("shift.npz", np.roll(answers, 1, axis=1), "background class comes first"),
        ("reverse.npz", answers[:, ::-1], "reversed"),
        ("other.npz", answers[:, [1, 2, 3, 4, 0, 6, 7, 8, 9, 5]], "for which it is given most often"),
    ):
        np.savez(tmp_path / name, logits=shown)
        warnings = scored(tmp_path, name)[1]
        assert len(warnings) == 1 and said in warnings[0] and "the class map is probably wrong" in warnings[0]


def test_a_text_order_is_noticed_although_some_classes_keep_their_places():
    labels = np.repeat(np.arange(1000), 50)
    # Where the network means class c, the output c of a list sorted as text says another one.
    place = np.argsort(sorted(range(1000), key=str))
    right = np.random.default_rng(0).random(len(labels)) < 0.7
    predicted = np.where(right, place[labels], 999)
    kept = int((predicted == labels).sum())
    assert kept > 50
    (said,) = map_warnings({"label": labels, "predicted": predicted}, [str(index) for index in range(1000)])
    assert f"{kept} of 50000 images are right" in said and "sorted as text" in said
    weak = np.where(np.random.default_rng(1).random(len(labels)) < 0.005, labels, 0)
    assert map_warnings({"label": labels, "predicted": weak}, [str(index) for index in range(1000)]) == []


def test_chance_is_no_wrong_map(tmp_path, answers):
    for seed in range(30):
        noise = np.random.default_rng(seed).standard_normal((60, 10))
        np.savez(tmp_path / "a.npz", logits=noise)
        assert scored(tmp_path, "a.npz")[1] == []


def damaged(answers, place, value):
    found = answers.copy()
    found[place] = value
    return found


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (lambda a: {"logits": damaged(a, (7, 3), np.nan)}, r"logits of image 00007 hold nan at output 3"),
        (lambda a: {"logits": damaged(a, (7, 3), np.inf)}, r"logits of image 00007 hold inf at output 3"),
        (lambda a: {"logits": a[:, :9]}, r"has 9 logits an image; the class map has 10 outputs"),
        (lambda a: {"logits": a[:50]}, r"answers 50 images, the data set has 60"),
        (lambda a: {"labels": np.full((60, 1), 10)}, r"image 00000 is given class 10"),
        (lambda a: {"labels": np.full((60, 2), 1)}, r"image 00000 is given one class twice"),
        (lambda a: {"labels": np.full(60, 1.5)}, r"labels are float64"),
        (lambda a: {"probabilities": a}, r"the probabilities of image 00000 sum to"),
        (lambda a: {"logits": a, "labels": LABELS}, r"it must hold one of logits, probabilities, labels"),
        (lambda a: {"logits": a, "ids": np.array(["00000"] * 60)}, r"row 1 answers 00000, as row 0 does"),
        (lambda a: {"logits": a, "ids": np.array([f"x{i}" for i in range(60)])}, r"lacks 60 of 60 images, first 00000"),
        (lambda a: {"logits": a.astype(object)}, r"cannot be read"),
    ],
)
def test_bad_files_are_named(tmp_path, answers, content, message):
    np.savez(tmp_path / "a.npz", **content(answers))
    with pytest.raises(PredictionError, match=message):
        scored(tmp_path, "a.npz")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "holds no answers"),
        ("id,colour\n1,2\n", "it must have id and those of one of"),
        ("id,label\n00000,1,2\n", "line 2 has 3 fields, line 1 has 2"),
        ("id,label\n00000,unicorn\n", "answer 1: 'unicorn' is none of the labels"),
        ("id,label,label\n00000,1,2\n", "line 1 names a column twice"),
        ("id,logit_0,logit_2\n00000,1,2\n", "the column logit_0 is followed by logit_2"),
        ("id,logit_1,logit_01\n00000,1,2\n", "the column logit_1 is followed by logit_01"),
        ("id,label_5,label_6\n00000,1,2\n", "begin with label_5; they must begin with 0 or 1"),
        ("id,label,label_1\n00000,1,2\n", "the column label has no number"),
    ],
)
def test_bad_tables_are_named(tmp_path, answers, text, message):
    (tmp_path / "a.csv").write_text(text)
    with pytest.raises(PredictionError, match=message):
        scored(tmp_path, "a.csv")


def test_logits_that_are_probabilities_are_noticed(tmp_path, answers):
    np.savez(tmp_path / "a.npz", logits=softmax(answers))
    assert "they are probabilities" in scored(tmp_path, "a.npz")[1][0]


def test_written_and_read_again(tmp_path, answers, wanted):
    task, dataset = cifar10(), opened(tmp_path)
    task.write(task.read(tmp_path / "plain.npz", dataset), dataset, tmp_path / "again.npz")
    assert scored(tmp_path, "again.npz")[0] == wanted


def test_one_of_several_classes_is_enough(tmp_path):
    task = imagenet_real()
    task.write_sample(tmp_path)
    dataset = task.open(DataRequest(data=tmp_path, with_inputs=False))
    second = [dataset.truth.ragged("labels").row(i)[-1] for i in range(len(dataset.ids))]
    np.savez(tmp_path / "a.npz", ids=np.array(dataset.ids), labels=np.array(second))
    statistics = task.score(dataset, task.read(tmp_path / "a.npz", dataset), Scoring(protocol="real"))
    assert task.aggregate(statistics, "real")["top1"] == 100.0


def test_a_file_of_all_images_answers_the_first_ones(tmp_path, answers):
    task = cifar10()
    np.savez(tmp_path / "a.npz", logits=answers)
    dataset = task.limit(opened(tmp_path), 7)
    assert np.array_equal(task.read(tmp_path / "a.npz", dataset).table.dense("logits"), answers[:7])
