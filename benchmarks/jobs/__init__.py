"""One module for each job: see ../README.md."""
