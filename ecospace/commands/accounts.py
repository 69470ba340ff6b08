"""ecospace prepare and ecospace accounts: large layers made ready, and land accounts that close."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ecospace.language import _

if TYPE_CHECKING:
    import pandas as pd

    from ecospace.study import Study


def register(app: typer.Typer) -> None:
    """Declare the commands."""

    @app.command(
        help=_("Make a large layer ready to be measured: valid, in the study CRS, fast to read. "
               "Example: ecospace prepare parcels.gpkg parcels.parquet --study kaiping")
    )  # fmt: skip
    def prepare(
        layer: Annotated[Path, typer.Argument(help=_("GeoPackage, File Geodatabase, Shapefile … with polygons."))],
        store: Annotated[Path, typer.Argument(help=_("The .parquet file to write."))],
        study: Annotated[Path, typer.Option("--study", "-s", help=_("Folder with a study.toml."))] = Path(),
        name: Annotated[str, typer.Option("--layer", help=_("The layer inside a file that has several."))] = "",
    ) -> None:
        from ecospace.layers.store import prepare_store
        from ecospace.study import open_study

        prepared = prepare_store(layer, store, open_study(study).crs, layer=name)
        certificate = prepared.certificate or {}
        print(_("{rows} features, {area:.4f} ha, certified: {path}").format(
            rows=prepared.rows, area=certificate["area_m2"] / 10_000, path=prepared.path))  # fmt: skip
        for finding in certificate["findings"][:12]:
            print(f"{_('Note')}: {finding['text']}")

    @app.command(
        help=_("Land accounts by township: area of each land class, proven to close. "
               "Example: ecospace accounts kaiping --by DLBM -o accounts.xlsx")
    )  # fmt: skip
    def accounts(
        folder: Annotated[Path, typer.Argument(help=_("Folder with a study.toml."))],
        land: Annotated[
            str, typer.Option(help=_("Key of the land layer in study.toml, or a prepared .parquet."))
        ] = "land_use",
        by: Annotated[str, typer.Option(help=_("Column of the class."))] = "DLBM",
        within: Annotated[
            str | None, typer.Option(help=_("Key of a layer: only ground inside it, e.g. redline."))
        ] = None,
        since: Annotated[
            str | None, typer.Option(help=_("Key of an older land layer: change matrix and balance."))
        ] = None,
        output: Annotated[
            Path | None, typer.Option("--output", "-o", help=_("One file, by suffix: .xlsx .csv .json"))
        ] = None,
        memory_mb: Annotated[int, typer.Option("--memory", help=_("Memory for a prepared layer, megabytes."))] = 2_000,
        scheduler: Annotated[str | None, typer.Option(help=_("Address of a Dask cluster: tcp://host:8786"))] = None,
    ) -> None:
        from ecospace.layers.contract import class_findings
        from ecospace.study import open_study

        opened = open_study(folder)
        if land.endswith(".parquet"):
            with progress(_("Crossing")) as report:
                table = account(opened, land, by, within, memory_mb=memory_mb, scheduler=scheduler, progress=report)
        elif since is not None:
            table = changed(opened, since, land, by)
        else:
            table = account(opened, land, by, within)
        seen = [] if land.endswith(".parquet") else class_findings(opened.layer(land), opened.frame(land))
        shown = accounts_table(opened, table, land, by, within).noted(*[finding.text for finding in seen])
        if output is None:
            print(shown.to_text())
        else:
            shown.save(output)
            for finding in seen:
                print(f"{_('Note')}: {finding.text} {finding.cure}".rstrip())
            print(f"→ {output}")


def account(study: Study, land: str, by: str, within: str | None, **streaming: Any) -> pd.DataFrame:
    """The land account of a study, one row a unit and class; what is not drawn, or twice, stands in rows of its own."""
    import pandas as pd

    from ecospace.layers.store import open_store
    from ecospace.measure.accounts import land_accounts

    inside = None if within is None else study.frame(within)
    # A park over several towns is a unit of its own, in no sum (E40).
    parks = [study.frame(key) for key in study.keys("industrial_park")]
    nested = pd.concat(parks) if parks else None
    parcels = open_store(land) if land.endswith(".parquet") else study.frame(land)
    made = land_accounts(parcels, study.boundary, study.zones, by=by, nested=nested, within=inside, **streaming)
    rows = [made.table]
    for column, label in (("missing_m2", _("(not drawn)")), ("double_m2", _("(of it drawn twice)"))):
        gap = made.units[made.units[column].abs() > 0]
        rows.append(pd.DataFrame({"unit": gap.index, by: label, "area_m2": gap[column].to_numpy()}))
    table = pd.concat([part for part in rows if len(part)])
    place = pd.Series(range(len(made.units)), index=made.units.index)
    table = table.sort_values("unit", key=lambda unit: unit.map(place), kind="stable")
    return table.assign(**_spoken(table["unit"], made.units)).reset_index(drop=True)


def changed(study: Study, before: str, after: str, by: str) -> pd.DataFrame:
    """The balance sheet between two land layers of a study."""
    from ecospace.measure.change_matrix import change_matrix

    zones = study.boundary if study.zones is None else study.zones
    made = change_matrix(study.frame(before), study.frame(after), zones, by=by)
    names = zones["name"] if "name" in zones else zones.index.to_series()
    table = made.balance.assign(code=made.balance["unit"], name=made.balance["unit"].map(names))
    return table.rename(columns={"class": by})


def _spoken(unit: pd.Series[Any], units: pd.DataFrame) -> dict[str, pd.Series[Any]]:
    """Code and name of units as a reader knows them: the whole has no code, a park over several towns is in no sum."""
    role = unit.map(units["role"])
    name = unit.map(units["name"]).where(role != "nested", unit.map(units["name"]).map(
        lambda park: _("of which {name}").format(name=park)))  # fmt: skip
    code = unit.where(role == "zone", unit.str.removeprefix("nested:")).mask(role.isin(["whole", "remainder"]), "—")
    return {"code": code, "name": name}


def class_names(study: Study, land: str, classes: pd.Series[Any]) -> pd.Series[Any] | None:
    """The name of each class, where the layer says its code system and its codes are in it."""
    from ecospace.layers.codes import code_system

    system = study.entries[land].get("code_system") if land in study.entries else None
    if not system:
        return None
    names = classes.astype("string").str.strip().map(code_system(str(system), study.folder).codes)
    return names.fillna("—") if names.notna().any() else None


def accounts_table(study: Study, table: pd.DataFrame, land: str, by: str, within: str | None = None) -> Any:
    """The table as it is printed, hectares to two decimals."""
    from ecospace.commands.answer import stated
    from ecospace.report.table import Table

    names = class_names(study, land, table[by])
    if names is not None:
        table = table.assign(class_name=names)
    title = _("Land account")
    if within is not None:
        title = _("Land account, only ground inside: {layer}").format(layer=study.title_of(within))
    labels = {
        "code": _("Code"), "name": _("Unit"), "class_name": _("Class"), "area_m2": _("Area"), "opening_m2": _("Opening"), "lost_m2": _("Lost"),
        "gained_m2": _("Gained"), "closing_m2": _("Closing"),
    }  # fmt: skip
    shown = stated(study, Table(table).titled(title, _("Land account")))
    first = ["code", "name", by, "class_name"]
    keys = [str(key) for key in table.columns]
    for key in [key for key in first if key in keys] + [key for key in keys if key not in {*first, "unit"}]:
        area = {"unit": "ha", "decimals": 2} if key.endswith("_m2") else {}
        shown = shown.show(key, labels.get(key, key), **area)
    return shown.sourced(study.layer(land).source if not land.endswith(".parquet") else land)


@contextmanager
def progress(text: str) -> Iterator[Callable[[int, int], None]]:
    """A bar on a terminal; elsewhere a plain line each tenth. On standard error: the result stays clean."""
    import sys

    if not sys.stderr.isatty():

        def line(done: int, total: int) -> None:
            if done == total or done * 10 // total != (done - 1) * 10 // total:
                print(f"{text}: {done}/{total}", file=sys.stderr, flush=True)

        yield line
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(text, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)
