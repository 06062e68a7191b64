"""Deploy: preflight, then one target. A target is a file: a pure plan, and one place that runs it."""
