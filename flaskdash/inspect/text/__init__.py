"""From bytes to a table of text: compression, encoding, lines, delimiters."""
