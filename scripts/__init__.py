"""What operators and developers run: the `headwater` command, and the scripts that prepare for it."""
