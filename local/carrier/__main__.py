"""Starts the network: `python -m local.carrier --help`. Every option can come from the environment (`CARRIER_*`)."""

from pathlib import Path
from typing import Annotated

import typer
import uvicorn
from fastapi import FastAPI

from local.carrier import numbers
from local.carrier.app import Options, create_app
from local.carrier.clock import clock_from
from local.carrier.lines import Lines

LOOPBACK = "127.0.0.1"  # it has no secrets worth the name and no business beyond this machine


def server(app: FastAPI, *, port: int) -> uvicorn.Server:
    return uvicorn.Server(
        uvicorn.Config(
            app,
            host=LOOPBACK,
            port=port,
            http=Lines,
            ws="none",
            access_log=False,
            log_level="warning",
            timeout_graceful_shutdown=1,  # deliveries go on at the next start
        )
    )


def main(
    *,
    database: Annotated[Path, typer.Option(envvar="CARRIER_DATABASE", help="SQLite file; made if missing.")],
    account_sid: Annotated[str, typer.Option(envvar="CARRIER_ACCOUNT_SID")],
    auth_token: Annotated[str, typer.Option(envvar="CARRIER_AUTH_TOKEN")],
    port: Annotated[int, typer.Option(envvar="CARRIER_PORT")] = 4020,
    sms_url: Annotated[str, typer.Option(envvar="CARRIER_SMS_URL", help="Is told of texts from phones.")] = "",
    voice_url: Annotated[str, typer.Option(envvar="CARRIER_VOICE_URL", help="Is told of calls from phones.")] = "",
    sender: Annotated[
        list[str] | None,
        typer.Option(envvar="CARRIER_SENDER", help="A number of the service; may be repeated. None: any will do."),
    ] = None,
    delivery_seconds: Annotated[
        float, typer.Option(envvar="CARRIER_DELIVERY_SECONDS", help="From queued to delivered.", min=0)
    ] = 0.4,
    clock: Annotated[str, typer.Option(envvar="CARRIER_CLOCK", help="The service's clock for the pages, JSON.")] = "",
) -> None:
    """A telephone network in a box: speaks the part of Twilio's API that the service uses, and shows each phone."""
    if wrong := [number for number in sender or () if not numbers.is_number(number)]:
        raise typer.BadParameter(f"not in the form +13435550100: {', '.join(wrong)}", param_hint="--sender")
    options = Options(
        database=database,
        account_sid=account_sid,
        auth_token=auth_token,
        sms_url=sms_url,
        voice_url=voice_url,
        senders=tuple(sender or ()),
        delivery_seconds=delivery_seconds,
        clock=clock_from(clock),
    )
    server(create_app(options), port=port).run()


if __name__ == "__main__":
    typer.run(main)
