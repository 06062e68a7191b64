"""What a deploy ships: files, locked requirements, wheels and archives, without secrets."""
