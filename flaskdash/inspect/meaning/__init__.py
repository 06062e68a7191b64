"""What columns mean: roles, measures, order, totals."""
