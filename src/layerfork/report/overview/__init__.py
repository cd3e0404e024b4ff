"""Many clients on several engines at a glance: what views of several runs have in common."""
