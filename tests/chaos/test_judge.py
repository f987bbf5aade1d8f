from pathlib import Path

from tests.chaos.judge import judge
from tests.chaos.made_run import clean_run


def test_clean(tmp_path: Path) -> None:
    v = judge(clean_run().write(tmp_path / "run"))
    import pprint

    pprint.pprint(v)
    assert v.is_clean
