"""What the evaluation of a checkpoint is asked for. No torch."""

from dataclasses import MISSING, dataclass
from pathlib import Path

from ablations.data.registry import FOLDER, is_folder
from ablations.errors import SettingError
from ablations.settings.readers import one_of, read_count, read_path
from ablations.settings.setting import Setting, check_settings, setting
from ablations.study.train_settings import DEVICES, MODELS
from ablations.texts import check_printable
from involution_core.architectures import ARCHITECTURES

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
        Setting(
            read=read_path,
            default=MISSING,
            kind=Path,
            help="Checkpoint of the authors' repository, or what --save-weights has kept",
            example="rednet50.pth",
            option="--weights",
            metavar="FILE",
        )
    )
    dataset: str | None = setting(
        Setting(
            read=_read_folder,
            default=None,
            help="imagefolder:PATH, with PATH/val/CLASS/*.jpg or PATH/CLASS/*.jpg; without it the "
            "data set that a trial's weights were tested on",
            example="imagefolder:/data/imagenet",
            option="--dataset",
            metavar="NAME",
        )
    )
    model: str | None = setting(
        Setting(
            read=one_of(ZOO_MODELS),
            default=None,
            help=f"Network of the authors' checkpoint: {', '.join(ZOO_MODELS)}; without it "
            f"{DEFAULT_MODEL}",
            example="rednet26",
            option="--model",
            metavar="NAME",
        )
    )
    batch_size: int = setting(
        Setting(
            read=read_count,
            default=64,
            kind=int,
            help="Images in a batch",
            example="256",
            option="--batch-size",
        )
    )
    device: str = setting(
        Setting(
            read=one_of(DEVICES),
            default="auto",
            help=", ".join(DEVICES),
            example="cuda",
            option="--device",
            metavar="NAME",
        )
    )

    def __post_init__(self) -> None:
        check_settings(self)
        if not self.weights.is_file():
            raise SettingError("weights", self.weights, "is not a file")

    @property
    def official_model(self) -> str:
        """The network of a checkpoint of the authors."""
        return self.model or DEFAULT_MODEL
