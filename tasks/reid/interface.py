"""What every embedding network must provide, the same for all data sets of this family."""

from typing import Final

from harness.columns import ColumnSpec
from harness.declaration import Interface

FEATURE: Final = ColumnSpec("feature", "float32", (None,), description="the image's embedding")
INTERFACE: Final = Interface(
    id="embedding",
    title="embedding of person images",
    inputs=(
        "image: uint8 RGB (height, width, 3); camera: int, the number of the camera that took it; "
        "role: query, gallery or multi_query"
    ),
    answer=(
        "feature: float32 (d,), of the same length for all images; the settings `distance` (euclidean, cosine), "
        "`feature_normalisation` and `test_time_augmentation` say how it is made and compared"
    ),
    columns=(FEATURE,),
    baseline=('return {"feature": sample.inputs["image"].reshape(-1, 3).mean(axis=0).astype(np.float32)}'),
)
