"""Every verdict by hand, and what must hold for any record."""

from __future__ import annotations

from itertools import permutations

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mttrlab import sql
from mttrlab.judge import judge
from mttrlab.schema import REPORT_COLUMNS, STAMPS, VERDICTS, conform

SHORT = dict(zip(("s", "d", "a", "g", "r", "v"), STAMPS, strict=True))
DAY = "2026-03-02T"


def report(stamps: str, **other: object) -> pd.DataFrame:
    """One report: `s10:00 d10:05` names stamps by letter; a full date may stand instead of a time of day."""
    row: dict[str, object] = {"source": "tool", "source_id": "1", "resolution_s": 1.0, **other}
    for word in stamps.split():
        time = word[1:]
        row[SHORT[word[0]]] = pd.Timestamp(time if len(time) > 8 else f"{DAY}{time}", tz="UTC")
    frame = pd.DataFrame([row])
    times = [c.name for c in REPORT_COLUMNS if c.kind == "time" and c.name in frame]
    return frame.assign(**{name: frame[name].astype("datetime64[us, UTC]") for name in times})


def verdicts(stamps: str, **other: object) -> str:
    """The six verdicts in one word of initials, in the order of STAMPS."""
    row = judge(report(stamps, **other)).iloc[0]
    initials = {verdict: verdict[0] for verdict in VERDICTS} | {"defaulted": "D", "pending": "p", "not_applicable": "n"}
    return "".join(initials[row[f"{stamp}_verdict"]] for stamp in STAMPS)


ALL = "s10:00 d10:05 a10:06 g10:20 r10:40 v10:50"


