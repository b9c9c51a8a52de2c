"""`python -m involution_ablate`: the same as the command `involution-ablate`."""

import sys
from pathlib import Path

if __name__ == "__main__":
    # python -m puts the working folder first, where a user's reports/ would hide ours.
    if not sys.flags.safe_path and Path(sys.path[0]) != Path(__file__).parents[1]:
        del sys.path[0]
    from involution_ablate.command_line import main

    main()
