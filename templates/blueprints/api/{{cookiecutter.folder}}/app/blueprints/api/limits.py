"""Limits: how many requests a minute each key may send."""

import os
import time

from flask import Flask, current_app, g
from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage, storage_from_string
from limits.strategies import SlidingWindowCounterRateLimiter
from werkzeug.exceptions import TooManyRequests


def init_app(app: Flask, redis_url: str) -> None:
    """Count in Redis if there is one: without it, each process counts its share."""
    storage = storage_from_string(redis_url) if redis_url else MemoryStorage()
    app.extensions["api_limits"] = SlidingWindowCounterRateLimiter(storage)
    processes = 1 if redis_url else int(os.environ.get("WEB_CONCURRENCY") or 1)
    app.config["API_LIMIT_HERE"] = max(1, app.config["API_LIMIT"] // processes)


def check_limit(key: str) -> None:
    """Refuse a key that sends too many requests; say in headers how many are left."""
    limiter = current_app.extensions["api_limits"]
    limit = RateLimitItemPerMinute(current_app.config["API_LIMIT_HERE"])
    try:
        passes = limiter.hit(limit, key)
        stats = limiter.get_window_stats(limit, key)
    except Exception:  # Redis does not answer: its drivers raise errors of many kinds
        current_app.logger.warning("the limits of keys are not counted", exc_info=True)
        return
    seconds = max(1, int(stats.reset_time - time.time()) + 1)
    left = {"RateLimit-Limit": str(limit.amount), "RateLimit-Remaining": str(stats.remaining)}
    g.api_limit = {**left, "RateLimit-Reset": str(seconds)}
    if not passes:
        text = f"This key may send {limit.amount} requests a minute."
        raise TooManyRequests(text, retry_after=seconds)
