"""`flaskdash serve`: the development server, which reloads on each save, and --prod."""
