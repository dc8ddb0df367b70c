"""The doors: parse, authorise, call one service, shape the answer."""
