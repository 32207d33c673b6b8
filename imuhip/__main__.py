"""``python -m imuhip`` is the command line."""

from imuhip.cli.app import main

if __name__ == "__main__":
    main()
