"""Levers on the ways in which incidents are fixed."""

from __future__ import annotations

from mttrlab.response import lever_now as now
from mttrlab.response.lever import HIGHER, Lever, minutes, share, whole
from mttrlab.response.lever_now import of

NAMED = {
    "flag": "a feature flag",
    "rollback": "a rollback",
    "failover": "a failover",
    "scale": "scaling up",
    "config": "a change of configuration",
    "forward_fix": "a forward fix",
    "migration": "the reversal of a database migration",
}
"""Fixes that have levers of their own, and what people call one."""


def longest(path: str) -> str:
    """Return what the lever on the longest time of a fix is called, which is also the model's field."""
    return f"{path}_minutes"


def works(path: str) -> str:
    """Return what the lever on the chance of a fix is called, which is also the model's field."""
    return f"{path}_success"


_WORDS = {"flag": "longest flag", "rollback": "longest rollback", "failover": "longest failover",
          "scale": "longest scaling", "config": "longest change of configuration",
          "forward_fix": "longest forward fix", "migration": "longest reversal of a migration"}  # fmt: skip

FIX: dict[str, Lever] = {
    "flagged": share(
        "fix", "Share of changes behind a feature flag: their incidents are fixed in seconds once diagnosed.",
        now.flagged, "share of change-caused incidents that a flag ends", "more_flags", shortens=HIGHER,
        unless="a flag may not work (flag_success): its time is spent, and the other fix comes after it",
        settings=("FixPath.share_changed",),
    ),
    **{
        longest(path): minutes(
            "fix", f"Longest time that {said} takes.", now.longest(path), _WORDS[path],
            settings=("FixPath.law", *(("ResponseModel.flag",) if path == "flag" else ())),
        )
        for path, said in NAMED.items()
    },
    **{
        works(path): share(
            "fix", f"Chance that {said} works; where it does not, its time is spent and another fix comes after it.",
            now.success(path), f"chance that {said} works", shortens=HIGHER, settings=("FixPath.success",),
        )
        for path, said in NAMED.items()
    },
    "deployment_minutes": minutes(
        "fix", "Longest time that a deployment takes.", lambda model: now.limit(model.deployment_minutes),
        "longest deployment", settings=("Pipeline.minutes",),
    ),
    "lanes": whole(
        "fix", "Deployments that run at a time.", 100_000, of("pipeline", "lanes"), "deployments at a time",
        "pipeline.lanes", unit="lanes", alone=False, unless="moves waiting alone, and with it which fix goes first",
    ),
}  # fmt: skip
