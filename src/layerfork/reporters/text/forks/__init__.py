"""What several reports say of a fork: its answer, its causes, the build it is compared with."""
