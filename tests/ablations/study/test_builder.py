import tomllib

import pytest

from ablations.study.all_settings import AXES, DEFAULTS, PAPER, SETTINGS
from ablations.study.builder import (
    MOST_VARIANTS,
    UNSET,
    BadStudy,
    StudyFile,
    common_settings,
    make_study,
    parse_study,
    read_study,
)
from ablations.study.grid import Grid
from ablations.study.run_settings import RunSettings
from ablations.study.shipped_studies import ABLATIONS, ENVELOPE, shipped
from ablations.study.train_settings import TrainSettings
from ablations.study.variants import Variant

CROSSED = """
name = "window-by-form"
title = "Does the window matter more to one form?"

[axes]
kernel_size = [3, 7]
generator = ["W", "r=4"]

[baseline]
kernel_size = 3

[settings]
seeds = 8
width = 16
lr = 1
"""


def study(body, name='name = "s"\n'):
    return make_study(parse_study(name + body))


def problems(text):
    _, found = read_study(text)
    assert found
    return found


def problem(body):
    """The only thing that is wrong with a study that has a name."""
    (found,) = problems('name = "s"\n' + body)
    return found


def test_what_a_file_says():
    assert parse_study(CROSSED) == StudyFile(
        name="window-by-form",
        title="Does the window matter more to one form?",
        axes={"kernel_size": (3, 7), "generator": ("W", "r=4")},
        baseline={"kernel_size": 3},
        settings={"seeds": 8, "width": 16, "lr": 1.0},
    )
    assert isinstance(parse_study(CROSSED).settings["lr"], float)


def test_every_combination_is_a_variant():
    crossed = make_study(parse_study(CROSSED), CROSSED)
    assert crossed.variants == {
        "3, W": Variant(3, 16, "W", width=16),
        "3, r=4": Variant(3, 16, "r=4", width=16),
        "7, W": Variant(7, 16, "W", width=16),
        "7, r=4": Variant(7, 16, "r=4", width=16),
    }
    assert crossed.levels["7, W"] == ("7", "W")
    assert crossed.axes == ("kernel_size", "generator")
    assert crossed.crossed
    assert crossed.source == CROSSED


def test_a_title_may_be_left_out():
    assert study("[axes]\nkernel_size = [3]").title == "s"


def test_numbers_may_be_written_as_text():
    assert study('[axes]\nkernel_size = ["3", "07"]').variants.keys() == {"3", "7"}


@pytest.mark.parametrize(
    ("body", "baseline"),
    [
        ("[axes]\nkernel_size = [3, 7]", "7"),
        ("[axes]\nkernel_size = [3, 5]", "3"),
        ("[axes]\nlr = [0.2, 0.1]", "0.2"),
        ('[axes]\nkernel_size = [3, 7]\ngenerator = ["W", "r=4"]', "7, r=4"),
        ('[axes]\nkernel_size = [3, 7]\ngenerator = ["W"]\n[baseline]\ngenerator = "W"', "7, W"),
        ("[axes]\nlr = [0.2, 0.1]\nkernel_size = [3, 7]\n[baseline]\nlr = 0.1", "0.1, 7"),
        ("[[variants]]\nkernel_size = 3\nlr = 0.2\n[[variants]]\n[[variants]]\nlr = 0.3", "7, 0.1"),
        (
            '[[variants]]\nkernel_size = 7\nfamily = "attention"\n'
            '[[variants]]\nkernel_size = 3\n[baseline]\nfamily = "rednet"',
            "3, rednet",
        ),
    ],
)  # fmt: skip
def test_the_baseline_is_named_or_the_papers_or_the_first(body, baseline):
    assert study(body).baseline == baseline


