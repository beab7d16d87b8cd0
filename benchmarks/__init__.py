"""How fast the service answers: one command, over HTTP, with every answer checked."""
