"""Write the files of a project: new, add-data, add-chart, add-plotly, add-redis, remove."""
