"""The preflight: what must hold before a project is deployed."""
