"""What is shipped: files, lock, wheels, archive; what must not leak."""
