"""How far the data can be trusted."""

from __future__ import annotations

from mttrlab.review.words import STAMP_WORDS, listed, part


def trust(timed: float | None, worst_stamp: str | None, worst_share: float, absent: list[str]) -> str:
    """Return in one line how far the data can be trusted.

    Parameters
    ----------
    timed : float or None
        Share of the closed incidents that the clock can time; None: none is closed.
    worst_stamp : str or None
        The milestone with the fewest usable stamps of those that the source has at all.
    worst_share : float
        Share of its stamps that cannot be used.
    absent : list of str
        Milestones that no incident records.

    Examples
    --------
    >>> trust(0.97, "diagnosed_at", 0.2, [])
    'Almost all closed incidents can be timed; the weakest stamp says when the cause is found, unusable in about a fifth of them.'
    >>> trust(0.9, None, 0.0, ["started_at", "verified_at"])
    'About nine tenths of closed incidents can be timed; nobody records when the impact starts or when the recovery is confirmed.'
    """  # noqa: E501
    if timed is None:
        return "The exports show no incident of these months that has ended, so nothing can be timed yet."
    share = part(timed)
    of = "closed incidents" if share in ("almost all", "all", "hardly any") else "of closed incidents"
    said = "No closed incident can be timed" if timed <= 0 else f"{share[0].upper()}{share[1:]} {of} can be timed"
    if absent:
        return f"{said}; nobody records {listed([STAMP_WORDS[stamp] for stamp in absent]).replace(' and ', ' or ')}."
    if worst_stamp is None or worst_share < 0.06:
        return f"{said}, and every stamp is nearly complete."
    return f"{said}; the weakest stamp says {STAMP_WORDS[worst_stamp]}, unusable in {part(worst_share)} of them."
