"""The entry point `involution-ablate`."""

from involution_ablate.command_line import cli, main

__all__ = ["cli", "main"]

if __name__ == "__main__":
    main()
