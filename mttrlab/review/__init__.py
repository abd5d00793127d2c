"""Tables, sentences, HTML: the page for the monthly reliability review."""

from mttrlab.review.review import Review, monthly_review, write_review

__all__ = ["Review", "monthly_review", "write_review"]
