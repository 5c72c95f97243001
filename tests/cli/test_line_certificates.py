"""regions --over --certificate, and verify: proofs of model lines from the shell."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from shell import check_refused, run

from qdecay.exact.proof import certificate as writer

AIMA = ["regions", "qdecay/AIMA4x3-v0", "--over", "living_reward=-1..0"]


@pytest.mark.parametrize(("gamma", "points"), [("9/10", 3), ("1", 6)])
def test_a_line_is_proven_as_its_regions_are_found(
    capsys, monkeypatch, tmp_path: Path, gamma: str, points: int
) -> None:
    proof = str(tmp_path / "proof.json")
    out = run(capsys, monkeypatch, *AIMA, "--gamma", gamma, "--certificate", proof)[1]
    proven = f"{points} breakpoints, 0 touches of 11 states along a model line at gamma = {gamma}"
    assert out.splitlines()[-1] == f"{proof}: proven: {points + 1} regions, {proven}"
    assert (
        run(capsys, monkeypatch, "verify", proof)[1]
        == f"{proof}: proven: {points + 1} regions, {proven}\n"
    )
    told = json.loads(run(capsys, monkeypatch, "verify", proof, "--json")[1])
    assert (told["proven"], told["breakpoints"], told["gamma"]) == (True, points, gamma)


def test_two_files_are_proven(capsys, monkeypatch, tmp_path: Path) -> None:
    for name, paid in (("low", 0), ("high", 2)):
        rows = [[0, 0, 0, 1, 1, True], [0, 1, 0, 1, paid, True]]
        model = {"schema": "qdecay.mdp/1", "n_states": 1, "n_actions": 2, "transitions": rows}
        (tmp_path / f"{name}.json").write_text(json.dumps(model))
    low, high, proof = (str(tmp_path / f"{name}.json") for name in ("low", "high", "proof"))
    code, out, _ = run(
        capsys, monkeypatch, "regions", low, "--to", high, "--gamma", "1/2", "--certificate", proof
    )
    assert code == 0
    assert out.endswith("proven: 2 regions, 1 breakpoint, 0 touches of 1 state along a model line"
                        " at gamma = 1/2\n")  # fmt: skip


def test_a_forged_proof_of_a_line_is_rejected(capsys, monkeypatch, tmp_path: Path) -> None:
    """By `verify` with exit code 1; by `regions`, which never wrote it, as a fault to report."""
    proof = tmp_path / "proof.json"
    run(capsys, monkeypatch, *AIMA, "--gamma", "9/10", "--certificate", str(proof))
    document = json.loads(proof.read_text())
    document["at_low"][0] = [0]
    proof.write_text(json.dumps(document))
    code, out, _ = run(capsys, monkeypatch, "verify", str(proof))
    assert (code, out.startswith(f"{proof}: rejected: interval 0, state 0: the set")) == (1, True)
    right = writer.certificate

    def wrong(*arguments: Any, **options: Any) -> Any:
        return {**right(*arguments, **options), "at_low": document["at_low"]}

    monkeypatch.setattr(writer, "certificate", wrong)
    proof.unlink()
    code, _, err = run(capsys, monkeypatch, *AIMA, "--gamma", "9/10", "--certificate", str(proof))
    assert (code, "the checker refuses this proof" in err, proof.exists()) == (1, True, False)


def test_other_documents_are_no_certificates(capsys, monkeypatch, tmp_path: Path) -> None:
    (tmp_path / "x.json").write_text('{"schema": "qdecay.line-regions/1"}')
    kinds = '"qdecay.certificate/1" or "qdecay.line-certificate/1"'
    message = f'x.json: not a certificate: "schema" must be {kinds}'
    check_refused(capsys, monkeypatch, tmp_path, ["verify", "x.json"], message)
