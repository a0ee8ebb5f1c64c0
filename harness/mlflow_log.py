"""Records mirrored to MLflow: experiment = task/split, one flat run = one record, LoggedModel = submission.

The record files stay the truth; a mirror can be made again at any time, and a record is never mirrored twice.
"""

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.errors import HarnessError, RecordError, describe
from harness.files import lock
from harness.progress import Reporter
from harness.record import Record
from harness.store import Home
from harness.summary import cost_of, energy_of, method_name

if TYPE_CHECKING:
    from mlflow import MlflowClient

TAG = "harness.record"
BEGUN = "harness.begun"


def tracking_uri(home: Home, given: str) -> str:
    """``--tracking-uri``, MLFLOW_TRACKING_URI, or SQLite in the home."""
    return given or os.environ.get("MLFLOW_TRACKING_URI") or f"sqlite:///{(home.path / 'mlflow.db').resolve()}"


def log_record(home: Home, record: Record, uri: str, reporter: Reporter) -> bool:
    """Mirror one record; False if it was there already.

    Raises HarnessError where the server cannot be used, RecordError where the record cannot be mirrored.
    """
    with _client(home, uri, reporter) as client:
        return _mirror(client, home, record, uri)


def log_home(home: Home, given: str, reporter: Reporter) -> tuple[list[str], str, list[str]]:
    """Mirror every record of a home that is not there yet: ids mirrored, the URI, and why files were left out."""
    uri = tracking_uri(home, given)
    logged: list[str] = []
    rejected: list[str] = []
    present: dict[str, set[str]] = {}
    found = list(home.records())
    with _client(home, uri, reporter) as client, reporter.bar("mirroring", len(found)) as advance:
        for path, record in found:
            advance(1)
            try:
                if _mirror(client, home, _own(path, record), uri, present):
                    logged.append(path.stem)
            except RecordError as error:
                rejected.append(str(error))
    return logged, uri, rejected


def _own(path: Path, record: Record | RecordError) -> Record:
    """The record, unless it could not be read or names another file as its own: that one would be uploaded."""
    if isinstance(record, RecordError):
        raise record
    if record.id != path.stem:
        raise RecordError(f"{path} has the id '{record.id}', but a record's id is the name of its file")
    return record


def _mirror(
    client: "MlflowClient", home: Home, record: Record, uri: str, present: dict[str, set[str]] | None = None
) -> bool:
    """Write a record unless it is there; `present` keeps the ids of an experiment where many are asked for.

    Raises RecordError for a record that MLflow refuses; what is wrong with the server stays MLflow's exception.
    """
    from mlflow.exceptions import MlflowException

    try:
        experiment = _experiment(client, home, record, uri)
        if present is None:
            known = bool(client.search_runs([experiment], f"tags.`{TAG}` = '{record.id}'", max_results=1))
        else:
            if experiment not in present:
                present[experiment] = _present(client, experiment)
            known = record.id in present[experiment]
        if not known:
            _write(client, home, record, experiment)
        return not known
    except MlflowException as error:
        if error.error_code != "INVALID_PARAMETER_VALUE":
            raise
        raise RecordError(f"record {record.id} cannot be mirrored ({str(error).splitlines()[0]})") from None


@contextmanager
def client_of(home: Home, uri: str) -> Iterator["MlflowClient"]:
    """A client for reading, alone at its store; raises HarnessError where the server cannot be used."""
    with _client(home, uri, Reporter()) as client:
        yield client


@contextmanager
def _client(home: Home, uri: str, reporter: Reporter) -> Iterator["MlflowClient"]:
    """A client, alone at its store: two processes must not create one SQLite store at once."""
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
    os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "2")
    # A bar for every file and two lines for every run, on standard output: our own bar says how far it is.
    os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")
    os.environ.setdefault("MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT", "true")
    import logging

    try:
        import mlflow
        from mlflow.exceptions import MlflowException
    except ModuleNotFoundError as error:
        raise HarnessError(f"the package {error.name} is missing; pip install 'vision-harness[live]'") from None

    for name in ("mlflow", "alembic"):
        logging.getLogger(name).setLevel(logging.ERROR)
    with lock(_lock(home, uri), lambda: reporter.note("Another process writes to MLflow; waiting for it.")):
        try:
            yield mlflow.MlflowClient(tracking_uri=uri)
        except MlflowException as error:
            raise HarnessError(f"the MLflow store {uri} cannot be used ({str(error).splitlines()[0]})") from None


