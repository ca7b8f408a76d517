"""`screenalytics privacy …`."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from screenalytics.cli.operator.options import AsJson, CastId, ShowSlug

privacy_app = typer.Typer(
    help="What people in a cast are owed: consent, export, erase, receipts; and delete-show.", no_args_is_help=True
)

MeantSo = Annotated[bool, typer.Option("--yes", help="You mean it: nothing brings it back.")]


class BasisName(StrEnum):
    """As the GDPR's article 6 has them."""

    consent = "consent"
    contract = "contract"
    legal_obligation = "legal_obligation"
    vital_interest = "vital_interest"
    public_interest = "public_interest"
    legitimate_interest = "legitimate_interest"


@privacy_app.command("consent")
def privacy_consent(
    show: ShowSlug,
    cast: CastId,
    basis: Annotated[BasisName, typer.Option(help="The legal basis.")] = BasisName.consent,
    since: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Since when, as 2026-01-31; today if left out.")
    ] = None,
    note: Annotated[str | None, typer.Option(help="Where the paper is.")] = None,
    withdraw: Annotated[bool, typer.Option("--withdraw", help="Take back what is recorded.")] = False,
    as_json: AsJson = False,
) -> None:
    """Record on which legal basis a member's pictures are kept and compared, or take that back."""
    from screenalytics.commands.operator.privacy import record_consent, withdraw_consent

    if withdraw:
        withdraw_consent(show, cast)
    else:
        record_consent(show, cast, basis=basis.value, since=since, note=note, as_json=as_json)


@privacy_app.command("export")
def privacy_export(
    show: ShowSlug,
    cast: CastId,
    out: Annotated[Path | None, typer.Option("--out", help="ZIP file to write; SHOW-CAST.zip if left out.")] = None,
) -> None:
    """Write everything that is kept about a cast member into a ZIP file."""
    from screenalytics.commands.operator.privacy import export_person

    export_person(show, cast, out)


@privacy_app.command("erase")
def privacy_erase(
    show: ShowSlug,
    cast: CastId,
    yes: MeantSo = False,
    name: Annotated[
        list[str] | None, typer.Option("--name", help="Another name of theirs to take out of texts (may be repeated).")
    ] = None,
    wait: Annotated[bool, typer.Option("--wait", help="Wait until everything is gone; some minutes.")] = False,
    as_json: AsJson = False,
) -> None:
    """Remove everything that is kept about a person, and print the receipt."""
    from screenalytics.commands.operator.privacy import erase_person

    erase_person(show, cast, yes=yes, names=name or [], wait=wait, as_json=as_json)


@privacy_app.command("receipts")
def privacy_receipts(
    show: ShowSlug,
    erasure: Annotated[str | None, typer.Argument(metavar="[ERASURE]", help="Only this one, in full.")] = None,
    as_json: AsJson = False,
) -> None:
    """The erasures of a show, or the receipt of one: what is gone, and what Kafka holds until when."""
    from screenalytics.commands.operator.privacy import list_receipts, show_receipt

    if erasure is None:
        list_receipts(show, as_json=as_json)
    else:
        show_receipt(show, erasure, as_json=as_json)


@privacy_app.command("delete-show")
def privacy_delete_show(show: ShowSlug, yes: MeantSo = False, as_json: AsJson = False) -> None:
    """Delete a show with its cast, pictures and all its episodes."""
    from screenalytics.commands.operator.privacy import delete_show

    delete_show(show, yes=yes, as_json=as_json)