def test_what_a_listed_variant_does_not_say_is_the_settings_or_the_default():
    listed = study(
        "[[variants]]\nkernel_size = 3\n[[variants]]\nlr = 0.2\ndepth = 26\n"
        '[[variants]]\nfamily = "resnet"\n[[variants]]\nfamily = "attention"\nkernel_size = 5\n'
        "[settings]\nkernel_size = 9"
    )
    assert listed.axes == ("kernel_size", "lr", "depth", "family")
    assert listed.variants == {
        f"3, 0.1, {UNSET}, rednet": Variant(3),
        "9, 0.2, 26, rednet": Variant(9, depth=26, training=(("lr", 0.2),)),
        f"{UNSET}, 0.1, {UNSET}, resnet": Variant(family="resnet"),
        f"5, 0.1, {UNSET}, attention": Variant(5, generator="attention"),
    }
    assert not listed.crossed


def test_the_defaults_are_those_of_a_run_and_of_the_paper():
    train = TrainSettings()
    for name in ("dataset", "epochs", "batch_size", "lr"):
        assert DEFAULTS[name] == getattr(train, name)
    paper = Variant()
    for name in (*PAPER, "family"):
        assert DEFAULTS[name] == getattr(paper, name)


def test_what_training_a_variant_has_of_its_own_is_what_the_baseline_has_not():
    body = (
        "[axes]\nlr = [0.1, 0.2]\nsteps = [1, 2]\n[baseline]\nlr = 0.2\n[settings]\nbatch_size = 8"
    )
    file = parse_study('name = "s"\n' + body)
    assert common_settings(file) == {"batch_size": 8, "lr": 0.2, "steps": 1}
    trained = {name: variant.training for name, variant in make_study(file).variants.items()}
    assert trained == {
        "0.1, 1": (("lr", 0.1),),
        "0.1, 2": (("lr", 0.1), ("steps", 2)),
        "0.2, 1": (),
        "0.2, 2": (("steps", 2),),
    }


def test_every_axis_can_be_one():
    levels = {"kernel_size": 5, "group_channels": '"C"', "generator": '"my.module:Generator"',
              "family": '"rednet"', "depth": 26, "width": 24, "image_size": 48,
              "dataset": '"cifar10"', "epochs": 2, "batch_size": 4, "lr": 1e-3,
              "optimizer": '"adamw"', "momentum": 0.5, "weight_decay": 0,
              "label_smoothing": 0, "decayed": '"weights"', "zero_gamma": '"yes"',
              "span_init": '"he"', "averaging": 0.9, "accumulate": 2, "warmup": 5,
              "warmup_from": 0.25, "precision": '"bf16"'}  # fmt: skip
    lines = [f"{name} = [{level}]" for name, level in levels.items()]
    (variant,) = study("[axes]\n" + "\n".join(lines)).variants.values()
    network = Variant(5, "C", "my.module:Generator", depth=26, width=24, image_size=48)
    assert variant == network  # all of its training is the baseline's, its own
    assert {*levels, "steps"} == AXES.keys()


NASTY = 'imagefolder:/a "b" \\c\\ \N{SNOWMAN} \N{PILE OF POO} #[x] \''


@pytest.mark.parametrize(
    "file",
    [
        *map(shipped, (*ABLATIONS, ENVELOPE)),
        parse_study(CROSSED),
        StudyFile("s", NASTY, variants=({"dataset": NASTY, "lr": 1e-30}, {"lr": 1e300})),
        StudyFile("s", "t", {"lr": (1e16, 0.1), "dataset": (NASTY, "digits")}, (),
                  {"dataset": NASTY}, {"steps": 10**9, "generator": "ä.ö:ü"}),
        StudyFile("s", "t", {"kernel_size": (3,)}, tune=Grid({"lr": (1e-3, 0.1),
                  "decayed": ("all", "weights")}, 5)),
    ],
    ids=lambda file: file.name,
)  # fmt: skip
def test_a_file_that_is_written_is_read_back(file):
    assert parse_study(file.to_toml()) == file
    assert make_study(parse_study(file.to_toml())) == make_study(file)


def test_a_title_that_no_file_could_hold_is_written_as_toml_can():
    assert tomllib.loads(StudyFile("s", "a\x7fb\x00\n").to_toml())["title"] == "a\x7fb\x00\n"


