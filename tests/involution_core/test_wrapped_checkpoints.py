"""Checkpoints as trainers wrap them: prefixes, averages, detectors, a framework's own classes."""

import argparse
import collections
import logging
import pathlib
import sys

import numpy as np
import pytest
import torch
from authors import AuthorsRedNet
from safetensors.torch import save_file
from torch.optim.swa_utils import AveragedModel

from involution_core import build_network, load_official


@pytest.fixture(scope="module")
def state():
    """RedNet-26 of the authors, 5 classes."""
    return dict(AuthorsRedNet(26, classes=5).state_dict())


def prefixed(prefix, state):
    return {prefix + key: value for key, value in state.items()}


def holds(network, state):
    last = state["backbone.layer4.0.conv3.weight"]
    return torch.equal(network.stages[3][0].conv3.weight, last) and torch.equal(
        network.classifier.bias, state["head.fc.bias"]
    )


WRAPPINGS = {
    "DataParallel": lambda s: prefixed("module.", s),
    "torch.compile": lambda s: prefixed("_orig_mod.", s),
    "both": lambda s: {"model": prefixed("_orig_mod.module.", s), "epoch": 3},
    "bare backbone": lambda s: {k.removeprefix("backbone."): v for k, v in s.items()},
    "model": lambda s: {"model": s, "optimizer": {"state": {}}},
    "model_state_dict": lambda s: {"model_state_dict": s, "loss": 0.5},
    "net": lambda s: {"net": s, "acc": 71.2},
    "ema_state_dict": lambda s: {"ema_state_dict": s},
    "model_ema": lambda s: {"model_ema": {"module": s}},
    "mmengine's average": lambda s: {
        "ema_state_dict": {"steps": torch.tensor(3), **prefixed("module.", s)}
    },
    "Lightning": lambda s: {"state_dict": prefixed("model.", s), "hyper_parameters": {"lr": 0.1}},
    "a key of its own": lambda s: {
        "net_weights": s,
        "optimizer": {"state": {0: {"exp_avg": torch.ones(1)}}},
    },
    "two keys of its own": lambda s: {"checkpoint": {"generator": s}},
    "FSDP and checkpointing of parts": lambda s: {
        key.replace("backbone.", "backbone._fsdp_wrapped_module.").replace(
            "layer1.0.", "layer1.0._checkpoint_wrapped_module._orig_mod."
        ): value
        for key, value in s.items()
    },
    "thop's counter": lambda s: {
        **s,
        "total_ops": s["head.fc.bias"],
        "head.total_params": 1 * s["head.fc.bias"],
    },
    "without num_batches_tracked": lambda s: {
        key: value for key, value in s.items() if not key.endswith("num_batches_tracked")
    },
    "a wrapped backbone alone": lambda s: {
        key.replace("backbone.", "backbone.module."): value for key, value in s.items()
    },
    "an encoder's backbone": lambda s: {
        "state_dict": prefixed(
            "model.", {k.replace("backbone.", "encoder.backbone."): v for k, v in s.items()}
        )
    },
    "Lightning with a loss": lambda s: {
        "state_dict": {**prefixed("net.", s), "criterion.weight": torch.ones(5)}
    },
}


@pytest.mark.parametrize("wrapping", WRAPPINGS)
def test_weights_are_found_where_trainers_leave_them(state, wrapping):
    content = WRAPPINGS[wrapping](state)
    assert holds(load_official("rednet26", content), state)


def test_an_averaged_model_is_read(state):
    theirs = AuthorsRedNet(26, classes=5)
    theirs.load_state_dict(state)
    averaged = AveragedModel(theirs).state_dict()
    assert "n_averaged" in averaged
    assert holds(load_official("rednet26", averaged), state)


def test_weights_go_before_their_average_which_is_named(state, caplog):
    average = {key: torch.zeros_like(value) for key, value in state.items()}
    with caplog.at_level(logging.INFO, "involution_core.checkpoints"):
        network = load_official("rednet26", {"state_dict": state, "state_dict_ema": average})
    assert holds(network, state)
    assert caplog.messages == ["weights from 'state_dict'; left out: state_dict_ema"]


def test_of_two_networks_none_is_chosen(state):
    both = {**prefixed("student.", state), **prefixed("teacher.", state)}
    with pytest.raises(ValueError, match=r"one network \('student\.\*', 'teacher\.\*'\)"):
        load_official("rednet26", both)


def test_of_two_unknown_places_none_is_chosen(state):
    with pytest.raises(ValueError, match=r"more than one network \('student', 'teacher'\)"):
        load_official("rednet26", {"student": state, "teacher": state, "epoch": 3})


@pytest.mark.parametrize("key", ["model", "mine"])
def test_a_mapping_that_holds_itself_is_told(key, state, tmp_path):
    content = {}
    content[key] = {"self": content, **({} if key == "model" else state)}
    content[key][key] = content[key]
    torch.save(content, tmp_path / "odd.pth")
    with pytest.raises(ValueError, match=r"holds (no state_dict|more than one network)"):
        load_official("rednet26", tmp_path / "odd.pth")


