"""
The page "Beskeder" in Airflow's own pages: how far the messages of each round are, for those who may see the DAG.
"""

from typing import Annotated, ClassVar

from airflow.api_fastapi.core_api.security import requires_access_dag
from airflow.plugins_manager import AirflowPlugin
from fastapi import Depends, FastAPI, Query
from fastapi.responses import HTMLResponse

URL = "/beskeder"

app = FastAPI(title="Beskeder", docs_url=None, redoc_url=None, openapi_url=None)


@app.get("/", dependencies=[Depends(requires_access_dag(method="GET", param_dag_id="fieldwork"))])
def show_messages(runde: Annotated[str | None, Query(max_length=20)] = None) -> HTMLResponse:
    """Show one round's messages: the one asked for, else the latest."""
    from borgerpuls.fieldwork import stage

    return HTMLResponse(stage.messages_page(runde), headers={"cache-control": "no-store"})


class MessagesPage(AirflowPlugin):
    """Puts the page in the navigation and on each DAG."""

    name = "messages_page"
    fastapi_apps: ClassVar = [{"app": app, "url_prefix": URL, "name": "Beskeder"}]
    external_views: ClassVar = [
        {"name": "Beskeder", "href": f"{URL}/", "destination": "nav", "url_route": "beskeder", "nav_top_level": True},
        {"name": "Beskeder", "href": f"{URL}/", "destination": "dag", "url_route": "beskeder-dag"},
    ]
