"""Write files of a project: new, add-data, add-chart, remove."""
