"""The founding drawing, the merged story and the diagnostic report, from stored files; hostile words stay words."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest

import mttrlab as ml
from mttrlab.errors import QuestionError
from mttrlab.review.command_center import center, number_with_change


@pytest.fixture(scope="module")
def lab(founding: Path) -> Iterator[ml.Lab]:
    with ml.Lab() as made:
        for file in sorted(founding.iterdir()):
            made.load(file)
        yield made


def _texts(figure: object) -> str:
    from matplotlib.text import Text

    return "\n".join(text.get_text() for text in figure.findobj(Text))  # type: ignore[attr-defined]


def test_the_founding_drawing_is_reproduced_number_by_number(lab: ml.Lab) -> None:
    seen = center(lab, "INC-1")
    assert [number_with_change(line) for line in seen.headline.to_dict("records")] == [
        "3.2% (↑ from 0)", "1240ms (↑ 850ms)", "340 req/s"]  # fmt: skip
    rates = dict(zip(seen.services["service"], seen.services["error_rate"].round(1), strict=True))
    assert rates == {"payment-service": 8.4, "fraud-service": 1.2, "user-service": 0.1, "checkout-service": 3.8}
    news = [f"{line['at']:%H:%M} {line['service']} {line['version']}" for line in seen.deployments.to_dict("records")]
    assert news == ["14:32 payment-service v2.4.1", "13:15 user-service v1.8.0"]
    assert (seen.alerts["severity"] + " " + seen.alerts["alert"]).tolist() == [
        "P1 payment_error_rate > 5% for 5 minutes", "P2 checkout_p95_latency > 1000ms"]  # fmt: skip
    drawn = _texts(ml.command_center(lab, "INC-1"))
    for words in ("3.2%", "1240ms", "340 req/s", "8.4%", "14:32  payment-service v2.4.1",
                  "[P1] payment_error_rate > 5% for 5 minutes"):  # fmt: skip
        assert words in drawn


def test_any_minute_can_be_asked_for_and_nothing_of_later_is_shown(lab: ml.Lab) -> None:
    before = center(lab, "INC-1", at="2026-03-01T14:29")
    assert before.headline["value"].iloc[0] == 0 and before.alerts.empty
    assert before.missing["alerts"] == "None is firing."
    assert before.minutes == -6 and before.began == "detected"
    assert before.deployments["version"].tolist() == ["v1.8.0"]
    after = center(lab, "INC-1", at=pd.Timestamp("2026-03-01T16:13+01:00"))
    assert after.at == pd.Timestamp("2026-03-01T15:13Z")
    assert after.headline["value"].iloc[0] == 0


def test_a_panel_without_data_says_which_file_would_fill_it(founding: Path) -> None:
    with ml.Lab() as empty:
        empty.load(founding / "incidents.csv")
        drawn = " ".join(_texts(ml.command_center(empty, "INC-1")).split())
    for words in ("a table with time, service, error_rate", "a table with time, service, version",
                  "an Alertmanager log"):  # fmt: skip
        assert words in drawn


def test_the_figure_says_the_same_in_words(lab: ml.Lab) -> None:
    words = ml.command_center(lab, "INC-1").get_label()
    assert "error rate 3.2% (↑ from 0)" in words and "[P2] checkout_p95_latency > 1000ms" in words


def test_without_throughput_the_error_rate_is_a_plain_mean(tmp_path: Path, founding: Path) -> None:
    (tmp_path / "m.csv").write_text("time,service,error_rate\n2026-03-01T14:46:30Z,a,2\n2026-03-01T14:46:30Z,b,4\n")
    with ml.Lab() as lab:
        lab.load(founding / "incidents.csv")
        lab.load(tmp_path / "m.csv")
        seen = center(lab, "INC-1")
    assert seen.headline["value"].iloc[0] == 3 and seen.headline["value"].iloc[1:].isna().all()
    assert number_with_change(seen.headline.iloc[0]) == "3.0% (no baseline)"


@pytest.mark.parametrize(
    ("incident", "at", "sentence"),
    [("INC-9", None, "did you mean INC-1"), ("INC-1", "noon-ish", "at must be a time"), ("INC-1", 5, "at must be")],
)
def test_what_is_not_there_is_refused_in_a_sentence(lab: ml.Lab, incident: str, at: object, sentence: str) -> None:
    with pytest.raises(QuestionError, match=sentence):
        ml.command_center(lab, incident, at=at)


def test_the_story_merges_what_every_file_says_in_the_order_of_time(lab: ml.Lab) -> None:
    told = ml.timeline(lab, "INC-1")
    assert told["at"].is_monotonic_increasing
    assert told["kind"].value_counts().to_dict() == {"stamp": 3, "metrics": 2, "log": 2, "alert": 2, "deployment": 1}
    failed = told[told["what"] == "payment.processing.failed"].iloc[0]
    assert failed["detail"] == "40 times until 14:49:30" and failed["minutes"] == -5
    assert told[told["what"] == "healthy, confirmed"]["at"].iloc[0] == pd.Timestamp("2026-03-01T15:12Z")


def test_what_people_wrote_stands_in_the_story(founding: Path) -> None:
    with ml.Lab() as lab:
        lab.load(founding / "incidents.csv")
        lab.record(pd.DataFrame({"incident_id": ["INC-1"], "milestone": "started_at", "time": "2026-03-01T14:29Z",
                                 "who": "Ana", "why": "support calls"}), keep_people=True)  # fmt: skip
        told = ml.timeline(lab, "INC-1")
    people = told[told["kind"] == "people"].iloc[0]
    assert (people["what"], people["detail"]) == ("Ana set started_at", "support calls")
    assert told[told["what"] == "impact began"]["detail"].iloc[0] == "annotated"


def test_the_report_has_the_sections_of_the_founding_script(lab: ml.Lab) -> None:
    report = ml.diagnostic_report(lab, "INC-1")
    text = str(report)
    assert text.startswith("=== payment-service Diagnostic Report ===\nGenerated: Sun Mar  1 14:47:00 UTC 2026")
    heads = [line for line in text.splitlines() if line.startswith("---")]
    assert heads == [f"--- {name} ---" for name in (
        "Service Health", "Recent Errors (last 100)", "Database Connectivity", "Recent Deployments", "Pod Status",
        "External Dependencies")]  # fmt: skip
    table = report.table()
    assert (table["section"] == "Recent Errors (last 100)").sum() == 20
    assert "status: unhealthy" in text and "2026-03-01 14:32: v2.4.1 succeeded" in text
    assert "postgres-primary:5432" in text and "pod payment-7f9-b: 35 lines, 35 errors" in text
    assert "load traces: OTLP JSON" in text


HOSTILE = "<script>alert(1)</script> $\\bad$ \x1b[31m\u202e =cmd() {{7*7}}"


def test_hostile_words_stay_words_in_figure_text_and_html(tmp_path: Path) -> None:
    (tmp_path / "i.csv").write_text(
        'incident_id,service,title,detected_at,resolved_at\nX,"' + HOSTILE.replace('"', '""')
        + '","' + HOSTILE + '",2026-03-01T14:35:00Z,2026-03-01T15:00:00Z\n'
    )  # fmt: skip
    alert = {"status": "firing", "labels": {"alertname": HOSTILE, "severity": HOSTILE, "service": HOSTILE},
             "annotations": {}, "startsAt": "2026-03-01T14:30:00Z"}  # fmt: skip
    (tmp_path / "a.json").write_text(json.dumps({"alerts": [alert]}))
    (tmp_path / "l.jsonl").write_text("".join(
        json.dumps({"event": HOSTILE, "level": "error", "service": HOSTILE, "timestamp": f"2026-03-01T14:3{n}:00Z",
                    "pod": HOSTILE, "error": HOSTILE}) + "\n" for n in range(3)))  # fmt: skip
    (tmp_path / "d.json").write_text(json.dumps(
        [{"time": "2026-03-01T14:20:00Z", "service": HOSTILE, "version": HOSTILE, "status": HOSTILE}]))  # fmt: skip
    with ml.Lab() as lab:
        for file in sorted(tmp_path.iterdir()):
            lab.load(file)
        ml.command_center(lab, "X").savefig(tmp_path / "c.png", dpi=30)
        ml.plot_timeline(ml.timeline(lab, "X")).figure.savefig(tmp_path / "t.png", dpi=30)
        report = ml.diagnostic_report(lab, "X", at="2026-03-01T14:40")
    assert "\x1b" not in str(report) and "\u202e" not in str(report)
    assert "<script>" not in report._repr_html_() and "&lt;script&gt;" in report._repr_html_()
