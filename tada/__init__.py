"""The command line: what operators and caseworkers type. Every command has `--help` with examples."""