@pytest.mark.parametrize(
    ("stamps", "other", "expected"),
    [
        pytest.param(ALL, {}, "rrrrrr", id="everything in order is recorded"),
        pytest.param("s10:00 d10:05 a10:06 g10:45 r10:40 v10:50", {}, "rrrrrr", id="diagnosing after the fix is fine"),
        pytest.param("s10:00 d10:05 g11:45 r10:40 v10:50", {}, "rrmrrr", id="diagnosing after verifying is fine"),
        pytest.param("s10:00 d10:05", {"status": "open"}, "rrpppp", id="an open incident waits for what comes"),
        pytest.param("", {"status": "open"}, "pppppp", id="nothing stamped yet"),
        pytest.param("d10:05 g10:10", {"status": "open"}, "mrmrpp", id="what was passed over is missing, not pending"),
        pytest.param("d10:05 r10:40", {"status": "open"}, "mrmmrp", id="fixed and still watched"),
        pytest.param("d10:05", {}, "mrpppp", id="without a word for open: no fix, no proof, so open"),
        pytest.param("d10:05 r10:40", {}, "mrmmrm", id="without a word for open: a fix closes"),
        pytest.param("d10:05", {"status": "closed"}, "mrmmmm", id="closed and never stamped"),
        pytest.param(
            "d10:05 r10:40", {"status": "closed", "automated": True}, "mrmnrm", id="automation diagnoses nothing"
        ),
        pytest.param("d10:05 g10:20 r10:40", {"automated": True}, "mrmrrm", id="a stamped diagnosis stands"),
        pytest.param("d10:05 r10:00", {}, "mrmmom", id="of two that disagree the later milestone goes"),
        pytest.param("s10:00 d09:00 r10:40 v10:50", {}, "rommrr", id="detected before it began"),
        pytest.param("s11:00 d10:05 r10:40 v10:50", {}, "ormmrr", id="one start against three others"),
        pytest.param("s10:00 d10:05 r10:40 v09:50", {}, "rrmmro", id="one verification against three others"),
        pytest.param("s10:00 d10:05 g09:50 r10:40", {}, "rrmorm", id="diagnosed before it began"),
        pytest.param("s11:00 d10:05 r09:40 v12:00", {}, "rommor", id="two that go, one after the other"),
        pytest.param("d10:05 a10:04 r10:40", {}, "mromrm", id="acknowledged before detected"),
        pytest.param("s10:00 a09:50 r10:40", {}, "rmomrm", id="acknowledged before it began, detection unknown"),
        pytest.param("s10:05 d10:05 r10:40", {}, "Drmmrm", id="a start copied from detection"),
        pytest.param("d10:05 a10:05 r10:40", {}, "mrDmrm", id="an acknowledgement copied from detection"),
        pytest.param("d10:05 g10:05 r10:40", {}, "mrmDrm", id="a diagnosis copied from detection"),
        pytest.param("d10:05 g10:40 r10:40", {}, "mrmDrm", id="a diagnosis copied from the fix"),
        pytest.param("d10:05 r10:40 v10:40", {}, "mrmmrD", id="a verification copied from the fix"),
        pytest.param("d10:05 r10:05", {}, "mrmmrm", id="detected and fixed at once is no copy"),
        pytest.param(
            "s10:05 d10:05 r10:40 v10:40", {"resolution_s": 60.0}, "rrmmrr", id="a clock of minutes proves nothing"
        ),
        pytest.param("s10:05 d10:05 r10:40", {"resolution_s": None}, "rrmmrm", id="nor does an unknown clock"),
        pytest.param(
            "s10:05 d10:05 r10:40 v10:40",
            {"resolution_s": 60.0, "copies": '[["verified_at", "resolved_at"]]'},
            "rrmmrD",
            id="unless this vendor is known to copy this one",
        ),
        pytest.param("d1989-12-31T10:00 r1989-12-31T11:00", {}, "msmmsm", id="before 1990"),
        pytest.param("s2025-03-02T10:00 d10:05 r10:40 v10:50", {}, "rrmmrr", id="a year, and not more"),
        pytest.param("s2025-01-02T10:00 d10:05 r10:40 v10:50", {}, "srmmrr", id="more than a year from all others"),
        pytest.param("d2020-01-02T10:00 r10:40", {}, "msmmsm", id="two that are years apart accuse each other"),
        pytest.param("s10:00 d10:00 r2024-01-01T00:00", {"resolution_s": 60.0}, "rrmmsm", id="two against one"),
        pytest.param(
            "d10:05 r10:40",
            {"exported_at": pd.Timestamp(f"{DAY}10:34", tz="UTC")},
            "mrmmsm",
            id="later than the export",
        ),
        pytest.param(
            "d10:05 r10:40",
            {"exported_at": pd.Timestamp(f"{DAY}10:36", tz="UTC")},
            "mrmmrm",
            id="five minutes of grace",
        ),
        pytest.param(
            "s2026-02-18T05:02 d2026-08-18T09:36 r2026-02-18T11:30 v2026-08-18T10:23",
            {"detected_at_origin": "proxy"},
            "srmmsr",
            id="an impact window of another day than its posts",
        ),
        pytest.param(
            "s2026-08-18T09:02 d2026-08-18T09:36 r2026-08-18T09:30 v2026-08-18T10:23",
            {"detected_at_origin": "proxy"},
            "rrmmor",
            id="an impact that ended just before the first post",
        ),
    ],
)
def test_verdict(stamps: str, other: dict[str, object], expected: str) -> None:
    assert verdicts(stamps, **other) == expected


def test_an_equal_stamp_is_no_copy_where_the_other_is_out_of_place() -> None:
    assert verdicts("s10:00 d10:05 r09:00 v10:50") == "rrmmor"


TIMES = st.none() | st.integers(-(10**7), 10**7).map(
    lambda s: pd.Timestamp("2026-03-02", tz="UTC") + pd.Timedelta(s, "s")
)
RECORDS = st.fixed_dictionaries(
    dict.fromkeys(STAMPS, TIMES),
    optional={
        "status": st.sampled_from([None, "open", "closed"]),
        "automated": st.sampled_from([None, True, False]),
        "resolution_s": st.sampled_from([None, 0.001, 1.0, 60.0]),
        "copies": st.sampled_from([None, '[["started_at","detected_at"]]']),
        "exported_at": TIMES,
    },
)


