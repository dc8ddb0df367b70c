"""One module for each subcommand of `headwater`, or for a few that belong together."""
