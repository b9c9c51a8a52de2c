"""RedNet as the authors' repository builds it and names its parameters, written anew.

Source: github.com/d-li14/involution, cls/mmcls/models (read, not copied); the names of a
convolution with its BN are those of mmcv's ConvModule. Where a strided involution meets a map of
odd size this fails, as theirs does.
"""

import torch
import torch.nn.functional as F
from torch import nn

BLOCKS = {
    26: (1, 2, 4, 1),
    38: (2, 3, 5, 2),
    50: (3, 4, 6, 3),
    101: (3, 4, 23, 3),
    152: (3, 8, 36, 3),
}


class ConvModule(nn.Module):
    """Convolution, then BN and ReLU; `plain`: the convolution alone, with a bias."""

    def __init__(self, cin, cout, kernel=1, stride=1, plain=False):
        super().__init__()
        self.conv = nn.Conv2d(cin, cout, kernel, stride, kernel // 2, bias=plain)
        if not plain:
            self.bn = nn.BatchNorm2d(cout)
        self.plain = plain

    def forward(self, x):
        return self.conv(x) if self.plain else F.relu(self.bn(self.conv(x)))


class AuthorsInvolution(nn.Module):
    def __init__(self, channels, kernel, stride):
        super().__init__()
        self.kernel, self.stride, self.groups = kernel, stride, channels // 16
        self.conv1 = ConvModule(channels, channels // 4)
        self.conv2 = ConvModule(channels // 4, kernel * kernel * self.groups, plain=True)

    def forward(self, x):
        n, channels = x.shape[:2]
        pooled = F.avg_pool2d(x, self.stride, self.stride) if self.stride > 1 else x
        weight = self.conv2(self.conv1(pooled))
        height, width = weight.shape[2:]
        windows = F.unfold(x, self.kernel, padding=self.kernel // 2, stride=self.stride)
        windows = windows.reshape(n, self.groups, 16, self.kernel**2, height, width)
        weight = weight.reshape(n, self.groups, self.kernel**2, height, width)
        return torch.einsum("ngckhw,ngkhw->ngchw", windows, weight).reshape(
            n, channels, height, width
        )


class AuthorsBottleneck(nn.Module):
    def __init__(self, cin, middle, stride, downsample):
        super().__init__()
        self.conv1 = nn.Conv2d(cin, middle, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(middle)
        self.conv2 = AuthorsInvolution(middle, 7, stride)
        self.bn2 = nn.BatchNorm2d(middle)
        self.conv3 = nn.Conv2d(middle, 4 * middle, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(4 * middle)
        self.downsample = None
        if downsample:
            self.downsample = nn.Sequential(
                nn.Conv2d(cin, 4 * middle, 1, stride, bias=False), nn.BatchNorm2d(4 * middle)
            )

    def forward(self, x):
        y = F.relu(self.bn1(self.conv1(x)))
        y = F.relu(self.bn2(self.conv2(y)))
        y = self.bn3(self.conv3(y))
        return F.relu(y + (x if self.downsample is None else self.downsample(x)))


class AuthorsBackbone(nn.Module):
    def __init__(self, depth, stem_kernel):
        super().__init__()
        self.stem = nn.Sequential(
            ConvModule(3, 32, 3, 2),
            AuthorsInvolution(32, stem_kernel, 1),
            nn.BatchNorm2d(32),
            nn.ReLU(),
            ConvModule(32, 64, 3, 1),
        )
        cin = 64
        for layer, blocks in enumerate(BLOCKS[depth], 1):
            middle = 32 * 2**layer
            made = []
            for block in range(blocks):
                stride = 2 if block == 0 and layer > 1 else 1
                made.append(AuthorsBottleneck(cin, middle, stride, downsample=block == 0))
                cin = 4 * middle
            self.add_module(f"layer{layer}", nn.Sequential(*made))

    def forward(self, x):
        x = F.max_pool2d(self.stem(x), 3, 2, 1)
        for layer in (self.layer1, self.layer2, self.layer3, self.layer4):
            x = layer(x)
        return x


class AuthorsRedNet(nn.Module):
    """(N, 3, H, W) -> (N, classes)."""

    def __init__(self, depth, stem_kernel=3, classes=1000):
        super().__init__()
        self.backbone = AuthorsBackbone(depth, stem_kernel)
        self.head = nn.Module()
        self.head.fc = nn.Linear(2048, classes)

    def forward(self, x):
        return self.head.fc(self.backbone(x).mean((2, 3)))


def drawn(network, seed=0, images=None):
    """`network` in eval mode with every parameter and statistic drawn by chance.

    The statistics are those of `images` (noise, if none), then moved, and the maps that make the
    kernels are small: an involution multiplies its input with itself and would blow the maps up
    from block to block.
    """
    generator = torch.Generator().manual_seed(seed)

    def between(low, high, like):
        return low + (high - low) * torch.rand(like.shape, generator=generator)

    norms = [module for module in network.modules() if isinstance(module, nn.BatchNorm2d)]
    with torch.no_grad():
        for name, parameter in network.named_parameters():
            bound = (3 / parameter[0].numel()) ** 0.5 if parameter.ndim > 1 else 0.5
            bound *= 0.2 if name.endswith("conv2.conv.weight") else 1
            parameter.copy_(between(-bound, bound, parameter))
        for norm in norms:
            norm.weight.copy_(between(0.5, 1.5, norm.weight))
            norm.momentum = 1.0
        noise = torch.randn(4, 3, 64, 64, generator=generator)
        network.train()(noise if images is None else images)
        for norm in norms:
            mean, var = norm.running_mean, norm.running_var
            mean += between(-0.3, 0.3, mean) * var.sqrt()
            var *= between(0.7, 1.4, var)
            norm.num_batches_tracked.fill_(int(torch.randint(9999, (), generator=generator)))
    return network.eval()


def checkpoint(network):
    """What mmcls writes of it."""
    meta = {"mmcls_version": "0.10.0", "epoch": 130, "CLASSES": ["tench", "goldfish"]}
    return {"meta": meta, "state_dict": network.state_dict()}
