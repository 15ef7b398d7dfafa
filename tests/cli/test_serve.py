"""The real server in a process of its own."""

from __future__ import annotations

import json
import shutil
import signal
import socket
import sys
import urllib.error
import urllib.request

import pytest

from .conftest import SAMPLES

READY = "Ctrl-C stops"
NAMES = ("LocalHost", "models.example", "evil.example", socket.gethostname())
"""A loopback name, one that may be allowed, one that never is, and the machine's own."""


def get(url):
    with urllib.request.urlopen(url, timeout=60) as answer:
        return answer.read()


def test_it_says_what_it_serves_and_ends_well(run, models):
    shutil.copy(SAMPLES / "iris.h5", models / "my [red]iris.h5")
    shutil.copytree(SAMPLES / "breast-cancer-tfjs", models / "cancer")
    server = run(models, "--port", "0")
    url = server.until(
        r"my \[red\]iris\.h5 .*(http://127\.0\.0\.1:\d+/my%20%5Bred%5Diris/model\.json)"
    )
    server.until(READY)
    output = server.output
    assert f"const model = await tf.loadLayersModel('{url[1]}');" in output
    assert str(models) in output
    assert str(models.parent / "cache") in output
    assert "\x1b" not in output
    assert json.loads(get(url[1]))["format"] == "layers-model"
    server.until(r"my \[red\]iris\.h5  ready in")
    assert server.interrupt() == 0
    assert server.lines[-1] == "Stopped.\n"
    assert "Traceback" not in server.output


@pytest.mark.parametrize("options", [[], ["--poll"]])
def test_changes_are_told(run, models, options):
    server = run("serve", models, "--port", "0", *options)
    origin = server.until(r"http://127\.0\.0\.1:\d+")[0]
    server.until(READY)
    assert "No models yet" in server.output
    shutil.copy(SAMPLES / "iris.h5", models / "new.h5")
    server.until(rf"new\.h5  added, .*: {origin}/new/model\.json")
    get(f"{origin}/new@uint8/model.json")
    server.until(r"new\.h5@uint8  ready")
    (models / "new.h5").write_bytes(b"nonsense")
    server.until(r"new\.h5  changed")
    get(f"{origin}/new@uint8/model.json")
    server.until(r"new\.h5@uint8  still served as it was before: .*new\.h5")
    server.until("hint: ")
    (models / "new.h5").unlink()
    server.until(r"new\.h5  removed")
    assert server.interrupt() == 0


def test_a_model_that_fails_is_told_with_what_to_do(run, models):
    (models / "bad.h5").write_bytes(b"nonsense")
    server = run(models, "--port", "0")
    origin = server.until(r"http://127\.0\.0\.1:\d+")[0]
    server.until(READY)
    with pytest.raises(urllib.error.HTTPError) as caught:
        get(f"{origin}/bad/model.json")
    caught.value.close()
    server.until(r"bad\.h5  failed: ")
    server.until(r"^ +hint: ")
    assert server.interrupt() == 0


def test_quantized_weights_can_be_the_default(run, models):
    shutil.copy(SAMPLES / "iris.h5", models)
    server = run(models, "--port", "0", "--quantize", "float16", "--shard-size", "4KiB")
    url = server.until(r"http://.*/model\.json")[0]
    server.until("float16, unless asked otherwise")
    assert b"float16" in get(url)


def test_the_default_port_gives_way_but_an_explicit_one_does_not(run, models):
    first = run(models)
    first_port = int(first.until(r"http://127\.0\.0\.1:(\d+)")[1])
    first.until(READY)
    second = run(models)
    second_port = int(second.until(r"http://127\.0\.0\.1:(\d+)")[1])
    assert 8000 <= first_port < second_port < 8020
    third = run(models, "--port", str(first_port))
    assert third.wait() == 1
    assert f"error: port {first_port}" in third.output
    assert first.interrupt() == second.interrupt() == 0


def status_for(port, host):
    """Ask for the list of models by another name than that of the address."""
    request = urllib.request.Request(f"http://127.0.0.1:{port}/-/models.json")
    request.add_header("Host", host)
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.status
    except urllib.error.HTTPError as error:
        with error:
            assert json.loads(error.read())["code"] == "host-not-allowed"
            return error.code


