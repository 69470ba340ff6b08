"""The compiled kernels: a few hundred lines of C with no dependency, built into the wheel, loaded by ctypes."""
