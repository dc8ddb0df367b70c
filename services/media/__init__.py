"""Looking into files and making others of them: pure functions of bytes, run in a process of their own with limits."""
