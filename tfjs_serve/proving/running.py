"""Has a model run by Chromium, or by Node.js where there is no Chromium."""

from __future__ import annotations

import asyncio
import json
import os
import tempfile
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from tfjs_serve.artifacts.model import Artifact
from tfjs_serve.proving.model import Outcome, RunError
from tfjs_serve.proving.programs import chromium, node, tfjs_packages
from tfjs_serve.proving.site import Site, open_site
from tfjs_serve.settings import DEFAULT_TFJS_URL
from tfjs_serve.web.pages.assets import asset
from tfjs_serve.web.tfjs import tfjs_at

_CHROMIUM_OPTIONS = (
    "--headless=new",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    # Graphics in software: the same on each machine, and there on servers.
    "--use-angle=swiftshader",
    "--enable-unsafe-swiftshader",
    "--enable-unsafe-webgpu",
    "--use-webgpu-adapter=swiftshader",
    "--enable-features=Vulkan",
)


async def run_model(
    artifact: Artifact, loader: str, tfjs_url: str, timeout_seconds: float
) -> list[Outcome]:
    """Compare a model, on each backend that there is, with the proof that it has.

    Parameters
    ----------
    loader
        The function of TensorFlow.js that loads it.
    tfjs_url
        Where Chromium gets TensorFlow.js from; if that is the CDN, a package here is taken first.

    Raises
    ------
    RunError
        It could not be run.
    """
    packages = tfjs_packages()
    is_default = tfjs_url == DEFAULT_TFJS_URL
    tfjs = tfjs_at(str(packages) if is_default and packages else tfjs_url)
    async with open_site(artifact, loader, tfjs) as site:
        browser, program = chromium(), node()
        if browser:
            return await _answered("Chromium", _in_chromium(browser, site), timeout_seconds)
        if program and packages:
            return await _answered("Node", _in_node(program, packages, site), timeout_seconds)
    raise RunError("there is neither Chromium nor Node.js with TensorFlow.js any more")


async def _answered(runner: str, answer: Any, timeout_seconds: float) -> list[Outcome]:
    try:
        said = await asyncio.wait_for(answer, timeout_seconds)
        if "error" in said:
            raise RunError(f"{runner} could not run it: {said['error']}")
        return [Outcome.from_script(runner, one) for one in said["outcomes"]]
    except asyncio.TimeoutError as error:
        raise RunError(
            f"{runner} has not run it within {timeout_seconds:g} seconds",
            hint="give it more time with --timeout",
        ) from error
    except (OSError, LookupError, TypeError, ValueError) as error:
        raise RunError(f"{runner} could not run it: {error}") from error


async def _in_chromium(browser: str, site: Site) -> Any:
    with tempfile.TemporaryDirectory(prefix="tfjs-serve-", ignore_cleanup_errors=True) as profile:
        is_root = hasattr(os, "geteuid") and os.geteuid() == 0
        # Chromium's sandbox refuses to run as root, which containers do.
        options = (*_CHROMIUM_OPTIONS, *(("--no-sandbox",) if is_root else ()))
        async with _running(
            [browser, *options, f"--user-data-dir={profile}", site.url], DEVNULL
        ) as process:
            ended = asyncio.ensure_future(process.wait())
            await asyncio.wait({ended, site.said}, return_when=asyncio.FIRST_COMPLETED)
            if not site.said.done():
                raise RunError(f"{browser} ended with code {process.returncode}")
            return site.said.result()


async def _in_node(program: str, packages: Path, site: Site) -> Any:
    request = {
        "from": str(packages.parent),
        "source": site.source,
        "proofUrl": site.proof_url,
        "layersUrl": site.layers_url,
    }
    with tempfile.TemporaryDirectory(prefix="tfjs-serve-") as folder:
        script = Path(folder, "proof.mjs")
        await asyncio.to_thread(script.write_text, asset("proof-node.js").text, "utf-8")
        async with _running([program, str(script), json.dumps(request)], PIPE) as process:
            out, err = await process.communicate()
    lines = out.decode("utf-8", "replace").splitlines()
    if process.returncode or not lines:
        lines = err.decode("utf-8", "replace").splitlines()
        fault = next((line for line in lines if "Error" in line), "no message")
        raise RunError(f"Node could not run it: {fault}")
    return json.loads(lines[-1])  # TensorFlow.js may have said something before


@asynccontextmanager
async def _running(command: Sequence[str], output: int) -> AsyncIterator[Process]:
    """Start a program, and end it if it does not end by itself."""
    process = await asyncio.create_subprocess_exec(
        *command, stdin=DEVNULL, stdout=output, stderr=output
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.terminate()
            try:
                await asyncio.wait_for(process.wait(), 5)
            except asyncio.TimeoutError:
                process.kill()
                await process.wait()
