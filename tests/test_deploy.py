"""The files that others run the service with: they parse, and say what the service needs."""

from __future__ import annotations

import configparser
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from service.serve import DRAIN_SECONDS
from service.settings import load

ROOT = Path(__file__).parent.parent
KUBERNETES = ROOT / "deploy" / "kubernetes"
USER = 65532


def parsed(path: Path) -> Any:
    return yaml.safe_load(path.read_text())


@pytest.fixture(scope="module")
def dockerfile() -> list[str]:
    """The instructions, a line each."""
    text = re.sub(r"^#.*\n", "", (ROOT / "Dockerfile").read_text(), flags=re.MULTILINE)
    return [line for line in text.replace("\\\n", " ").splitlines() if line]


@pytest.fixture(scope="module")
def last_stage(dockerfile: list[str]) -> list[str]:
    begins = max(n for n, line in enumerate(dockerfile) if line.startswith("FROM "))
    return dockerfile[begins:]


def test_the_image_runs_as_nobody_special(last_stage: list[str]) -> None:
    assert [line for line in last_stage if line.startswith("USER ")] == [f"USER {USER}:{USER}"]
    assert 'ENTRYPOINT ["personhouse"]' in last_stage
    assert last_stage[-1] == 'CMD ["serve"]'


def test_the_image_has_no_embedded_engine_unless_asked_for(dockerfile: list[str]) -> None:
    assert "ARG LOCK=runtime" in dockerfile
    names = (ROOT / "requirements" / "runtime.txt").read_text()
    assert not re.search(r"^chdb", names, re.MULTILINE)
    assert re.search(r"^chdb", (ROOT / "requirements" / "embedded.txt").read_text(), re.MULTILINE)


def test_what_the_image_builds_with_is_in_the_lock(dockerfile: list[str]) -> None:
    lock = (ROOT / "requirements" / "dev.txt").read_text()
    (names,) = [found for line in dockerfile for found in re.findall(r"for name in ([^;]+);", line)]
    for name in names.split():
        (found,) = re.findall(rf"^{name}==.*(?:\n    --hash=.*)+\n    # via", lock, re.MULTILINE)
        assert "--hash=sha256:" in found
    wheel = (ROOT / "pyproject.toml").read_text()
    (requires,) = re.findall(r'^requires = \["(\w+)', wheel, re.MULTILINE)
    assert requires in names.split()


def test_all_that_is_copied_into_the_image_is_let_in(dockerfile: list[str]) -> None:
    lines = (ROOT / ".dockerignore").read_text().split()
    assert lines[0] == "*"
    copied = {
        name
        for line in dockerfile
        if line.startswith("COPY ") and "--from" not in line
        for name in line.split()[1:-1]
    }
    assert copied == {line.removeprefix("!") for line in lines if line.startswith("!")}
    assert all((ROOT / name).exists() for name in copied)


def test_its_environment_is_settings(last_stage: list[str]) -> None:
    text = " ".join(line for line in last_stage if line.startswith("ENV "))
    settings = load(None, dict(re.findall(r"(PERSONHOUSE_\w+)=(\S+)", text)))
    assert settings.http.host == "0.0.0.0"
    assert settings.data == "/var/lib/personhouse"
    assert f"EXPOSE {settings.http.port}" in last_stage
    (check,) = [line for line in last_stage if line.startswith("HEALTHCHECK ")]
    assert f"127.0.0.1:{settings.http.port}/livez" in check


def test_compose_starts_the_service_when_its_server_answers() -> None:
    services = parsed(ROOT / "compose.yaml")["services"]
    ours, server = services["personhouse"], services["clickhouse"]
    assert ours["depends_on"] == {"clickhouse": {"condition": "service_healthy"}}
    assert server["healthcheck"]["test"][0] == "CMD"
    assert all(port.startswith("127.0.0.1:") for port in ours["ports"])
    assert "ports" not in server
    settings = load(None, ours["environment"])
    user = server["environment"]["CLICKHOUSE_USER"]
    assert settings.dsn == f"http://{user}:${{CLICKHOUSE_PASSWORD}}@clickhouse:8123"
    assert server["environment"]["CLICKHOUSE_PASSWORD"].startswith("${CLICKHOUSE_PASSWORD:?")
    assert int(ours["stop_grace_period"].removesuffix("s")) > DRAIN_SECONDS
    volumes = parsed(ROOT / "compose.yaml")["volumes"]
    mounted = [v.partition(":")[0] for one in services.values() for v in one["volumes"]]
    assert sorted(mounted) == sorted(volumes)


def test_the_tables_are_for_the_server_that_compose_starts() -> None:
    image = parsed(ROOT / "compose.yaml")["services"]["clickhouse"]["image"]
    tested = re.search(r"features of ClickHouse (\S+);", (ROOT / "docs/how-to/run.md").read_text())
    assert tested is not None
    assert image == f"clickhouse/clickhouse-server:{tested[1]}"


@pytest.fixture(scope="module")
def manifests() -> dict[str, Any]:
    listed = parsed(KUBERNETES / "kustomization.yaml")["resources"]
    there = {path.name for path in KUBERNETES.glob("*.yaml")} - {"kustomization.yaml"}
    assert set(listed) == there
    return {one["kind"]: one for one in (parsed(KUBERNETES / name) for name in listed)}