def test_it_answers_only_to_names_that_it_was_told(run, models):
    server = run(models, "--port", "0", "--allowed-host", "models.example")
    port = int(server.until(r"http://127\.0\.0\.1:(\d+)")[1])
    server.until(READY)
    assert "Open to" not in server.output
    assert [status_for(port, f"{name}:{port}") for name in NAMES[:3]] == [200, 200, 403]
    server.until(r"'evil\.example:\d+' was refused; .*--allowed-host evil\.example")
    assert server.interrupt() == 0


def test_what_is_opened_to_the_network_is_said_at_the_start(run, models):
    server = run(models, "--port", "0", "--host", "0.0.0.0", "--allowed-host", "*")
    port = int(server.until(r"http://127\.0\.0\.1:(\d+)")[1])
    server.until("Open to the network")
    server.until(rf"Whoever reaches http://\S+:{port}/ can list and load every model")
    server.until("Open to every host name")
    assert [status_for(port, name) for name in NAMES] == [200, 200, 200, 200]
    assert server.interrupt() == 0


def test_on_the_network_the_machine_is_known_by_its_own_names(run, models):
    server = run(models, "--port", "0", "--host", "0.0.0.0")
    port = int(server.until(r"http://127\.0\.0\.1:(\d+)")[1])
    server.until("Open to the network")
    assert [status_for(port, name) for name in NAMES] == [200, 403, 403, 200]
    assert status_for(port, f"192.168.1.5:{port}") == 200


@pytest.mark.parametrize("name", ["http://a.example", "a.example:80", "", "*.example"])
def test_a_host_name_that_is_none_is_refused_at_the_start(invoke, models, name):
    result = invoke(models, "--allowed-host", name)
    assert result.exit_code == 2
    assert "is not a host name" in result.stderr
    assert "--allowed-host" in result.stderr


def test_links_are_followed_when_asked(run, models, tmp_path):
    shutil.copy(SAMPLES / "iris.h5", tmp_path / "elsewhere.h5")
    try:
        (models / "linked.h5").symlink_to(tmp_path / "elsewhere.h5")
    except OSError:
        pytest.skip("no symbolic links here")
    shut = run(models, "--port", "0")
    shut.until(r"link 'linked\.h5' leads out of the folder; --follow-symlinks")
    shut.until(READY)
    assert "No models yet" in shut.output
    open_ = run(models, "--port", "0", "--follow-symlinks")
    url = open_.until(r"linked\.h5 .*(http://\S+)")[1]
    open_.until("Links are followed")
    assert json.loads(get(url))["format"] == "layers-model"


@pytest.mark.skipif(sys.platform == "win32", reason="no SIGTERM that a process can handle")
def test_it_ends_well_when_it_is_told_to(run, models):
    server = run(models, "--port", "0")
    server.until(READY)
    server.process.send_signal(signal.SIGTERM)
    assert server.wait() == 0


STALL = """
import threading
import {module} as module

def stall(*_arguments):
    print("stalled", flush=True)
    threading.Event().wait()

module.{name} = stall
"""


@pytest.mark.parametrize(
    ("module", "name"),
    [
        ("tfjs_serve.builder.sources", "read_stamps"),
        ("tfjs_serve.builder.several_files", "digest_file"),
        ("tfjs_serve.worker.copying", "open_source"),
    ],
    ids=["look", "hash", "copy"],
)
def test_it_ends_in_spite_of_a_disk_that_does_not_answer(run, models, tmp_path, module, name):
    shutil.copy(SAMPLES / "iris.h5", models)
    (tmp_path / "stall").mkdir()
    (tmp_path / "stall" / "sitecustomize.py").write_text(STALL.format(module=module, name=name))
    server = run(models, "--port", "0", PYTHONPATH=str(tmp_path / "stall"))
    port = int(server.until(r"http://127\.0\.0\.1:(\d+)")[1])
    server.until(READY)
    with socket.create_connection(("127.0.0.1", port), timeout=60) as waiting:
        waiting.sendall(b"GET /iris/model.json HTTP/1.1\r\nHost: localhost\r\n\r\n")
        server.until("stalled")
        # The rest of the server goes on.
        assert b"iris" in get(f"http://127.0.0.1:{port}/-/models.json")
        assert server.interrupt() == 0


