"""One Hub for all tests of this folder, over a small library of made-up repos and the workbook's own data."""

from __future__ import annotations

from pathlib import Path

import pytest
from hub_clients import ClientProcess
from hub_library import build_tiny_model, write_library, write_overlay, write_three_configs

from standin.hub import create_app
from standin.server import Server
from workbook.paths import resource


@pytest.fixture(scope="session")
def library(tmp_path_factory) -> Path:
    """A Hub root of made-up repos."""
    root = tmp_path_factory.mktemp("library")
    write_library(root)
    return root


@pytest.fixture(scope="session")
def store(tmp_path_factory) -> Path:
    """The folder that the session's Hub writes to."""
    return tmp_path_factory.mktemp("store")


@pytest.fixture(scope="session")
def outputs(tmp_path_factory) -> Path:
    """An outputs folder for the tests that need the miniature models, so that they are built once."""
    return tmp_path_factory.mktemp("outputs")


@pytest.fixture(scope="session")
def hub(library, store, tmp_path_factory):
    """A running Hub; `hub.url` is its address. `acme/merged` lies in two of its roots."""
    below = tmp_path_factory.mktemp("below")
    write_three_configs(below / "datasets" / "acme" / "merged")
    write_overlay(library / "datasets" / "acme" / "merged")
    server = Server(create_app([library, below, resource("data")], store, "learner"))
    yield server
    server.stop()


@pytest.fixture(scope="session")
def clients(hub, tmp_path_factory):
    """The process in which the clients' tests run."""
    folder = tmp_path_factory.mktemp("clients")
    process = ClientProcess(hub.url, folder / "huggingface", folder / "log.txt")
    yield process
    process.close()


@pytest.fixture(scope="session")
def tiny_model(clients, library) -> str:
    """The id of a BERT of a few thousand weights with its tokenizer, served from the library."""
    clients.call(build_tiny_model, folder=library / "models" / "acme" / "tiny-bert")
    return "acme/tiny-bert"
