"""How the running site answers, asked from the machine it runs on, and what should be set otherwise."""
