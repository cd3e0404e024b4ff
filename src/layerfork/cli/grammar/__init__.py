"""What a command line may say: the command itself, options that subcommands share, words after ``--``."""