def _lock(home: Home, uri: str) -> Path:
    """Beside an SQLite file, which several homes may share; else in the home."""
    name = uri.removeprefix("sqlite:///")
    return Path(f"{name}.lock") if name != uri and name else home.path / "locks" / "mlflow.lock"


def _experiment(client: "MlflowClient", home: Home, record: Record, uri: str) -> str:
    name = f"{record.task.id}/{record.task.split}" + ("" if record.task.origin != "sample" else " (sample)")
    found = client.get_experiment_by_name(name)
    if found is not None:
        return str(found.experiment_id)
    local = (home.path / "mlartifacts").resolve().as_uri() if uri.startswith("sqlite:") else None
    return str(client.create_experiment(name, artifact_location=local))


def _present(client: "MlflowClient", experiment: str) -> set[str]:
    ids: set[str] = set()
    token: str | None = None
    while True:
        page = client.search_runs([experiment], max_results=1000, page_token=token)
        ids.update(run.data.tags.get(TAG, "") for run in page)
        token = page.token
        if not token:
            return ids - {""}


def _write(client: "MlflowClient", home: Home, record: Record, experiment: str) -> None:
    """Whatever may be wrong with the record shows before a run is begun."""
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        try:
            moments = _milliseconds(record.run.started), _milliseconds(record.run.finished)
            beside = [sample_table(home, record, Path(folder)), _stored(home, record, Path(folder), "curves")]
            if not record.task.private_labels:  # where the truth is private, replicates would tell it
                beside.append(_stored(home, record, Path(folder), "replicates"))
        except Exception as error:  # what a stranger's dates and files make Python and NumPy raise has no bound
            reason = error if isinstance(error, HarnessError) else describe(error)
            raise RecordError(f"record {record.id} cannot be mirrored: {reason}") from None
        files = [home.record_path(record.id), *filter(None, beside)]
        _remove_begun(client, experiment, record)
        try:
            _write_run(client, record, experiment, moments, files)
        except Exception:
            _remove_begun(client, experiment, record)
            raise


def _write_run(
    client: "MlflowClient", record: Record, experiment: str, moments: tuple[int | None, int | None], files: list[Path]
) -> None:
    """The run is tagged with the record's id last, so that an interrupted mirror is made again."""
    from mlflow.entities import Dataset as LoggedDataset
    from mlflow.entities import DatasetInput, Metric, Param, RunTag

    name, (began, ended) = f"{method_name(record)} {record.id}", moments
    run = client.create_run(experiment, run_name=name, tags={**_tags(record), BEGUN: record.id}, start_time=began)
    run_id = run.info.run_id
    model = client.create_logged_model(
        experiment, name=_model_name(record), source_run_id=run_id, model_type="submission",
        params={"weights_sha256": record.submission.weights.sha256, "variant": record.submission.variant},
        tags={TAG: record.id},
    )  # fmt: skip
    client.finalize_logged_model(model.model_id, "READY")
    digest = record.task.data_digest[:36]
    data = LoggedDataset(
        name=record.task.id, digest=digest, source_type="harness", source=f'{{"split": "{record.task.split}"}}'
    )
    client.log_inputs(run_id, [DatasetInput(dataset=data, tags=[])])
    metrics = [
        Metric(
            key, value, run.info.start_time, 0, model_id=model.model_id, dataset_name=data.name, dataset_digest=digest
        )
        for key, value in metrics_of(record).items()
    ]
    params = [Param(key, str(value)[:500]) for key, value in _params(record).items()]
    client.log_batch(run_id, metrics=metrics, params=params)
    for path in files:
        client.log_artifact(run_id, str(path))
    client.set_terminated(run_id, end_time=ended)
    client.log_batch(run_id, tags=[RunTag(TAG, record.id)])


