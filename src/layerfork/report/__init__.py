"""Views of a report: one file per output format. They read the model and nothing else."""
