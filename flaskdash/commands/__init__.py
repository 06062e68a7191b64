"""The commands, one file each: the click command of a module is its `command`."""
