"""RedNet and ResNet: architectures as integers, modules, builders, backbones."""
