"""What `leaderboard_home.py` runs: bicubic and the trained sample variants on the generated samples; real results and weights."""

from collections.abc import Iterator
from importlib.util import find_spec
from itertools import product
from pathlib import Path

Words = tuple[str, ...]
"""A command, as the words after ``harness``."""
QUIET = ("--no-measure", "--no-log", "--no-page")
PROTOCOLS = {
    "superres": ("matlab-y", "y-rounded", "rgb"),
    "voc": ("voc2007/11-point", "voc2012/area", "mmdet", "detectron2"),
    "otb": ("otb-matlab", "pysot", "got10k"),
    "vot": ("pysot", "vot-python", "pysot-legacy-raster"),
    "reid": ("market-trapezoid", "non-interpolated"),
    "tiny": ("tinybenchmark-200", "tov-1000"),
}
SUPERRES = tuple(product(("set5", "set14", "b100", "urban100"), ("x2", "x3", "x4", "x8"), PROTOCOLS["superres"]))
TRAINED = (
    *((f"set{count}", name, variant, f"x{scale}") for count in (5, 14) for name in ("imdn", "edsr-baseline")
      for variant, scale in (("sample", 4), ("sample-x3", 3), ("sample-x2", 2))),
    *(("set5", name, "sample", "x4") for name in ("carn", "vdsr", "pams")),
    *((task, name, "sample", "") for task in ("cifar10", "cifar10.1")
      for name in ("resnet-cifar", "filtersketch", "rbnn", "addernet", "resnet2b", "resnet4b", "p-darts")),
    *((task, name, "sample", "") for task in ("imagenet", "imagenet-v2", "imagenet-real")
      for name in ("ghostnet", "mobilenetv1")),
    *((task, "resnet50-reid", "sample", "") for task in ("market1501", "cuhk03-np", "msmt17")),
    ("market1501", "cbn", "sample", ""), ("cifar100", "resnet-cifar", "sample100", ""),
    ("coco", "centernet", "sample", ""), ("tinyperson", "blobs", "person", ""), ("widerface", "blobs", "face", ""),
    ("fddb", "blobs", "face", ""), ("refcoco", "colour-words", "words", ""), ("refcoco+", "colour-words", "words", ""),
    ("refcocog", "colour-words", "words", ""), ("referit", "colour-words", "words", ""),
    *((task, "ncc", "", "") for task in (
        "otb100", "otb50", "otb2013", "vot2016", "vot2017", "vot2018", "vot2019", "uav123", "nfs", "lasot")),
)  # fmt: skip
"""Task, submission, variant, split of runs on the generated samples."""
BALLS = (("cifar10-linf", "2/255"), ("cifar10-linf", "8/255"), ("cifar10-l2", "0.25"), ("cifar10-l2", "0.5"))
TRACKERS = ("KCF", "MOSSE", "CSRT", "MIL", "MedianFlow", "TLD", "Boosting")


def commands(shared: Path | None) -> Iterator[Words]:
    """Every command; what takes a second each comes first."""
    for task, scale, protocol in SUPERRES:
        yield _eval(task, "bicubic", "--data", "sample", "--split", scale, "--protocol", protocol)
    if shared:
        yield from _files(shared / "data")
    for task, name, variant, split in TRAINED:
        chosen = [*(("--variant", variant) if variant else ()), *(("--split", split) if split else ())]
        yield _eval(task, name, "--data", "sample", *chosen)
    if shared:
        yield from _models(shared / "data")


def _eval(task: str, submission: str, *more: object) -> Words:
    return ("eval", "--task", task, "--submission", submission, *map(str, more), *QUIET)


def _score(task: str, name: str, results: Path, *more: object) -> Words:
    return ("score", "--task", task, "--submission", name, str(results), *map(str, more), "--no-log")


