"""BatchNorms folded into the convolutions before them, for inference."""

import copy
import warnings
from collections import Counter
from collections.abc import Iterator

from torch import fx, nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.nn.modules.conv import _ConvNd
from torch.nn.utils.fusion import fuse_conv_bn_eval

_CONVOLUTIONS = (nn.Conv1d, nn.Conv2d, nn.Conv3d)
_TRANSPOSED = (nn.ConvTranspose1d, nn.ConvTranspose2d, nn.ConvTranspose3d)
_NORMS = (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d)


class _Tracer(fx.Tracer):
    proxy_buffer_attributes = True  # what reads a BatchNorm's statistics is seen

    def is_leaf_module(self, m: nn.Module, module_qualified_name: str) -> bool:
        """A subclass of what may be folded is one call too, which no trace need go into."""
        foldable = isinstance(m, (*_CONVOLUTIONS, *_TRANSPOSED, *_NORMS))
        return foldable or super().is_leaf_module(m, module_qualified_name)


def fuse_for_inference(network: nn.Module) -> nn.Module:
    """Return a copy for inference, with the BatchNorms that follow a convolution folded into it.

    The copy is in eval mode and of the network's own class; a folded BatchNorm becomes an
    `nn.Identity`. Which ones follow a convolution is read off a `torch.fx` trace. Unchanged are: a
    BatchNorm after anything else, such as an involution, whose kernels are generated; one without
    running statistics; a convolution whose output, weights or module are used elsewhere as well;
    modules with hooks or parametrizations, and subclasses.

    Args:
        network: Any network, in any mode; it is not modified.

    Returns:
        The copy. Its outputs are those of `network.eval()` up to rounding.

    Warns:
        UserWarning: Where `torch.fx` cannot trace the network. Nothing is folded then.

    Examples:
        >>> import torch
        >>> from involution_core import build_network, fuse_for_inference
        >>> network = build_network("rednet-small").eval()
        >>> folded, images = fuse_for_inference(network), torch.randn(2, 3, 32, 32)
        >>> torch.allclose(folded(images), network(images), atol=1e-5)
        True

    References:
        `torch.nn.utils.fusion.fuse_conv_bn_eval`, which folds each pair.
    """
    copied = copy.deepcopy(network).eval()
    try:
        graph = _Tracer().trace(copied)
    except Exception as error:  # a trace runs the network's own code, which may raise anything
        told = f"no BatchNorm is folded, since torch.fx cannot trace the network: {error}"
        warnings.warn(told, stacklevel=2)
        return copied
    replaced: dict[nn.Module, nn.Module] = {}
    for conv, norm in _pairs(graph, dict(copied.named_modules())):
        replaced[conv] = fuse_conv_bn_eval(conv, norm, transpose=type(conv) in _TRANSPOSED)
        replaced[norm] = nn.Identity()
    for parent in [*copied.modules()]:
        for name, child in parent._modules.items():  # a module may stand under several names
            if child in replaced:
                parent._modules[name] = replaced[child]
    return copied


def _pairs(graph: fx.Graph, modules: dict[str, nn.Module]) -> Iterator[tuple[_ConvNd, _BatchNorm]]:
    """Every convolution with the BatchNorm that alone sees its output."""
    calls = Counter(node.target for node in graph.nodes if node.op == "call_module")
    read = {str(node.target).rpartition(".")[0] for node in graph.nodes if node.op == "get_attr"}
    for node in graph.nodes:
        if node.op != "call_module" or len(node.args) != 1 or node.kwargs:
            continue
        (before,) = node.args
        if not isinstance(before, fx.Node) or before.op != "call_module" or len(before.users) > 1:
            continue
        names = str(before.target), str(node.target)
        conv, norm = modules[names[0]], modules[names[1]]
        if not isinstance(conv, _ConvNd) or not isinstance(norm, _BatchNorm):
            continue
        alone = all(calls[name] == 1 and name not in read for name in names)
        if alone and _is_plain(conv) and _is_plain(norm) and _can_fold(conv, norm):
            yield conv, norm


def _is_plain(module: nn.Module) -> bool:
    """Return whether nothing but its forward method runs when it is called."""
    return not (module._forward_hooks or module._forward_pre_hooks)


def _can_fold(conv: _ConvNd, norm: _BatchNorm) -> bool:
    if type(norm) not in _NORMS or norm.running_mean is None:
        return False
    # The weights of a grouped transposed convolution do not have its outputs along one axis.
    if type(conv) in _TRANSPOSED:
        return conv.groups == 1 and conv.out_channels == norm.num_features
    return type(conv) in _CONVOLUTIONS and conv.out_channels == norm.num_features
