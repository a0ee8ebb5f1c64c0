"""What the super-resolution tasks say of themselves: metrics, protocols, the interface."""

from harness.declaration import Interface, MetricSpec, ProtocolSpec, SettingSpec, TaskMeta
from tasks.superres.benchmarks import Benchmark
from tasks.superres.data import COLUMNS

METRICS = ("PSNR", "SSIM")
PROTOCOLS = (
    ProtocolSpec(
        id="matlab-y",
        title="luma in single precision, not rounded, border of `scale` pixels left out",
        source="yulunzhang/RCAN, RCAN_TestCode/Evaluate_PSNR_SSIM.m",
        also=("y-rounded", "rgb"),
    ),
    ProtocolSpec(
        id="y-rounded",
        title="luma rounded to uint8, border of `scale` pixels left out",
        source="cszn/KAIR, utils/utils_image.py on uint8 images; Zheng222/IMDN, test_IMDN.py",
        also=("matlab-y", "rgb"),
    ),
    ProtocolSpec(
        id="rgb",
        title="the three colour channels, border of `scale` pixels left out",
        source="cszn/KAIR, utils/utils_image.py on RGB images",
        also=("matlab-y", "y-rounded"),
    ),
)
TILE = SettingSpec(
    name="tile",
    title="side of the tiles that an image is cut into, in low-resolution pixels (0: none)",
    default=0,
    by="submission",
    compared=False,
)
LPIPS = SettingSpec(
    name="lpips_weights",
    title="torchvision's AlexNet (alexnet-owt-7be5be79.pth): adds the metric LPIPS (extra [lpips])",
    default="none",
    compared=False,
)
INTERFACE = Interface(
    id="superres",
    title="single-image super-resolution",
    inputs="image: the low-resolution image, uint8 RGB (h, w, 3); dataset.facts['scale']: how many times larger, int",
    answer="image: the super-resolved image, uint8 RGB (scale * h, scale * w, 3), rounded and clamped by the method",
    columns=COLUMNS,
    baseline="""scale = self.facts["scale"]
return {"image": sample.inputs["image"].repeat(scale, axis=0).repeat(scale, axis=1)}""",
)


def declare(benchmark: Benchmark) -> TaskMeta:
    """What the task of `benchmark` is."""
    name = benchmark.folder
    return TaskMeta(
        id=benchmark.id,
        version="1",
        title=benchmark.title,
        family="superres",
        summary=f"Single-image super-resolution of {len(benchmark.images)} images, made smaller by MATLAB's bicubic",
        metrics=(
            MetricSpec(name="PSNR", title="peak signal-to-noise ratio", unit="dB", decimals=4),
            MetricSpec(name="SSIM", title="structural similarity", decimals=4),
            MetricSpec(
                name="LPIPS", title="learned perceptual distance (AlexNet, 0.1)", higher_is_better=False, decimals=4,
                protocols=("rgb",), least=0.0,
            ),
        ),
        main_metric="PSNR",
        protocols=PROTOCOLS,
        splits=("x4", "x2", "x3", "x8"),
        interface=INTERFACE,
        unit="image",
        fixed="the scale",
        layout=(
            f"{name}/HR/NAME.png                    high-resolution images, PNG or BMP\n"
            f"{name}/LR_bicubic/x4/NAMEx4.png       MATLAB's bicubic copies; made here where they are absent\n"
            f"also benchmark/{name}/LR_bicubic/X4 (EDSR), {name}/GTmod12 with {name}/LRbicx4 (BasicSR), and\n"
            f"{name}/image_SRF_4/NAME_SRF_4_HR.png with NAME_SRF_4_LR.png (SelfExSR)"
        ),
        results="a folder or zip of PNG or BMP images, named like the high-resolution ones (also with x4, _x4, _SR)",
        licence=benchmark.licence,
        citation=benchmark.citation,
        homepage=benchmark.homepage,
        settings=(TILE, LPIPS),
        notice=benchmark.notice,
    )  # fmt: skip
