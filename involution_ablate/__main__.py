"""`python -m involution_ablate`: the same as the command `involution-ablate`."""

from involution_ablate.command_line import main

if __name__ == "__main__":
    main()
