"""The preflight: the rules that a project must pass before it is deployed."""
