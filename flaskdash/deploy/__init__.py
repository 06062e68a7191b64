"""Deploy targets: the interface, the registry, and a folder or module for each kind."""
