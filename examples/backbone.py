"""A RedNet as the backbone of torchvision's RetinaNet: one training step on a drawn image.

python backbone.py
"""

import torch
from torchvision.models.detection import RetinaNet
from torchvision.models.detection.backbone_utils import BackboneWithFPN

from involution_core import build_network

torch.manual_seed(0)
backbone = build_network("rednet26-small", features_only=True)  # "rednet50" for photographs
info = backbone.feature_info
levels = {name: str(level) for level, name in enumerate(info.module_name())}
pyramid = BackboneWithFPN(backbone, levels, info.channels(), out_channels=16)
detector = RetinaNet(pyramid, num_classes=2, min_size=64, max_size=96)

image = torch.zeros(3, 64, 96)
image[:, 20:50, 30:70] = 1
target = {"boxes": torch.tensor([[30.0, 20, 70, 50]]), "labels": torch.tensor([1])}
losses = detector([image], [target])
sum(losses.values()).backward()
print(dict(zip(info.module_name(), info.channels(), strict=True)))
print(", ".join(sorted(losses)))