WAIT_FOR_EVER = """
import asyncio
from tfjs_serve.builder.diagnoser import Diagnoser
from tfjs_serve.cli import telling

async def finish(*_arguments):
    print("waiting", flush=True)
    await asyncio.Event().wait()

Diagnoser.finish = finish
telling._PATIENCE_SECONDS = 600
"""


def test_changes_are_seen_while_the_banner_waits_for_the_first_models(run, models, tmp_path):
    (tmp_path / "slow").mkdir()
    (tmp_path / "slow" / "sitecustomize.py").write_text(WAIT_FOR_EVER)
    server = run(models, "--port", "0", PYTHONPATH=str(tmp_path / "slow"))
    server.until("waiting")
    shutil.copy(SAMPLES / "iris.h5", models / "new.h5")
    server.until(r"new\.h5")
    assert READY not in server.output


def test_it_ends_in_spite_of_an_idle_connection(run, models):
    server = run(models, "--port", "0")
    port = int(server.until(r"http://127\.0\.0\.1:(\d+)")[1])
    server.until(READY)
    with socket.create_connection(("127.0.0.1", port), timeout=60) as idle:
        idle.sendall(b"GET /-/health HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert idle.recv(100).startswith(b"HTTP/1.1 200")
        assert server.interrupt() == 0


def test_every_request_is_told_when_asked(run, models):
    server = run(models, "--port", "0", "--log-level", "debug")
    origin = server.until(r"http://127\.0\.0\.1:\d+")[0]
    server.until(READY)
    get(f"{origin}/-/health?x=%5Bred%5D")
    server.until(r"GET /-/health\?x=%5Bred%5D")


def refused(url):
    """Try to save; return the status."""
    request = urllib.request.Request(url, data=b"nothing", method="POST")
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(request, timeout=60)
    with caught.value as answer:
        return answer.code


SAVE = r"await model\.save\('(http://127\.0\.0\.1:\d+/iris\?token=([a-z2-7]+))'\);"


def test_the_line_that_saves_is_shown_when_it_was_asked_for(run, models):
    shutil.copy(SAMPLES / "iris.h5", models)
    server = run(models, "--port", "0", "--allow-save", "--cors-origin", "http://page.example")
    found = server.until(SAVE)
    server.until(r"Pages of http://page\.example may use it")
    assert refused(found[1]) == 400
    server.until("/iris  400: a model is saved as multipart/form-data")
    assert server.interrupt() == 0
    again = run(models, "--port", "0", "--allow-save")
    assert again.until(SAVE)[2] == found[2]
    again.until("Name the origin of the page with --cors-origin")
    assert again.interrupt() == 0


def test_a_page_that_may_not_save_is_told_with_the_option(run, models):
    shutil.copy(SAMPLES / "iris.h5", models)
    server = run(models, "--port", "0")
    origin = server.until(r"http://127\.0\.0\.1:\d+")[0]
    server.until(READY)
    assert refused(f"{origin}/iris") == 403
    server.until("/iris  403: pages may not save models; to let them, start with --allow-save")
    assert server.interrupt() == 0
    assert "token" not in server.output


def test_no_log_has_the_token(run, models):
    shutil.copy(SAMPLES / "iris.h5", models)
    server = run(models, "--port", "0", "--allow-save", "--log-level", "debug")
    found = server.until(SAVE)
    assert refused(found[1]) == 400
    server.until(r"POST /iris\?token=\.\.\. HTTP/1\.1")
    assert server.interrupt() == 0
    assert server.output.count(found[2]) == 1


def test_the_browser_is_opened_when_asked(run, models, tmp_path):
    script = tmp_path / "browser.py"
    script.write_text("import sys, urllib.request; urllib.request.urlopen(sys.argv[1]).close()")
    browser = f'"{sys.executable}" "{script}" %s'
    server = run(models, "--port", "0", "--open", "--log-level", "debug", BROWSER=browser)
    server.until(READY)
    server.until(r"GET / HTTP")


def test_a_change_just_before_the_end_is_still_told(run, models):
    server = run(models, "--port", "0")
    origin = server.until(r"http://127\.0\.0\.1:\d+")[0]
    server.until(READY)
    shutil.copy(SAMPLES / "iris.h5", models / "new.h5")
    assert json.loads(get(f"{origin}/-/models.json"))["models"]
    assert server.interrupt() == 0
    assert f"{origin}/new/model.json" in server.output
    assert "Traceback" not in server.output
