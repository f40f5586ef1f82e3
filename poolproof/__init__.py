"""The command: who owns a network page, asked and answered."""
