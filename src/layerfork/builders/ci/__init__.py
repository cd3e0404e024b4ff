"""CI systems that keep what builds left behind: runs, their uploaded exports, their logs."""