def _files(data: Path) -> Iterator[Words]:
    """Result files of others, under every protocol that scores them."""
    coco, voc, wider, tiny = data / "coco", data / "voc2007", data / "widerface", data / "tinyperson"
    truth = coco / "instances_val2014_100.json"
    results = coco / "instances_val2014_fakebbox100_results.json"
    yield _score("coco", "COCO API's made-up boxes", results, "--annotations", truth, "--split", "val2014")
    for protocol in PROTOCOLS["voc"]:
        annotations = voc / "ground_truth_test.json.zip"
        more = ("--annotations", annotations, "--protocol", protocol)
        yield _score("voc2007", "YOLO of darknet2caffe", voc / "comp4_det_test.zip", *more)
    yield _score("widerface", "RetinaFace of ajmalrasi", wider / "predictions_ajmalrasi.zip", "--data", wider)
    archive = tiny / "wider_every8_as_coco.zip"
    for protocol in PROTOCOLS["tiny"]:
        yield _score("tinyperson", "YOLOv7-face", archive, "--annotations", archive, "--protocol", protocol)
    matrix = data / "reid" / "check_eval_100x5332"
    for protocol in PROTOCOLS["reid"]:
        distances = matrix / "query_gallery_distance.txt"
        yield _score("market1501", "check-eval", distances, "--annotations", matrix, "--protocol", protocol)
    yield from _tracks(data / "tracking")


def _tracks(data: Path) -> Iterator[Words]:
    otb = (("KCF", "KCF_LinearHog"), ("SiamFC-3s", "SiamFC-3s"), ("SRDCF", "SRDCF"))
    for task, protocol, (name, file) in product(("otb100", "otb50", "otb2013"), PROTOCOLS["otb"], otb):
        more = ("--annotations", data / "otb100" / "anno.zip", "--protocol", protocol)
        yield _score(task, name, data / "otb100" / f"results_{file}.zip", *more)
    vot = ((2018, "DaSiamRPN"), (2018, "SiamCAR"), (2019, "NanoTrack"))
    for protocol, (year, name) in product(PROTOCOLS["vot"], vot):
        folder = data / f"vot{year}"
        more = ("--annotations", folder / f"VOT{year}.json", "--protocol", protocol)
        yield _score(f"vot{year}", name, folder / f"results_{name}.zip", *more)


def _models(data: Path) -> Iterator[Words]:
    """Networks with their authors' weights on real images, and others that were trained on the samples, beside them."""
    superres, pictures = data / "superres", data / "classification"
    for scale, protocol in product((2, 3, 4), PROTOCOLS["superres"]):
        chosen = ("--data", superres, "--split", f"x{scale}", "--protocol", protocol)
        yield _eval("set5", "bicubic", *chosen)
        for name in ("imdn", "edsr-baseline"):
            yield _eval("set5", name, *chosen, "--variant", "sample" if scale == 4 else f"sample-x{scale}")
        if scale in (2, 4):
            weights = superres / "weights" / f"IMDN_x{scale}.pth"
            yield _eval("set5", "imdn", *chosen, "--variant", f"x{scale}", "--weights", weights)
    yield from _cifar(pictures, data / "robustness" / "weights" / "resnet2b.pth")
    hundred = (
        "--images",
        pictures / "imagenet_sample100.zip",
        "--annotations",
        pictures / "imagenet_sample100_labels.csv",
    )
    weights = pictures / "weights" / "mobilenetV1X0.25_pretrain.tar"
    for options in ((), ("interpolation=bicubic",), ("backend=tensor",), ("backend=tensor", "antialias=false")):
        chosen = [word for option in options for word in ("--set", option)]
        yield _eval("imagenet", "mobilenetv1", *hundred, "--weights", weights, *chosen)
    if find_spec("cv2"):
        for name in TRACKERS:
            yield _eval("otb100", f"opencv:{name}", "--data", data / "tracking" / "sequences" / "couple_crossing.zip")


def _cifar(folder: Path, robust: Path) -> Iterator[Words]:
    images = ("--images", folder / "cifar10_test200_images.npy", "--annotations", folder / "cifar10_test200_labels.npy")
    trained = (
        ("resnet-cifar", folder / "weights" / "resnet20-12fca82f.th"),
        ("addernet", folder / "weights" / "ResNet20-AdderNet.pth"), ("resnet2b", robust),
    )  # fmt: skip
    for name, weights in trained:
        yield _eval("cifar10", name, *images, "--weights", weights)
    for name in ("cifar-2023", "cifar-247"):
        yield _eval("cifar10", "resnet-cifar", *images, "--weights", trained[0][1], "--set", f"normalisation={name}")
    # Gradients through adder layers take minutes for what takes the others a second.
    attacked = [(name, weights) for name, weights in trained if name != "addernet"]
    for (name, weights), (task, eps) in product(attacked, BALLS):
        yield _eval(task, name, *images, "--weights", weights, "--attack", "fgsm", "--eps", eps)
    for task, eps in BALLS:
        yield _eval(task, "resnet2b", *images, "--weights", robust, "--attack", "pgd", "--steps", 7, "--eps", eps)
