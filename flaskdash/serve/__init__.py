"""The server: dev mode, which reloads on each save, and the production command."""