@settings(max_examples=60)
@given(st.lists(RECORDS, min_size=1, max_size=30))
def test_each_stamp_gets_one_verdict_and_none_is_changed(records: list[dict[str, object]]) -> None:
    frame = pd.DataFrame(records)
    times = [name for name in (*STAMPS, "exported_at") if name in frame]
    frame = conform(
        frame.assign(**{n: pd.to_datetime(frame[n], utc=True) for n in times}, source="t", source_id="1"),
        REPORT_COLUMNS,
    )
    judged = judge(frame)
    for stamp in STAMPS:
        said = judged[f"{stamp}_verdict"]
        assert set(said) <= set(VERDICTS)
        absent = frame[stamp].isna()
        assert set(said[absent]) <= {"pending", "missing", "not_applicable"}
        assert set(said[~absent]) <= {"recorded", "defaulted", "out_of_order", "suspect"}
    pd.testing.assert_frame_equal(
        judged.drop(columns=[f"{s}_verdict" for s in STAMPS]), frame.drop(columns=[f"{s}_verdict" for s in STAMPS])
    )


@settings(max_examples=60)
@given(st.lists(st.lists(st.integers(1, 10**6), min_size=6, max_size=6), min_size=1, max_size=9))
def test_stamps_in_order_are_all_recorded(incidents: list[list[int]]) -> None:
    rows: list[dict[str, object]] = []
    for number, seconds in enumerate(incidents):
        at = pd.Timestamp("2026-03-02", tz="UTC")
        row: dict[str, object] = {"source": "t", "source_id": str(number), "resolution_s": 1.0}
        for stamp, gap in zip(STAMPS, seconds, strict=True):
            at += pd.Timedelta(gap, "s")
            row[stamp] = at
        rows.append(row)
    assert set(judge(pd.DataFrame(rows))[[f"{s}_verdict" for s in STAMPS]].to_numpy().ravel()) == {"recorded"}


def test_what_is_left_after_dropping_is_in_order_whatever_the_order_was() -> None:
    names = ("started_at", "detected_at", "diagnosed_at", "resolved_at", "verified_at")
    at = pd.Timestamp("2026-03-02", tz="UTC")
    orders = list(permutations(range(len(names))))
    rows = [
        {name: at + pd.Timedelta(place + 1, "h") for name, place in zip(names, order, strict=True)} for order in orders
    ]
    table = pd.DataFrame([{"source": "t", "source_id": str(n), **row} for n, row in enumerate(rows)])
    for row, (_, judged) in zip(rows, judge(table).iterrows(), strict=True):
        good = [name for name in names if judged[f"{name}_verdict"] == "recorded"]
        chain = [name for name in good if name != "diagnosed_at"]
        assert [row[name] for name in chain] == sorted(row[name] for name in chain)
        if "diagnosed_at" in good:
            assert all(row[name] < row["diagnosed_at"] for name in good if name in ("started_at", "detected_at"))


def test_rows_keep_their_order_and_index() -> None:
    frames = [report(f"d{hour:02}:00", source_id=str(hour)) for hour in range(24)]
    many = pd.concat(frames * 50, ignore_index=True).set_axis(range(5000, 6200))
    judged = judge(many)
    assert judged.index.tolist() == list(range(5000, 6200))
    assert judged["source_id"].tolist() == many["source_id"].tolist()


def test_the_sql_runs_over_a_table_with_any_columns() -> None:
    with sql.connect() as connection:
        connection.register(
            "frame", conform(report(ALL), REPORT_COLUMNS).drop(columns=[f"{s}_verdict" for s in STAMPS])
        )
        connection.execute("CREATE TABLE reports AS SELECT *, 7 AS load FROM frame")
        judged = sql.frame(connection, sql.text("judge"))
    assert judged["load"].tolist() == [7]
    assert judged["verified_at_verdict"].tolist() == ["recorded"]


def test_real_windows_of_a_wrong_day_are_suspect(shared) -> None:  # type: ignore[no-untyped-def]
    from mttrlab.sources.exports import extract

    posts = extract(shared / "data/statuspage_github/github_incidents_with_updates.jsonl").reports
    judged = judge(posts)
    # Nine of the 163 windows that were read from prose have a wrong year, day or half of the day.
    assert (judged["started_at_verdict"] == "suspect").sum() == 9
    assert (judged["started_at_verdict"] == "recorded").sum() == 154
