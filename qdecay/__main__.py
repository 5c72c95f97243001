"""`python -m qdecay` is the command line."""

from qdecay.cli.app import main

if __name__ == "__main__":
    main()
