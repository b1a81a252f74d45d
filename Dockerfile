# One image for Airflow's services, the workers, the questionnaire and the sandbox's gateways.
FROM python:3.12-slim

RUN apt-get update \
    && apt-get install --yes --no-install-recommends \
        libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz0b libharfbuzz-subset0 \
    && rm -rf /var/lib/apt/lists/*

WORKDIR /srv/borgerpuls
COPY requirements.txt requirements-build.txt ./
RUN pip install --no-cache-dir --no-deps --require-hashes -r requirements.txt -r requirements-build.txt

COPY pyproject.toml README.md ./
COPY include include
COPY sql sql
COPY templates templates
RUN pip install --no-cache-dir --no-deps --no-build-isolation .

COPY dags dags
COPY plugins plugins
RUN useradd --uid 50000 --home-dir /srv/borgerpuls --no-create-home borgerpuls \
    && mkdir -p airflow/logs keys round-keys questionnaire-keys journal letters gateways inbox output \
    && chown -R borgerpuls:borgerpuls airflow keys round-keys questionnaire-keys journal letters gateways inbox output
USER borgerpuls

ENV AIRFLOW_HOME=/srv/borgerpuls/airflow \
    AIRFLOW__CORE__DAGS_FOLDER=/srv/borgerpuls/dags \
    AIRFLOW__CORE__PLUGINS_FOLDER=/srv/borgerpuls/plugins \
    BORGERPULS_KEY_FOLDER=/srv/borgerpuls/keys \
    BORGERPULS_INBOX_FOLDER=/srv/borgerpuls/inbox \
    BORGERPULS_OUTPUT_FOLDER=/srv/borgerpuls/output \
    PYTHONUNBUFFERED=1