def test_pods_are_probed_and_have_time_to_end(manifests: dict[str, Any]) -> None:
    pod = manifests["Deployment"]["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    assert container["livenessProbe"]["httpGet"]["path"] == "/livez"
    assert container["readinessProbe"]["httpGet"]["path"] == "/readyz"
    (seconds,) = re.findall(
        r"sleep\((\d+)\)", container["lifecycle"]["preStop"]["exec"]["command"][-1]
    )
    assert pod["terminationGracePeriodSeconds"] > int(seconds) + DRAIN_SECONDS


def test_pods_may_do_nothing_they_need_not(manifests: dict[str, Any]) -> None:
    pod = manifests["Deployment"]["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["securityContext"]["runAsUser"] == USER
    assert pod["automountServiceAccountToken"] is False
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    mounted = {mount["name"] for mount in container["volumeMounts"]}
    assert mounted == {volume["name"] for volume in pod["volumes"]}


def test_secrets_come_from_a_secret(manifests: dict[str, Any]) -> None:
    (container,) = manifests["Deployment"]["spec"]["template"]["spec"]["containers"]
    (dsn,) = container["env"]
    assert dsn["name"] == "PERSONHOUSE_DSN"
    assert set(dsn["valueFrom"]) == {"secretKeyRef"}
    assert "Secret" not in manifests


def test_all_of_them_mean_the_same_pods(manifests: dict[str, Any]) -> None:
    labels = manifests["Deployment"]["spec"]["template"]["metadata"]["labels"]
    assert manifests["Deployment"]["spec"]["selector"]["matchLabels"] == labels
    assert manifests["Service"]["spec"]["selector"] == labels
    assert manifests["PodDisruptionBudget"]["spec"]["selector"]["matchLabels"] == labels
    (container,) = manifests["Deployment"]["spec"]["template"]["spec"]["containers"]
    (port,) = manifests["Service"]["spec"]["ports"]
    assert port["targetPort"] in {one["name"] for one in container["ports"]}


def test_the_version_is_ours(manifests: dict[str, Any]) -> None:
    (container,) = manifests["Deployment"]["spec"]["template"]["spec"]["containers"]
    (version,) = re.findall(
        r'^version = "(.+)"', (ROOT / "pyproject.toml").read_text(), re.MULTILINE
    )
    assert container["image"] == f"personhouse:{version}"


@pytest.mark.skipif(shutil.which("kubectl") is None, reason="no kubectl")
def test_kubectl_puts_them_together() -> None:
    done = subprocess.run(
        ["kubectl", "kustomize", str(KUBERNETES)], capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    kinds = [one["kind"] for one in yaml.safe_load_all(done.stdout)]
    assert sorted(kinds) == ["Deployment", "PodDisruptionBudget", "Service"]


@pytest.fixture(scope="module")
def unit() -> configparser.ConfigParser:
    found = configparser.ConfigParser(strict=False, interpolation=None)
    found.optionxform = str  # type: ignore[assignment,method-assign]
    found.read(ROOT / "deploy" / "personhouse.service")
    return found


def test_the_unit_has_what_the_service_needs(unit: configparser.ConfigParser) -> None:
    service = unit["Service"]
    assert service["User"] == "personhouse"
    name, _, value = service["Environment"].partition("=")
    assert load(None, {name: value}).data == f"/var/lib/{service['StateDirectory']}"
    assert int(service["LimitNOFILE"]) >= 20_000
    assert int(service["TimeoutStopSec"]) > DRAIN_SECONDS
    assert service["ExecStart"].endswith("/personhouse serve")
    # ClickHouse compiles expressions.
    assert "MemoryDenyWriteExecute" not in service


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="no systemd-analyze")
def test_systemd_takes_the_unit(unit: configparser.ConfigParser, tmp_path: Path) -> None:
    program = unit["Service"]["ExecStart"].split()[0]
    there = shutil.which("true")
    assert there is not None
    text = (ROOT / "deploy" / "personhouse.service").read_text()
    file = tmp_path / "personhouse.service"
    file.write_text(text.replace(f"ExecStart={program}", f"ExecStart={there}"))
    done = subprocess.run(
        ["systemd-analyze", "verify", "--recursive-errors=no", str(file)],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    assert str(file.name) not in done.stderr, done.stderr


def test_workflows_run_what_is_run_here() -> None:
    jobs = parsed(ROOT / ".github" / "workflows" / "ci.yml")["jobs"]
    steps = {name: [step.get("run", "") for step in job["steps"]] for name, job in jobs.items()}
    assert ".ci/run" in steps["checks"]
    assert any("-m server" in run for run in steps["server"])
    assert any(run.startswith("docker build") for run in steps["image"])
    for job in jobs.values():
        assert job["timeout-minutes"] <= 60
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    made = [
        name for runs in steps.values() for run in runs for name in re.findall(r"^make (\S+)", run)
    ]
    assert set(made) <= targets


def test_the_docs_name_each_of_these_files() -> None:
    text = (ROOT / "docs/how-to/deploy.md").read_text()
    for name in ("Dockerfile", "compose.yaml", "deploy/kubernetes", "deploy/personhouse.service"):
        assert name in text
