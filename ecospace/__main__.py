"""python -m ecospace"""

from ecospace.cli import main

if __name__ == "__main__":
    main()
