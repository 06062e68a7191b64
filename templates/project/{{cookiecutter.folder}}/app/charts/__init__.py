"""Charts: each file is one chart. To add one is to create a file; to remove, delete it.

A chart defines TITLE, DATA (its loader, or a list of loaders that its SQL joins), SQL (which selects
from each loader by name), and one of:

    figure(df)  a Plotly figure
    kpi(df)     {"value": "1.2M", "note": "..."}: one number
    table(df)   a DataFrame to show as rows, of the 25 that a page has
    text(df)    words: a str, or HTML as Markup

A figure may have note(df) beside it: the line of words under its title. A chart may define FILTERS
(columns), DASHBOARDS (titles), ROLES (who may see it: none of those that have not signed in; roles
of a dashboard are in app/config.py), ORDER, and SIZE ("half" or "full"). A dict tells the form of a
filter that its column's type would not choose: {"day": "", "name": "search"}; there are choice,
single, search, range and days. A default may follow: {"day": "days=this year", "region":
"choice=North, East", "price": "range=10..20"}.
With GRAIN = "auto", SQL may cut time by date_trunc($grain, order_date): days in a short time, months
or years in a long one, or what the reader chooses. df.attrs["grain"] says which.
Files that begin with _ are skipped.
"""
