"""Tasks that papers have and this project has no adapter for yet, so that their claims can be stated all the same."""

from collections.abc import Mapping

OTHER_TASKS: Mapping[str, str] = {
    "black-box-attack": "attacks that only ask a network (success, number of queries)",
    "crowd-counting": "counting people in a crowd",
    "dataset-facts": "how large a data set or a challenge is",
    "domain-adaptation": "classification in another domain than that of the labels",
    "face-recognition": "verifying and recognising faces",
    "image-compression": "compressing images",
    "image-generation": "generating images",
    "image-restoration": "inpainting and reconstruction of images",
    "interpretability": "explaining what parts of a network do",
    "latency-prediction": "predicting the latency of an architecture",
    "medical-segmentation": "segmentation of medical images",
    "nas-predictor": "predicting the accuracy of an architecture (NAS-Bench)",
    "places365": "classification of scenes (Places365)",
    "search-cost": "what the search for an architecture costs",
    "sketch-retrieval": "retrieving images by a sketch",
    "training-facts": "what happens in training: data used, weights flipped",
    "video-attack": "attacks on video classifiers",
    "white-box-attack": "attacks that know the network",
}
"""Id -> title. An id leaves this list when a task of that name is installed."""
