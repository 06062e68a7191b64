"""Write the files of a project: new, add-data, add-chart, add-redis, remove."""