def test_a_detectors_backbone_is_loaded_and_the_rest_named(state, caplog):
    detector = {key: value for key, value in state.items() if key.startswith("backbone.")}
    detector |= {f"neck.lateral_convs.{i}.conv.weight": torch.ones(1) for i in range(4)}
    detector |= {"roi_head.bbox_head.fc_cls.weight": torch.ones(81, 1024)}
    with pytest.raises(ValueError, match=r"5 unexpected \(neck.lateral_convs.0.conv.weight"):
        load_official("rednet26", {"state_dict": detector})
    with caplog.at_level(logging.INFO, "involution_core.checkpoints"):
        network = load_official("rednet26", {"state_dict": detector}, classifier=False)
    assert torch.equal(network.stem[0].weight, state["backbone.stem.0.conv.weight"])
    (told,) = caplog.messages
    assert told == "weights from 'state_dict'; left out: neck (4 tensors), roi_head"


def test_other_classes_and_no_classifier_say_which_option(state):
    for classes, told in ((7, "2 misshaped"), (0, "2 unexpected")):
        network = build_network("rednet26", classes=classes)
        with pytest.raises(ValueError, match=rf"{told} .*; load_official with classifier=False"):
            load_official(network, state)
        load_official(network, state, classifier=False)
        assert torch.equal(network.stem[0].weight, state["backbone.stem.0.conv.weight"])


def test_channels_of_images_are_read_off(state):
    with torch.device("meta"):
        of_13 = {key: torch.empty_like(value, device="meta") for key, value in state.items()}
        of_13["backbone.stem.0.conv.weight"] = torch.empty(32, 13, 3, 3)
        network = load_official("rednet26", of_13)
    assert network.stem[0].in_channels == 13


def test_names_of_this_project_say_how_they_are_loaded():
    with torch.device("meta"):
        own = build_network("rednet26").state_dict()
    with pytest.raises(ValueError, match=r"network\.load_state_dict loads it"):
        load_official("rednet26", own)


def test_a_file_of_safetensors_is_read(state, tmp_path, monkeypatch):
    path = tmp_path / "rednet26.safetensors"
    save_file(state, path)
    assert holds(load_official("rednet26", path), state)
    path.write_bytes(path.read_bytes()[:1000])
    with pytest.raises(ValueError, match=r"^is not a file of safetensors, or not all of one$"):
        load_official("rednet26", path)
    monkeypatch.setitem(sys.modules, "safetensors", None)
    with pytest.raises(ValueError, match=r"^needs the package safetensors: pip install "):
        load_official("rednet26", path)


class ConfigDict(dict):
    """As a framework's: a dict with methods."""


class HistoryBuffer:
    """As mmengine's: arrays and numbers, with slots of its own making."""

    def __init__(self):
        self.values, self.longest = np.arange(3.0), np.float64(7)

    def __setstate__(self, state):
        raise AssertionError("a class of a file was used")


def test_a_frameworks_own_classes_are_read_as_nothing(state, tmp_path):
    path = tmp_path / "epoch_12.pth"
    meta = {
        "cfg": ConfigDict(lr=0.1, nested=ConfigDict(a=[1])),
        "history": HistoryBuffer(),
        "arguments": argparse.Namespace(epochs=12),
        "folder": pathlib.PurePosixPath("work_dirs/rednet"),
        "names": collections.namedtuple,
    }
    torch.save({"meta": meta, "state_dict": state}, path)
    assert holds(load_official("rednet26", path), state)


class Called:
    """Calls a function when it is unpickled."""

    def __init__(self, function, *arguments):
        self.called = function, arguments

    def __reduce__(self):
        return self.called


@pytest.mark.parametrize("place", ["meta", "weight"])
def test_a_function_in_a_file_is_not_called(state, place, tmp_path):
    path, trace = tmp_path / "weights.pth", tmp_path / "it-ran"
    call = Called(exec, f"open({str(trace)!r}, 'w')")
    if place == "meta":
        torch.save({"meta": call, "state_dict": state}, path)
        load_official("rednet26", path)
    else:
        torch.save({"state_dict": {**state, "head.fc.bias": call}}, path)
        with pytest.raises(ValueError, match=r"^asks for (builtins\.)?exec to be loaded.*trust"):
            load_official("rednet26", path)
    assert not trace.exists()


def test_a_whole_pickled_network_is_refused_in_one_line(tmp_path):
    path = tmp_path / "whole.pth"
    torch.save(build_network("rednet-small"), path)
    with pytest.raises(ValueError, match=r"^asks for \S+ to be loaded, [^\n]*$"):
        load_official("rednet26", path)


def test_wrapped_files_of_the_first_format_with_other_classes_are_refused(state, tmp_path):
    path = tmp_path / "old.pth"
    content = {"meta": HistoryBuffer(), "state_dict": state}
    torch.save(content, path, _use_new_zipfile_serialization=False)
    with pytest.raises(ValueError, match=r"HistoryBuffer to be loaded.* save its state dict alone"):
        load_official("rednet26", path)


def test_the_classifier_of_another_network_is_not_taken(state):
    other = {
        key.replace("head.", "teacher.head.").replace("backbone.", "student.backbone."): value
        for key, value in state.items()
    }
    with pytest.raises(ValueError, match="holds a backbone without its classifier"):
        load_official("rednet26", other)


@pytest.mark.parametrize("prefix", ["", "module."])
def test_counters_inside_the_backbone_are_told_as_counters(state, prefix, caplog):
    counted = {
        **state,
        "backbone.stem.0.conv.total_ops": torch.ones(1),
        "total_params": torch.ones(1),
    }
    with caplog.at_level(logging.INFO, "involution_core.checkpoints"):
        load_official("rednet26", prefixed(prefix, counted))
    told = "weights from the checkpoint itself; left out: thop's counters (2 tensors)"
    assert caplog.messages == [told]
