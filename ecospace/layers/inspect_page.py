"""The page that `ecospace inspect` writes: one file, no script, nothing from outside."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from typing import TYPE_CHECKING

from ecospace.findings import Finding
from ecospace.language import _, current
from ecospace.terms import kinds

if TYPE_CHECKING:
    from ecospace.layers.inspect import Inspection, LayerReport

STYLE = """
body{font:15px/1.6 "Noto Sans CJK SC","Source Han Sans SC","Microsoft YaHei",sans-serif;margin:2em auto;max-width:70em;
padding:0 1em;color:#222}
h1{font-size:1.4em}h2{font-size:1.1em;margin:1.6em 0 .3em;border-left:.4em solid #999;padding-left:.5em}
h2.ok{border-color:#2e7d32}h2.warning{border-color:#e08a00}h2.error{border-color:#c62828}
p.facts{color:#555;margin:.2em 0}table{border-collapse:collapse;width:100%;margin:.4em 0}
td,th{border-bottom:1px solid #ddd;padding:.3em .5em;vertical-align:top;text-align:left}
td.mark{white-space:nowrap;width:9em}.error{color:#c62828}.warning{color:#a86400}.note,.ok{color:#2e6b31}
code{font-size:.85em;color:#666}
"""


def marks() -> dict[str, str]:
    """What each grade and level is called."""
    return {
        "ok": _("in order"),
        "warning": _("to be read with care"),
        "error": _("not usable as it is"),
        "note": _("note"),
    }


def page(inspection: Inspection) -> str:
    """The whole page as HTML; every text of the data is escaped."""
    body = "\n".join(_layer(report) for report in inspection.layers)
    heading = escape(_("Data inspection"))
    return f"""<!DOCTYPE html>
<html lang="{"zh-CN" if current() == "zh" else "en"}">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>{heading} – {escape(inspection.title)}</title>
<style>{STYLE}</style>
</head>
<body>
<h1>{heading}</h1>
<p>{escape(inspection.headline)}</p>
{body}
</body>
</html>
"""


def facts_line(report: LayerReport) -> str:
    """What the layer is, in one line."""
    facts = report.facts
    parts = [report.file + (f" [{report.layer_name}]" if report.layer_name else "")]
    kind = kinds().get(report.role)
    if kind is not None:
        parts.append(kind.label)
    if "shapes" in facts and "features" in facts:
        parts.append(_("{count} features ({kinds})").format(count=facts["features"], kinds=", ".join(facts["shapes"])))
    if facts.get("crs"):
        parts.append(str(facts["crs"]))
    if "sum_m2" in facts:
        parts.append(_("sum of areas {area:.4f} km²").format(area=facts["sum_m2"] / 1e6))
    if "union_m2" in facts:
        parts.append(_("ground covered {area:.4f} km²").format(area=facts["union_m2"] / 1e6))
    return " · ".join(parts)


def remarks(report: LayerReport) -> Iterator[Finding]:
    """The error that stops the layer, then its findings, the worst first."""
    if report.error is not None:
        yield Finding(
            report.error.code, "error", report.error.text, cure=report.error.cure, features=report.error.features
        )
    order = {"error": 0, "warning": 1, "note": 2}
    yield from sorted(report.findings, key=lambda finding: order[finding.level])


def _layer(report: LayerReport) -> str:
    rows = "\n".join(_row(finding) for finding in remarks(report))
    table = f"<table>\n{rows}\n</table>" if rows else ""
    return (
        f'<h2 class="{report.grade}">{escape(report.key)} <span class="{report.grade}">{escape(marks()[report.grade])}</span>'
        f'</h2>\n<p class="facts">{escape(facts_line(report))}</p>\n{table}'
    )


def _row(finding: Finding) -> str:
    features = ", ".join(finding.features[:20]) + (" …" if len(finding.features) > 20 else "")
    named = f"<br>{escape(_('Features'))}: {escape(features)}" if features else ""
    what_to_do = _("What to do")
    cure = f"<br><b>{escape(what_to_do)}</b>: {escape(finding.cure)}" if finding.cure else ""
    mark = marks()[finding.level] if finding.level != "error" else _("error")
    return (
        f'<tr><td class="mark {finding.level}">{escape(mark)}<br><code>{escape(finding.code)}</code></td>'
        f"<td>{escape(finding.text)}{named}{cure}</td></tr>"
    )
