"""
The questionnaire service as a process: uvicorn without an access log, for the link of a citizen is in the address.
"""

import uvicorn


def serve(host: str, port: int, workers: int = 1) -> None:
    """Serve until stopped. What a proxy says of addresses is believed of one on this machine, or in FORWARDED_ALLOW_IPS."""
    uvicorn.run(
        "borgerpuls.questionnaire.web.app:create_app",
        factory=True,
        host=host,
        port=port,
        workers=workers,
        access_log=False,
        log_level="warning",
        server_header=False,
        date_header=True,
        timeout_keep_alive=20,
    )
