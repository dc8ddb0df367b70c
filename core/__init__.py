"""The ground: settings, database, errors, caller, clock, cursors. Knows nothing of the domain."""
