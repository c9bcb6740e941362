"""The Datadog sink: `DatadogSink` in `sink.py`, metadata in `metadata.py`."""
