"""Words on standard error, and what never stands in them."""

from __future__ import annotations

import base64
import io
import json
import logging
import threading
import urllib.parse
import warnings

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.telemetry import LEAST, Masker, printable, run_fields, setup

SECRET = 's3cr+t/"kö\\y"=='


@pytest.fixture
def logs():
    """A function that sets logging up and gives the stream; afterwards everything is as before."""
    root = logging.getLogger()
    before = (root.handlers[:], root.level, threading.excepthook, warnings.showwarning)
    masker = Masker()
    masker.add(SECRET)

    def begin(level="info", form="json"):
        stream = io.StringIO()
        setup(level, form, stream, masker)
        return stream

    yield begin
    root.handlers[:], threading.excepthook = before[0], before[2]
    root.setLevel(before[1])
    logging.captureWarnings(False)
    for name in ("common", "collectors", "dashboards", "demo", "__main__"):
        logging.getLogger(name).setLevel(logging.NOTSET)


def lines(stream: io.StringIO) -> list[dict[str, str]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_a_json_line_holds_level_logger_message_and_the_run_s_fields(logs):
    stream = logs()
    with run_fields(collector="git"), run_fields(instance="prod"):
        logging.getLogger("common.run").info("read %d scopes", 3)

    (line,) = lines(stream)
    assert line.pop("ts").endswith("Z")
    assert line == {
        "level": "info",
        "logger": "common.run",
        "message": "read 3 scopes",
        "collector": "git",
        "instance": "prod",
    }


def test_fields_end_with_their_block(logs):
    stream = logs()
    with run_fields(collector="git"):
        pass
    logging.getLogger("common.run").info("done")

    assert "collector" not in lines(stream)[0]


def test_a_second_setup_replaces_the_first(logs):
    first, second = logs(), logs()
    logging.getLogger("common.x").info("once")

    assert (first.getvalue(), len(lines(second))) == ("", 1)


@pytest.mark.parametrize("form", ["json", "text"])
def test_no_form_of_a_secret_gets_through(logs, form):
    stream = logs(form=form)
    log = logging.getLogger("common.sinks")
    basic = base64.b64encode(f"user:{SECRET}".encode()).decode()
    ways = [
        SECRET,
        urllib.parse.quote(SECRET, safe=""),
        urllib.parse.quote_plus(SECRET),
        json.dumps({"key": SECRET}),
        json.dumps({"key": SECRET}, ensure_ascii=False),
        base64.b64encode(SECRET.encode()).decode(),
        f"Basic {basic}",
        repr([SECRET]),
    ]
    for way in ways:
        log.warning("sent %s", way)
    try:
        raise ValueError(SECRET)  # noqa: TRY301
    except ValueError:
        log.exception("failed with %r", {"headers": {"Authorization": SECRET}})

    text = stream.getvalue()
    inside = "".join(json.loads(line)["message"] for line in text.splitlines()) if form == "json" else text
    assert text.count("***") == len(ways) + 2
    for way in (SECRET, urllib.parse.quote(SECRET, safe=""), "s3cr", base64.b64encode(SECRET.encode()).decode()[4:12]):
        assert way not in text
        assert way not in inside


def test_an_exception_is_told_with_its_traceback(logs):
    stream = logs()
    try:
        raise ValueError("bad value")  # noqa: TRY301
    except ValueError:
        logging.getLogger("common.run").exception("metric failed")

    (line,) = lines(stream)
    assert line["exc"].startswith("Traceback (most recent call last)")
    assert line["exc"].endswith("ValueError: bad value")


@pytest.mark.parametrize(
    "name", ["urllib3.connectionpool", "botocore.parsers", "github.Requester", "datadog_api_client.rest"]
)
def test_libraries_say_warnings_at_most_even_when_we_say_more(logs, name):
    stream = logs(level="debug")
    library = logging.getLogger(name)
    library.setLevel(logging.DEBUG)
    library.debug("header: %s", SECRET)
    library.warning("slow")
    library.setLevel(logging.NOTSET)

    assert [line["message"] for line in lines(stream)] == ["slow"]


def test_our_own_level_is_the_setting_s(logs):
    stream = logs(level="error")
    logging.getLogger("common.run").warning("hidden")
    logging.getLogger("urllib3").warning("hidden")
    logging.getLogger("common.run").error("told")

    assert [line["message"] for line in lines(stream)] == ["told"]


def test_text_is_one_line_and_foreign_control_characters_cannot_forge_another(logs):
    stream = logs(form="text")
    with run_fields(collector="git"):
        logging.getLogger("common.run").info("commit by %s", "\x1b[2Jroot\r\n2026 ERROR forged\x00")

    assert stream.getvalue().split("INFO ")[1] == (
        "common.run: commit by \\x1b[2Jroot\\x0d\n    2026 ERROR forged\\x00 collector=git\n"
    )


def test_a_wrong_format_string_costs_nothing_but_its_form(logs):
    stream = logs()
    root = logging.getLogger()
    root.handlers = [each for each in root.handlers if type(each).__module__ == "common.telemetry"]
    logging.getLogger("common.run").info("%d scopes", "three")

    assert lines(stream)[0]["message"] == "%d scopes ('three',)"


def test_text_that_is_not_unicode_is_written_all_the_same(logs):
    stream = logs()
    root = logging.getLogger()
    root.handlers = [each for each in root.handlers if type(each).__module__ == "common.telemetry"]
    logging.getLogger("common.run").info("author %s", "caf\udce9")

    assert lines(stream)[0]["message"] == "author caf\\udce9"


def test_a_broken_stream_does_not_raise(logs):
    class Full(io.StringIO):
        def write(self, text):
            raise OSError(28, "No space left on device")

    masker = Masker()
    setup("info", "json", Full(), masker)
    logging.getLogger("common.run").info("x")

    assert logging.getLogger("common.run").isEnabledFor(logging.INFO)


def test_the_traceback_of_a_thread_is_masked_too(logs):
    stream = logs()

    def fails():
        raise ValueError(SECRET)

    thread = threading.Thread(target=fails)
    thread.start()
    thread.join()

    (line,) = lines(stream)
    assert (line["level"], line["exc"].endswith("ValueError: ***")) == ("error", True)


def test_warnings_go_the_same_way(logs):
    stream = logs()
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        logging.captureWarnings(True)
        warnings.warn(f"deprecated {SECRET}", UserWarning, stacklevel=1)

    assert [line["logger"] for line in lines(stream)] == ["py.warnings"]
    assert "deprecated ***" in lines(stream)[0]["message"]


def test_a_short_secret_is_not_masked_for_it_would_hide_ordinary_words():
    masker = Masker()
    masker.add("a" * (LEAST - 1))
    masker.add("")
    masker.add("   \n")

    assert masker.mask("aaaaaaaaaa is fine") == "aaaaaaaaaa is fine"


def test_spaces_around_a_secret_do_not_matter():
    masker = Masker()
    masker.add("  hunter2hunter2 \n")

    assert masker.mask("x=hunter2hunter2;") == "x=***;"


def test_each_line_of_a_long_secret_is_masked():
    masker = Masker()
    masker.add("-----BEGIN KEY-----\nMIIEowIBAAKCAQEA\n-----END KEY-----\n")

    assert masker.mask("got MIIEowIBAAKCAQEA") == "got ***"


def test_a_secret_within_another_does_not_uncover_the_rest():
    masker = Masker()
    masker.add("secret-one")
    masker.add("secret-one-and-more")

    assert masker.mask("secret-one-and-more secret-one") == "*** ***"


def test_what_looks_like_a_token_is_masked_unseen():
    text = (
        "https://user:pw@host/x https://host:80/y@z ghp_0123456789abcdefghijABCDEFGHIJ github_pat_11ABCDEFG0123456789_x"
    )

    assert Masker().mask(text) == "https://***@host/x https://host:80/y@z *** ***"


def test_printable_keeps_tabs_and_letters_of_all_scripts():
    assert printable("naïve\t日本\n\x7f\u2028") == "naïve\t日本\n\\x7f\\x2028"


@given(
    st.text(min_size=LEAST, max_size=40).filter(lambda text: len(text.strip()) >= LEAST and "\n" not in text),
    st.text(max_size=20),
    st.text(max_size=20),
)
def test_a_secret_is_found_anywhere(secret, before, after):
    masker = Masker()
    masker.add(secret)

    assert secret.strip() not in masker.mask(before + secret + after).replace("***", "\0") or "***" in secret


@given(st.binary(min_size=12, max_size=40), st.binary(max_size=9), st.binary(max_size=9))
def test_a_secret_is_found_inside_base64_wherever_it_begins(secret, before, after):
    text = base64.b64encode(secret).decode()
    masker = Masker()
    masker.add(text)
    encoded = base64.b64encode(before + text.encode() + after).decode()

    assert len(masker.mask(encoded).replace("***", "")) <= len(encoded) - len(text)
