"""The command line: commands, what they print for people and for programs, and exit codes."""
