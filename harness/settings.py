"""Settings that every task knows: what splits a comparison whatever the benchmark."""

from harness.task import SettingSpec

GENERAL = (
    SettingSpec(
        name="test_time_augmentation", title="flips and scales averaged at test time", default="none", by="submission"
    ),
    SettingSpec(
        name="training",
        title="training regime (supervised, transfer, unsupervised, ...)",
        default="supervised",
        by="submission",
    ),
    SettingSpec(name="precision", title="numeric precision of the network", default="float32", by="submission"),
    SettingSpec(name="emulated", title="arithmetic emulated in floating point", default="", by="submission"),
    SettingSpec(name="adapted", title="the method used statistics of the test samples", default=False, by="submission"),
)


def known(settings: tuple[SettingSpec, ...]) -> dict[str, SettingSpec]:
    """A task's own settings and the general ones, by name."""
    return {spec.name: spec for spec in (*GENERAL, *settings)}
