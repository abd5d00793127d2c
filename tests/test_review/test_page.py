"""The page as a reader meets it: calm, plain, closed to the outside, and the same every time."""

from __future__ import annotations

import gzip
import re
from collections.abc import Callable, Iterator
from html.parser import HTMLParser
from pathlib import Path

import pandas as pd
import pytest

from mttrlab.errors import QuestionError
from mttrlab.lab import Lab
from mttrlab.review import Review, monthly_review, write_review

FORBIDDEN = ("median", "p90", "interval", "confidence", "significant", "geometric", "censored", "n =", "n=")
TERMS = (
    r"\bmeans?\b",
    "median",
    r"\bp\d\d\b",
    "percentile",
    "quantile",
    "interval",
    "confiden",
    "significan",
    "geometric",
    "lognormal",
    "censor",
    "bootstrap",
    "variance",
    "deviation",
    "probabilit",
    r"\bratio\b",
    r"\bn ?=",
    r"\bn\b",
)
"""What only a click away from a figure may be said."""
HOSTILE = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "$\\bad$ {{ 7 * 7 }} {% for %}",
    "=HYPERLINK(1)\u202egnp",
    "</style></section>",
    "_x 😀",
)


class Page(HTMLParser):
    """What is in a page: tags with their attributes, and the text of the first screen."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.first: list[str] = []
        self._inside = False
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag == "section":
            self._inside = dict(attrs).get("id") == "first-screen"

    def handle_data(self, data: str) -> None:
        if self._inside:
            self.first.append(data)

    def named(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]


def invented(
    folder: Path, count: int = 60, title: Callable[[int], str] = lambda i: f"incident {i}", **columns: object
) -> Path:
    """Write a canonical export: an incident every two days from April on, longer and shorter in turn."""
    start = pd.Timestamp("2026-04-02 10:00Z") + pd.to_timedelta([48 * i for i in range(count)], unit="h")
    scale = pd.Series([1 + (i * 7) % 10 for i in range(count)])
    steps = {"started_at": 0, "detected_at": 3, "diagnosed_at": 20, "resolved_at": 31, "verified_at": 36}
    rows = pd.DataFrame({"incident_id": [f"INC-{i}" for i in range(count)]})
    for stamp, after in steps.items():
        times = pd.Series(start) + pd.to_timedelta(after * scale + (after > 0), unit="min")
        rows[stamp] = times.dt.strftime("%Y-%m-%dT%H:%M:%SZ")
    rows = rows.assign(service="checkout", title=[title(i) for i in range(count)], severity="SEV2").assign(**columns)
    path = folder / "incidents.csv"
    rows.to_csv(path, index=False)
    return path


def in_sight(html: str) -> str:
    """Return what a reader sees without a click: text and what stands for the pictures, without markup."""
    told = re.sub(r"<(head|details)\b.*?</\1>", " ", html, flags=re.S)
    told = re.sub(r'<span class="title">.*?</span>', " ", told, flags=re.S)  # titles are the data's own words
    told = re.sub(r'<img [^>]*alt="([^"]*)"[^>]*>', r" \1 ", told)
    return " ".join(re.sub(r"<[^>]*>", " ", told).split())


def review_of(path: Path, month: str | None = None, **options: str) -> Review:
    with Lab() as lab:
        if path.is_dir():
            lab.load_folder(path)
        else:
            lab.load(path, **options)
        return monthly_review(lab, month, replications=2)


@pytest.fixture(scope="module")
def plain_review(tmp_path_factory: pytest.TempPathFactory) -> Review:
    return review_of(invented(tmp_path_factory.mktemp("plain"), url="https://tracker.example.com/i/1"), "2026-06")


@pytest.fixture(scope="module", params=["large", "small", "github", "github open", "servicenow"])
def real(request: pytest.FixtureRequest, root: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Review]:
    """The review of each data set that the house knows."""
    if request.param in ("large", "small"):
        yield review_of(root / "data" / ("exports" if request.param == "large" else "small"))
        return
    data = request.getfixturevalue("shared") / "data"
    if request.param == "servicenow":
        path = tmp_path_factory.mktemp("servicenow") / "log.csv"
        path.write_bytes(
            gzip.decompress(
                (data / "servicenow_uci" / "incident_event_log_original_format_119998rows.csv.gz").read_bytes()
            )
        )
        yield review_of(path, timezone="Europe/Lisbon")
        return
    name = "github_incidents_with_updates.jsonl" if request.param == "github" else "summary_v2_last_snapshots.json"
    yield review_of(data / "statuspage_github" / name)


def check_closed(page: Page, html: str) -> None:
    assert not page.named("script")
    assert not [attributes for _, attributes in page.tags if any(name.startswith("on") for name in attributes)]
    assert not [tag for tag, _ in page.tags if tag in {"iframe", "object", "embed", "link", "form", "base", "svg"}]
    policy = [m["content"] for m in page.named("meta") if m.get("http-equiv") == "Content-Security-Policy"]
    assert policy
    assert policy[0].startswith("default-src 'none'")
    pictures = page.named("img")
    assert pictures
    assert all((picture["src"] or "").startswith("data:image/png;base64,") for picture in pictures)
    assert all(len(picture["alt"] or "") > 30 for picture in pictures)
    assert [attributes["lang"] for attributes in page.named("html")] == ["en"]
    for anchor in page.named("a"):
        address = anchor["href"] or ""
        assert address.startswith(("#", "https://", "http://"))
        assert address.startswith("#") or anchor["rel"] == "noopener noreferrer"
    # Beside links, an address stands only in text from the data: in a cell or a list.
    rest = re.sub(r'<a href="https?://[^"]*"|base64,[^"]*|<td.*?</td>|<li>.*?</li>', "", html, flags=re.S)
    assert not re.search(r"https?://|url\(|@import", rest)


def check_first_screen(page: Page, review: Review) -> None:
    text = " ".join(" ".join(page.first).split())
    assert len(review.sentences) <= 5
    assert len(review.numbers) <= 7
    # One sentence each, but for what changed: that, how sure it is, and what did not.
    for sentence in review.sentences:
        assert 1 <= len(re.findall(r"[.!?](?:\s|$)", sentence)) <= 3, sentence
        assert all(len(part.split()) <= 36 for part in re.split(r"[.!?]\s", sentence)), sentence
    assert len(re.findall(r"\d[\d,.]*", text)) <= 11, text
    assert not [term for term in FORBIDDEN if term in text.lower()], text
    for sentence in review.sentences:
        assert sentence.split(", ")[0].split(" ")[-1] in text


def test_every_data_set_gives_a_closed_page_and_a_calm_first_screen(real: Review) -> None:
    html = real.to_html()
    page = Page(html)
    check_closed(page, html)
    check_first_screen(page, real)
    assert ("; luck only" in html) == ("levers" in real.findings.tables)
    for fact in ("seed", "data", "version"):
        assert str(real.facts[fact]) in html
    assert "nan" not in re.sub(r"base64,[^\"]*", "", html).lower().replace("finance", "").split()
    # Firings without an incident are told of where firings were loaded, and not invented where none were.
    alone = int(real.findings.tables["firings"]["alone"].sum())
    assert ("ended with no incident near" in html) == (alone > 0) == ("alertmanager.jsonl" in html)


def test_nothing_that_stands_open_uses_a_statistical_term_and_the_method_is_one_click_below(real: Review) -> None:
    html = real.to_html()
    text = in_sight(html)
    found = [text[max(0, m.start() - 40) : m.end() + 20] for t in TERMS for m in re.finditer(t, text.lower())]
    assert not found
    sections = re.findall(r'<section class="part" id="(\w+)">(.*?)</section>', html, flags=re.S)
    assert [name for name, _ in sections][:2] == ["worst", "minutes"]
    methods = {name: re.sub("<[^>]*>", " ", " ".join(re.findall(r"<details.*?</details>", body, flags=re.S)))
               for name, body in sections}  # fmt: skip
    assert "lognormal" in methods["minutes"]
    assert "median" in methods["months"]
    assert "posterior" in methods["level"]
    assert "moved" not in real.tables or "geometric means" in methods["trend"]


def test_every_data_set_is_told_something_useful(real: Review) -> None:
    told = [s for s in real.sentences if not re.search(r"cannot be told|No ask yet|nothing can be timed", s)]
    open_only = real.numbers["still_open"] == real.numbers["incidents"]
    assert len(told) >= (2 if open_only else 3), real.sentences


def test_sources_say_what_they_cannot_know(real: Review) -> None:
    html = real.to_html()
    formats = set(real.tables["loads"]["format"])
    if "servicenow" in formats:
        assert "never taken for a verification" in html
    if "statuspage" in formats:
        assert "a status page shows posts, not events" in html
    if formats == {"servicenow"}:
        assert real.facts["measure"] == "detected_to_resolved"
        assert "verify" not in set(real.tables["spans"]["last_phase"])
        assert real.month == "2016-05"  # the newest month with a ticket; the log ends nine months later


def test_a_first_screen_by_hand(plain_review: Review) -> None:
    # One every second day, from the 1st to the 29th of June: 15. Each took 36 minutes times its scale, and one more.
    assert plain_review.sentences[0].startswith(
        "15 incidents in June, none still open, and a typical one took between "
    )
    assert plain_review.sentences[0].endswith("from start of impact to confirmed recovery.")
    assert plain_review.sentences[2].startswith("Finding the cause costs most: about half of the minutes")
    assert plain_review.numbers["incidents"] == 15
    assert plain_review.window == ("2026-04", "2026-07")


def test_the_three_longest_incidents_say_where_their_minutes_went(plain_review: Review) -> None:
    longest = plain_review.tables["worst"]
    assert longest["minutes"].tolist() == sorted(longest["minutes"], reverse=True)
    assert longest["minutes"].iloc[0] == 361.0
    assert dict(longest["spans"].iloc[0]) == {"detect": 31.0, "diagnose": 170.0, "resolve": 110.0, "verify": 50.0}


def test_the_founding_query_stands_beside_the_full_clock(plain_review: Review, root: Path, shared: Path) -> None:
    ours = (root / "mttrlab" / "sql" / "review" / "monthly_mttr.sql").read_bytes()
    assert ours == (shared / "seed" / "monthly-mttr.sql").read_bytes()
    june = plain_review.tables["seed"].iloc[-1]
    assert (f"{june['month']:%Y-%m}", june["incident_count"]) == ("2026-06", 15)


def test_the_same_lab_gives_the_same_page_byte_for_byte(tmp_path: Path) -> None:
    path = invented(tmp_path)
    first, second = (review_of(path, "2026-06").to_html() for _ in range(2))
    assert first == second


def test_hostile_text_is_shown_and_never_runs(tmp_path: Path) -> None:
    path = invented(
        tmp_path,
        title=lambda i: HOSTILE[i % len(HOSTILE)],
        service=HOSTILE[0],
        severity=HOSTILE[1],
        url=[
            "javascript:alert(1)",
            "data:text/html,x",
            "//evil.example/x",
            'https://ok.example.com/"onclick="x',
            "ftp://x",
            "",
        ]
        * 10,
    )
    review = review_of(path, "2026-06")
    html = review.to_html()
    page = Page(html)
    check_closed(page, html)
    assert "<script" not in html
    assert "onerror=alert(1)&gt;" in html
    assert "\u202e" not in html
    outward = {anchor["href"] for anchor in page.named("a") if not (anchor["href"] or "").startswith("#")}
    assert all(address is not None and address.startswith("https://ok.example.com/") for address in outward)


def test_the_notebook_shows_the_page_in_a_frame_that_cannot_run_anything(plain_review: Review) -> None:
    shown = Page(plain_review._repr_html_())
    assert [tag for tag, _ in shown.tags] == ["iframe"]
    assert "allow-scripts" not in (shown.named("iframe")[0]["sandbox"] or "")
    assert shown.named("iframe")[0]["srcdoc"] == plain_review.to_html()


def test_a_month_outside_the_data_is_refused_with_the_window(tmp_path: Path) -> None:
    with pytest.raises(QuestionError, match="2025-01 lies outside the data, which run from 2026-04 to 2026-07"):
        review_of(invented(tmp_path), "2025-01")


def test_an_empty_lab_is_refused_with_what_to_do() -> None:
    with Lab() as lab, pytest.raises(QuestionError, match="no counted incident to review; load exports"):
        monthly_review(lab)


def test_a_handful_of_incidents_still_gives_a_page(tmp_path: Path) -> None:
    review = review_of(invented(tmp_path, 3), "2026-04")
    assert "the timed ones took between" in review.sentences[0]
    assert review.sentences[3].startswith("No ask yet")
    assert "No lever can be tried" in review.to_html()


def test_what_moved_the_average_adds_up_and_the_level_stands_with_its_chances(plain_review: Review) -> None:
    change = plain_review.tables["change"]
    assert change["minutes"].iloc[:-1].sum() == pytest.approx(change["minutes"].iloc[-1], abs=1e-9)
    html = plain_review.to_html()
    assert "What moved the average" in html
    assert {"change", "maturity", "months"} <= set(plain_review.figures)
    levels = plain_review.tables["maturity"]
    chances = [name for name in levels if name.startswith("p_")]
    assert levels[chances].sum(axis=1).tolist() == pytest.approx([1, 1, 1])
    assert "what the evidence carries" in html
    assert set(plain_review.tables["months"]["maturity"]) <= {
        "Basic",
        "Intermediate",
        "Basic–Intermediate",
        "no level–Basic",
    }


def test_where_stamps_merged_two_phases_the_costliest_is_told_from_the_split_spans(tmp_path: Path) -> None:
    path = invented(tmp_path)
    rows = pd.read_csv(path)
    rows.loc[rows.index % 9 < 5, "diagnosed_at"] = pd.NA
    rows.to_csv(path, index=False)
    review = review_of(path, "2026-06")
    assert review.tables["shares"]["phase"].str.contains("+", regex=False).any()
    split = review.tables["split"].set_index("phase")["share"]
    # Every incident is 3 : 17 : 11 : 5, so the true share of the diagnosis is 17/36.
    assert split["diagnose"] == pytest.approx(17 / 36, abs=0.02)
    assert review.sentences[2].startswith("Finding the cause costs most: about half of the minutes")


def test_a_tool_without_a_diagnosis_shows_answering_and_finding_with_fixing(root: Path, tmp_path: Path) -> None:
    (tmp_path / "pagerduty.json").write_bytes((root / "data" / "exports" / "pagerduty.json").read_bytes())
    review = review_of(tmp_path / "pagerduty.json", "2026-06")
    shares = review.tables["shares"].set_index("phase")["share"]
    steps = ["acknowledge", "acknowledged_to_resolved"]
    assert shares.drop("diagnose + resolve", errors="ignore").index.tolist() == steps
    assert shares["acknowledged_to_resolved"] > 0.8 and shares.sum() == pytest.approx(1)
    assert review.sentences[2].startswith("Finding and fixing cost most: about nine tenths of the minutes")
    assert [name for name, _ in review.tables["worst"]["spans"].iloc[0]] == steps


def test_a_quiet_month_is_said_as_one(tmp_path: Path) -> None:
    path = invented(tmp_path, 30)  # April and May
    rows = pd.read_csv(path)
    later = rows.tail(1).assign(incident_id="INC-99", **{c: "2026-08-02T10:00:00Z" for c in rows if c.endswith("_at")})
    pd.concat([rows, later]).to_csv(path, index=False)
    review = review_of(path, "2026-06")
    assert review.sentences[0].startswith("No incident began in June,")
    Page(review.to_html())


def test_the_page_is_written_whole_under_its_month(tmp_path: Path) -> None:
    with Lab() as lab:
        lab.load(invented(tmp_path))
        path = write_review(lab, tmp_path / "out", "2026-06", replications=2, left_aside=["notes <b>.txt"])
    assert [found.name for found in (tmp_path / "out").iterdir()] == ["mttr-review-2026-06.html"]
    html = path.read_text(encoding="utf-8")
    assert html.rstrip().endswith("</html>")
    assert "notes &lt;b&gt;.txt" in html


def test_a_failing_write_leaves_the_old_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with Lab() as lab:
        lab.load(invented(tmp_path))
        path = tmp_path / "out" / "mttr-review-2026-06.html"
        path.parent.mkdir()
        path.write_bytes(before := b"the page of last month")
        monkeypatch.setattr("mttrlab.files.os.fsync", lambda _: (_ for _ in ()).throw(OSError(28, "No space left")))
        with pytest.raises(OSError, match="No space left"):
            write_review(lab, tmp_path / "out", "2026-06", replications=2)
    assert path.read_bytes() == before
    assert len(list((tmp_path / "out").iterdir())) == 1


def test_a_file_in_place_of_the_folder_is_refused(tmp_path: Path) -> None:
    with Lab() as lab:
        path = invented(tmp_path)
        lab.load(path)
        with pytest.raises(QuestionError, match="is a file; name a folder"):
            write_review(lab, path, "2026-06")