def _remove_begun(client: "MlflowClient", experiment: str, record: Record) -> None:
    """What an interrupted mirror has left of this record."""
    for run in client.search_runs([experiment], filter_string=f"tags.`{BEGUN}` = '{record.id}'"):
        if TAG not in run.data.tags:
            client.delete_run(run.info.run_id)


def _model_name(record: Record) -> str:
    """MLflow refuses dots and slashes in names of models, unlike in those of metrics."""
    return re.sub(r"[^\w\- ()]", "_", method_name(record))


def _milliseconds(moment: str) -> int | None:
    from datetime import datetime

    return int(datetime.fromisoformat(moment).timestamp() * 1000) if moment else None


def metrics_of(record: Record) -> dict[str, float]:
    """Every number of a record that exists, under a name that MLflow accepts."""
    found: dict[str, float | None] = {}
    for metric in record.metrics:
        key = metric.name if metric.protocol == record.task.protocol else f"{metric.name} {metric.protocol}"
        found[key] = metric.value
        if metric.interval is not None:
            found |= {f"{key}_low": metric.interval.low, f"{key}_high": metric.interval.high}
    for timing in record.measurements.latency:
        found |= {f"latency_ms_{span.name}_p50": span.p50.value for span in timing.spans}
        found["first_inference_ms"] = timing.first_inference_ms
    for item in record.measurements.throughput:
        found["throughput_per_s"] = item.value
    found |= {item.name: item.value for item in record.measurements.observed}
    energy, cost = energy_of(record), cost_of(record)
    if energy is not None:
        found |= {"energy_j": energy.energy_j, "net_energy_j": energy.net_energy_j, "power_w": energy.power_w}
    if cost is not None:
        found |= {"parameters": cost.parameters, "macs": cost.macs}
    return {_name(key): float(value) for key, value in found.items() if value is not None}


def _name(text: str) -> str:
    return re.sub(r"[^\w.\- /]", "_", text)


def _tags(record: Record) -> dict[str, str]:
    verdicts = [timing.verdict for timing in record.measurements.latency]
    return {
        "harness.provenance": record.provenance, "harness.origin": record.task.origin, "harness.protocol": record.task.protocol,
        "harness.submission": record.submission.name, "harness.variant": record.submission.variant,
        "harness.latency_verdict": verdicts[0] if verdicts else "not measured",
    }  # fmt: skip


def _params(record: Record) -> dict[str, Any]:
    task, run = record.task, record.run
    return {
        "task": task.id, "task_version": task.version, "split": task.split, "protocol": task.protocol, "samples": task.samples,
        "data_digest": task.data_digest, "device": run.device, "dtype": run.dtype, "batch_size": run.batch_size, "seed": run.seed,
        "host_id": record.host.host_id if record.host else "", **{f"setting.{k}": v for k, v in record.settings.items()},
    }  # fmt: skip


def sample_table(home: Home, record: Record, folder: Path) -> Path | None:
    """The dense per-unit statistics as CSV, or None where there are none, or where they would tell private labels."""
    from harness.columns import Ragged
    from harness.predictions import load_table

    stored = next((artifact for artifact in record.artifacts if artifact.kind == "statistics"), None)
    if stored is None or record.task.private_labels:
        return None
    import csv

    table = load_table(home.artifact(stored))
    dense = {
        name: column for name, column in table.columns.items() if not isinstance(column, Ragged) and column.ndim == 1
    }
    path = folder / "samples.csv"
    with path.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream)
        writer.writerow(["id", *dense])
        writer.writerows(
            [id, *values]
            for id, *values in zip(table.ids, *[column.tolist() for column in dense.values()], strict=True)
        )
    return path


def _stored(home: Home, record: Record, folder: Path, kind: str) -> Path | None:
    """The curves or replicates as they are stored, or None where there are none."""
    from harness.predictions import load_table, save_table

    stored = next((artifact for artifact in record.artifacts if artifact.kind == kind), None)
    if stored is None:
        return None
    save_table(folder / f"{kind}.npz", load_table(home.artifact(stored)))
    return folder / f"{kind}.npz"
