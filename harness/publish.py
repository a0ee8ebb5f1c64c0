"""What follows a record: the MLflow mirror and the page, each told with its place."""

import os

from harness.errors import HarnessError, describe
from harness.options import RunOptions
from harness.progress import Reporter
from harness.registry import HOOKS, installed, load_point
from harness.runs import Outcome


def after_eval(outcome: Outcome, options: RunOptions, reporter: Reporter) -> dict[str, str]:
    """Mirror the record and run the installed hooks; name -> place. A failing mirror is a note: the record is safe."""
    places = _mirror(outcome, options, reporter) if options.log else {}
    if options.page:
        for name, point in installed(HOOKS).items():
            try:
                places[name] = str(load_point(point)(outcome.home.path))
            except HarnessError as error:
                reporter.note(f"{name} was not made: {error}")
            except Exception as error:
                reporter.note(f"{name} was not made: {describe(error)}")
    return places


def after_score(outcome: Outcome, options: RunOptions, reporter: Reporter) -> dict[str, str]:
    """Mirror the record only where a tracking URI is configured."""
    if not options.log or not (options.tracking_uri or os.environ.get("MLFLOW_TRACKING_URI")):
        return {}
    return _mirror(outcome, options, reporter)


def _mirror(outcome: Outcome, options: RunOptions, reporter: Reporter) -> dict[str, str]:
    try:
        from harness.mlflow_log import log_record, tracking_uri

        uri = tracking_uri(outcome.home, options.tracking_uri)
        with reporter.bar("mirroring to MLflow", 1) as advance:
            log_record(outcome.home, outcome.record, uri, reporter)
            advance(1)
    except HarnessError as error:
        reporter.note(f"not mirrored to MLflow: {error} ('harness log' does it later)")
        return {}
    except Exception as error:
        reporter.note(f"not mirrored to MLflow: {describe(error)} ('harness log' does it later)")
        return {}
    shown = f"{uri} (look: mlflow ui --backend-store-uri {uri})" if uri.startswith("sqlite:") else uri
    return {"mlflow": shown}
