"""What the evaluation of a checkpoint is asked for. No torch."""

from dataclasses import MISSING, dataclass
from pathlib import Path

from ablations.data.registry import FOLDER, is_folder
from ablations.errors import SettingError
from ablations.settings.setting import check_settings, setting
from ablations.study.train_settings import DEVICES, MODELS
from ablations.texts import check_printable
from involution_core.networks.architectures import ARCHITECTURES

DEFAULT_MODEL = "rednet50"

ZOO_MODELS = tuple(name for name in MODELS if ARCHITECTURES[name].stem == "imagenet")


def _read_folder(text: str) -> str:
    check_printable(text)
    if not is_folder(text):
        raise ValueError(f"allowed: {FOLDER}PATH")
    return text


@dataclass(frozen=True)
class EvaluationSettings:
    """A trained network and the images that it is judged on.

    Attributes:
        weights: A checkpoint of the authors' repository, or what `--save-weights` has kept.
        dataset: "imagefolder:PATH"; None: the images that the file names, as the latter does.
        model: The network of the former; None: DEFAULT_MODEL. The latter says what it is.
        batch_size: Images of a batch.
        device: "auto", "cpu" or "cuda".

    Raises:
        SettingError: For the first value that is not allowed.
    """

    weights: Path = setting(
        MISSING,
        "Checkpoint of the authors' repository, or weights of --save-weights",
        example="rednet50.pth",
        metavar="FILE",
    )
    dataset: str | None = setting(
        None,
        "imagefolder:PATH, with PATH/val/CLASS/*.jpg or PATH/CLASS/*.jpg; default: the data set of "
        "the trial that saved the weights",
        read=_read_folder,
        example="imagefolder:/data/imagenet",
    )
    model: str | None = setting(
        None,
        f"Network of the authors' checkpoint: {', '.join(ZOO_MODELS)}; default: {DEFAULT_MODEL}",
        choices=ZOO_MODELS,
        example="rednet26",
    )
    batch_size: int = setting(
        64,
        "Images per batch",
        example="256",
    )
    device: str = setting(
        "auto",
        f"Device: {', '.join(DEVICES)}",
        choices=DEVICES,
    )

    def __post_init__(self) -> None:
        check_settings(self)
        if not self.weights.is_file():
            raise SettingError("weights", self.weights, "is not a file")

    @property
    def official_model(self) -> str:
        """The network of a checkpoint of the authors."""
        return self.model or DEFAULT_MODEL
