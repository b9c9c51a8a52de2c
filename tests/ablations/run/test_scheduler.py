from dataclasses import replace
from pathlib import Path

from trials import NETWORK, run_families

FAILS = """
class Fails(Net):
    def trained(self, x):
        if Path("fail").exists():
            raise OSError("the network is gone")
        return x
"""


def test_a_result_outlives_a_failure_to_train_it_again_for_its_weights(write_module, tmp_path):
    write_module("mine_fails", NETWORK + FAILS)
    (before,), _ = run_families(["mine_fails:Fails"], tmp_path / "out", 0)
    assert before.failure is None
    Path("fail").touch()
    for _ in range(2):
        (again,), _ = run_families(
            ["mine_fails:Fails"], tmp_path / "out", 0, running={"save_weights": True}
        )
        assert replace(again, seconds=0) == replace(before, seconds=0)
    assert not list((tmp_path / "out").glob("weights/*"))
    Path("fail").unlink()
    run_families(["mine_fails:Fails"], tmp_path / "out", 0, running={"save_weights": True})
    assert len(list((tmp_path / "out").glob("weights/*"))) == 1