AXIS = "[axes]\nkernel_size = [3, 7]\n"


@pytest.mark.parametrize(
    ("body", "key", "message"),
    [
        ("", (), "a study has either [axes] or [[variants]]"),
        (AXIS + "[[variants]]\nlr = 1", (), "a study has either [axes] or [[variants]]"),
        ("[axes]", (), "nothing to vary"),
        ("variants = []", (), "nothing to vary"),
        ("[[variants]]\n[[variants]]", (), "nothing to vary"),
        ("axes = 3", ("axes",), "axes must be a table: [axes]"),
        ("[[axes]]\nlr = [1]", ("axes",), "axes must be a table: [axes]"),
        ("[variants]\nlr = 1", ("variants",), "variants must be tables: [[variants]]"),
        ("variants = [{lr = 1}, 2]", ("variants",), "variants must be tables: [[variants]]"),
        (AXIS + "[baselines]", ("baselines",), "baselines: unknown; allowed: name, title, axes"),
        (AXIS + "[[baseline]]", ("baseline",), "baseline must be a table: [baseline]"),
        ("[axes]\nkernel_size = 3", ("axes", "kernel_size"), "must be a list of at least one"),
        ("[axes]\nkernel_size = []", ("axes", "kernel_size"), "must be a list of at least one"),
        ("[axes.lr]\na = 1", ("axes", "lr"), "lr must be a list of at least one value"),
        ("[axes]\nseeds = [1]", ("axes", "seeds"), "seeds is not an axis; allowed: kernel_size, "),
        ("[axes]\nlr = [0.1, 0.10]", ("axes", "lr"), "lr 0.1: is given twice"),
        ("[axes]\nkernel_size = [4]", ("axes", "kernel_size"), "kernel_size 4: kernel sizes are"),
        ("[axes]\nkernel_size = [3.0]", ("axes", "kernel_size"), "kernel_size 3.0: kernel sizes"),
        ("[axes]\nkernel_size = [33]", ("axes", "kernel_size"), "33: the kernel size is too large"),
        ("[axes]\nkernel_size = [true]", ("axes", "kernel_size"), "True: must be a number or text"),
        ("[axes]\nlr = [2020-01-01]", ("axes", "lr"), "lr 2020-01-01: must be a number or text"),
        ("[axes]\nlr = [[1]]", ("axes", "lr"), "lr [1]: must be a number or text"),
        ("[axes]\nlr = [nan]", ("axes", "lr"), "lr nan: must be a positive number"),
        ("[axes]\nlr = [inf]", ("axes", "lr"), "lr inf: must be a positive number"),
        ("[axes]\nlr = [-0.1]", ("axes", "lr"), "lr -0.1: must be a positive number"),
        ("[axes]\nlr = [0x" + "f" * 5000 + "]", ("axes", "lr"), "thousands of digits: must be a p"),
        ("[axes]\ngroup_channels = [0]", ("axes", "group_channels"), "0: allowed: positive integ"),
        ('[axes]\ngenerator = ["r=0"]', ("axes", "generator"), "generator r=0: unknown form"),
        ('[axes]\ngenerator = ["a b:c"]', ("axes", "generator"), "generator a b:c: unknown form"),
        ('[axes]\nfamily = ["vgg"]', ("axes", "family"), "vgg: unknown family; allowed: rednet, "),
        ("[axes]\ndepth = [34]", ("axes", "depth"), "depth 34: allowed: 26, 38, 50, 101, 152"),
        ("[axes]\nwidth = [1025]", ("axes", "width"), "width 1025: must be an integer of at least"),
        ('[axes]\ndataset = ["mnist"]', ("axes", "dataset"), "dataset mnist: allowed: digits, d"),
        ('[axes]\ndataset = ["imagefolder:\\u0000"]', ("axes", "dataset"), "must be a line of"),
        ("[axes]\nepochs = [1.5]", ("axes", "epochs"), "epochs 1.5: must be at least 1 and at mos"),
        ("[axes]\nsteps = [9999999999]", ("axes", "steps"), "must be at least 1 and at most 100"),
        ("[axes]\nbatch_size = [-1]", ("axes", "batch_size"), "batch_size -1: must be at least 1"),
        (AXIS + "[settings]\nseeds = 0", ("settings", "seeds"), "seeds 0: must be at least 1 and"),
        (AXIS + '[settings]\nmodel = "resnet50"', ("settings", "model"), "allowed: rednet26"),
        (AXIS + '[settings]\nsplit = "val"', ("settings", "split"), "allowed: test, validation"),
        (AXIS + '[settings]\ndevice = "cpu"', ("settings", "device"), "device: unknown; allowed: "),
        (AXIS + "[settings]\nkernel_size = 5", ("settings", "kernel_size"), "is an axis; leave it"),
        (AXIS + "[settings]\nepochs = 1\nsteps = 1", ("settings", "steps"), "either epochs or ste"),
        (AXIS + "[baseline]\nlr = 0.1", ("baseline", "lr"), "lr: is not an axis of this study"),
        (AXIS + "[[tune]]\nlr = [1, 2]", ("tune",), "tune must be a table: [tune]"),
        (AXIS + "[tune]", ("tune",), "tune needs a setting, such as lr = [0.03, 0.1]"),
        (AXIS + "[tune]\nseeds = 2", ("tune",), "tune needs a setting"),
        (AXIS + "[tune]\nlr = 0.1", ("tune", "lr"), "lr must be a list of at least two values"),
        (AXIS + "[tune]\nlr = [0.1]", ("tune", "lr"), "lr must be a list of at least two values"),
        (AXIS + "[tune]\nlr = [1, 1.0]", ("tune", "lr"), "lr 1.0: is given twice"),
        (AXIS + "[tune]\nlr = [1, 0]", ("tune", "lr"), "lr 0: must be a positive number"),
        (AXIS + "[tune]\nlr = [1, 2]\nseeds = 0", ("tune", "seeds"), "seeds 0: must be at least"),
        (AXIS + "[tune]\nwidth = [16, 32]", ("tune", "width"), "width cannot be tuned; allowed: e"),
        (AXIS + '[tune]\ndataset = ["digits"]', ("tune", "dataset"), "dataset cannot be tuned"),
        (AXIS + "lr = [1, 2]\n[tune]\nlr = [1, 2]", ("tune", "lr"), "lr: is an axis; leave it out"),
        (AXIS + "[settings]\nlr = 1\n[tune]\nlr = [1, 2]", ("settings", "lr"), "lr: is tuned; le"),
        (AXIS + '[settings]\nsplit = "validation"\n[tune]\nlr = [1, 2]', ("settings", "split"),
         "split validation: is used by [tune]; the study itself must be measured on test"),
        (AXIS + "[settings]\nepochs = 1\n[tune]\nsteps = [1, 2]", ("tune", "steps"),
         "steps: give either epochs or steps, not both"),
        (AXIS + "[settings]\nsteps = 1\n[tune]\nepochs = [1, 2]", ("settings", "steps"),
         "steps: give either epochs or steps, not both"),
        (AXIS + f"[tune]\nepochs = {[*range(1, 10)]}\nlr = {[*range(1, 7)]}", ("tune",),
         "54 combinations to tune; at most 50"),
        (AXIS + "[baseline]\nkernel_size = 5", ("baseline",), "kernel_size 5: must be one of the"),
        (
            "[[variants]]\nepochs = 1\n[[variants]]\nsteps = 1",
            ("variants", 1, "steps"),
            "steps: give either epochs or steps, not both",
        ),
        (
            "[[variants]]\nsteps = 1\n[[variants]]\nkernel_size = 3",
            ("variants", 1),
            "steps is missing; other variants have it",
        ),
        (
            "[[variants]]\nkernel_size = 3\n[[variants]]\n[[variants]]\nkernel_size = 7",
            ("variants", 2),
            "7: is the same variant as 7",
        ),
        (
            '[axes]\nfamily = ["rednet", "resnet"]\nkernel_size = [3, 7]',
            ("axes", "kernel_size"),
            "kernel_size: the family resnet has no involutions; list the variants",
        ),
        (
            '[[variants]]\nfamily = "resnet"\nkernel_size = 3',
            ("variants", 0, "kernel_size"),
            "kernel_size: the family resnet has no involutions",
        ),
        (
            '[axes]\ngenerator = ["W"]\n[settings]\nfamily = "attention"',
            ("axes", "generator"),
            "generator: the family attention has a generator of its own",
        ),
        (
            '[axes]\ngroup_channels = [1]\n[settings]\nfamily = "my.nets:Net"',
            ("axes", "group_channels"),
            "group_channels: the family my.nets:Net has no involutions",
        ),
        (AXIS + '[settings]\nfamily = "resnet"', ("axes", "kernel_size"), "has no involutions"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_with_its_place(body, key, message):
    where, what = problem(body)
    assert where == key
    assert message in what


@pytest.mark.parametrize(
    ("text", "key", "message"),
    [
        (AXIS, ("name",), "name is missing"),
        ("name = 3\n" + AXIS, ("name",), "name must be a line of text"),
        ('name = ""\n' + AXIS, ("name",), "name must be a line of text"),
        ('name = "a\\nb"\n' + AXIS, ("name",), "name must be a line of text"),
        (
            'name = "../a"\n' + AXIS,
            ("name",),
            "name ../a: must be lower-case letters, digits, - and _",
        ),
        ('name = "A"\n' + AXIS, ("name",), "name A: must be lower-case letters"),
        (f'name = "{"a" * 61}"\n' + AXIS, ("name",), "at most 60"),
        ('name = "s"\ntitle = "\\u001b[1m"\n' + AXIS, ("title",), "title must be a line of text"),
        ("\n\na = = b", (3,), "is not valid TOML: Invalid value (column 5)"),
        ('\nname = "s', (2,), "is not valid TOML: Unterminated string"),
        ('name = "s"\nname = "s"', (2,), "is not valid TOML: Cannot overwrite a value"),
        ("a = 1" + "0" * 5000, (), "holds a number or list that is too large"),
        ("a = " + "[" * 5000 + "]" * 5000, (), "holds a number or list that is too large"),
    ],
)
def test_what_is_wrong_with_a_file_as_such(text, key, message):
    ((where, what),) = problems(text)
    assert where == key
    assert message in what


def test_everything_is_said_at_once_and_nothing_that_follows_from_it():
    found = problems("""
        name = "A"
        colour = 1
        [[variants]]
        kernel_size = 4
        [[variants]]
        kernel_size = 7
        lr = 0
        [baseline]
        kernel_size = 9
        [settings]
        seeds = 0
        epochs = 1
        steps = 1
    """)
    assert [key for key, _ in found] == [
        ("colour",),
        ("name",),
        ("variants", 0, "kernel_size"),
        ("variants", 1, "lr"),
        ("settings", "seeds"),
        ("settings", "steps"),
    ]


def test_a_level_that_cannot_be_read_does_not_hide_the_others():
    file, found = read_study('name = "s"\n[axes]\nkernel_size = [3, 4]\n')
    assert file.axes == {"kernel_size": (3,)}
    assert len(found) == 1


def test_what_cannot_be_read_is_none_of_the_other_errors():
    found = problem("[axes]\nkernel_size = 3\nlr = [0.1]\n[baseline]\nkernel_size = 7")
    assert found == (("axes", "kernel_size"), "kernel_size must be a list of at least one value")
    found = problem("[axes]\nkernel_size = [3, true]\n[baseline]\nkernel_size = 7")
    assert found[0] == ("axes", "kernel_size")


def test_what_a_file_says_is_told_on_one_line_and_not_at_any_length():
    for level in ("W\\nX", "\\u001b[31mW", "\\u2028", "x" * 10**5):
        _, what = problem(f'[axes]\ngenerator = ["{level}"]')
        assert what.isprintable() and len(what) < 250
    _, what = problem(AXIS + '"a\\nb" = 1\n')
    assert what.startswith("a\\nb is not an axis")


@pytest.mark.parametrize("listed", [True, False])
def test_there_are_not_too_many_variants(listed):
    def body(count):
        levels = [f"{place}e-3" for place in range(1, count + 1)]
        if listed:
            return "\n".join(f"[[variants]]\nlr = {level}" for level in levels)
        return f"[axes]\nlr = [{', '.join(levels)}]"

    assert len(study(body(MOST_VARIANTS)).variants) == MOST_VARIANTS
    where, what = problem(body(MOST_VARIANTS + 1))
    assert where == (("variants", MOST_VARIANTS) if listed else ("axes",))
    assert what == f"{MOST_VARIANTS + 1} variants; at most {MOST_VARIANTS}"


def test_too_many_variants_are_counted_and_not_made():
    axes = [f"{name} = {list(range(1, 2001))}\n" for name in ("lr", "epochs", "batch_size")]
    assert problem("[axes]\n" + "".join(axes))[1] == "8000000000 variants; at most 200"


def test_a_bad_study_says_all_that_is_wrong():
    with pytest.raises(BadStudy, match="name is missing; kernel_size 4: kernel sizes are odd"):
        parse_study("[axes]\nkernel_size = [4]")
    with pytest.raises(BadStudy, match="lr: is not an axis of this study"):
        make_study(StudyFile("s", "s", {"kernel_size": (3,)}, baseline={"lr": 0.1}))


def test_every_settings_default_is_that_of_the_papers_studies():
    run = RunSettings("out", "rednet50", 8, TrainSettings())
    for name in ABLATIONS:
        settings = shipped(name).settings
        assert (settings["seeds"], settings["cost_model"]) == (run.seeds, run.cost_model)
        for key in ("model", "dataset", "split", "epochs", "batch_size", "lr"):
            assert settings[key] == getattr(run.train, key)


def test_what_is_tuned_is_data_of_the_study_and_none_of_its_variants():
    made = study(AXIS + "[tune]\nlr = [0.1, 1]\nepochs = [2, 3]\n")
    assert made.tune == Grid({"lr": (0.1, 1.0), "epochs": (2, 3)}, 3)
    assert made.tune.candidates[:2] == [
        (("lr", 0.1), ("epochs", 2)),
        (("lr", 0.1), ("epochs", 3)),
    ]
    assert [v.training for v in made.variants.values()] == [(), ()]
    tuned = made.tuned({"3": made.tune.candidates[1]})
    assert [v.training for v in tuned.variants.values()] == [(("epochs", 3), ("lr", 0.1)), ()]
    assert tuned.source == made.source


def test_what_cannot_be_tuned_does_not_hide_other_errors():
    found = problems('name = "s"\n[axes]\nkernel_size = [3]\n[baseline]\nkernel_size = 5\n'
                     "[tune]\nlr = [1, 0]")  # fmt: skip
    assert [key for key, _ in found] == [("tune", "lr"), ("baseline",)]


def test_seeds_of_a_tuning_are_none_of_a_study_however_many_it_has():
    grid = study(AXIS + "[tune]\nlr = [0.1, 1]").tune
    assert len(grid.trial_seeds) == 3 and min(grid.trial_seeds) == 1_000_000


def test_a_margin_is_a_setting_and_no_axis():
    file = parse_study('name = "s"\naxes.kernel_size = [3, 7]\nsettings.margin = 0.5')
    assert common_settings(file)["margin"] == 0.5 and parse_study(file.to_toml()) == file
    (found,) = problems('name = "s"\naxes.kernel_size = [3, 7]\nsettings.margin = -1')
    assert found == (("settings", "margin"), "margin -1: must be a positive number")
    assert "margin" not in AXES and "margin" in SETTINGS
