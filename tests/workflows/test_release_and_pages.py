"""What the files release.yml and pages.yml say: the parts that no run on this machine shows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from mintmark.registry.files import read_yaml

WORKFLOWS = Path(__file__).parents[2] / ".github" / "workflows"


def workflow(name: str) -> dict[str, Any]:
    return read_yaml(WORKFLOWS / name)


def steps(job: dict[str, Any], word: str) -> list[dict[str, Any]]:
    return [step for step in job["steps"] if word in step.get("uses", step.get("run", ""))]


def test_a_release_follows_the_base_branch_alone():
    assert workflow("release.yml")["on"] == {"push": {"branches": ["main"]}, "workflow_dispatch": None}


def test_a_run_works_on_the_latest_state_with_the_whole_history():
    jobs = [*workflow("release.yml")["jobs"].values(), workflow("pages.yml")["jobs"]["build"]]
    for job in jobs:
        for step in steps(job, "checkout") if "steps" in job else ():
            latest = "${{ github.event.repository.default_branch }}"
            assert step["with"] == {"ref": latest, "fetch-depth": 0, "persist-credentials": False}


def test_each_channel_waits_in_an_environment_and_a_group_of_its_own():
    deploy = workflow("release.yml")["jobs"]["deploy"]
    # The deployment of a move is Mintmark's. One that the job made of itself would make it inactive.
    assert deploy["environment"] == {"name": "${{ matrix.environment }}", "deployment": False}
    assert deploy["concurrency"] == {
        "group": "deploy ${{ matrix.environment }}",
        "cancel-in-progress": "${{ !endsWith(matrix.environment, '/rollback') }}",
    }
    assert deploy["strategy"] == {
        "fail-fast": False,
        "matrix": {"include": "${{ fromJSON(needs.release.outputs.deliveries) }}"},
    }


def test_what_waits_for_reviewers_holds_up_nothing_else():
    """Neither the workflow nor the job that tags has a group that a deployment holds, and the site needs none."""
    release = workflow("release.yml")
    assert "concurrency" not in release
    assert release["jobs"]["release"]["concurrency"] == {"group": "release", "cancel-in-progress": False}
    assert "environment" not in release["jobs"]["release"]
    assert release["jobs"]["site"]["needs"] == "release"


def test_only_the_job_behind_the_reviewers_writes_deploy():
    jobs = workflow("release.yml")["jobs"]
    assert [step["run"] for step in steps(jobs["release"], "mintmark")] == [
        ".venv/bin/mintmark release --bundles bundles --draft",
        ".venv/bin/mintmark release",
    ]
    assert [step["run"] for step in steps(jobs["deploy"], "mintmark")] == [
        '.venv/bin/mintmark release --deploy "$CHANNEL" --move "$MOVE"'
    ]


def test_what_nobody_let_through_is_ended_by_the_run_that_it_waited_in():
    settle = workflow("release.yml")["jobs"]["settle"]
    assert settle["needs"] == ["release", "deploy"]
    assert settle["if"].startswith("${{ always() && needs.deploy.result != 'success'"), "refused, cut off or failed"
    assert settle["concurrency"]["group"] == "settle ${{ github.run_id }}", "no other run's takes its place"
    assert [step["run"] for step in steps(settle, "mintmark")] == [".venv/bin/mintmark release --settle"]


def test_what_has_no_attestations_is_released_all_the_same():
    release = workflow("release.yml")["jobs"]["release"]
    (step,) = steps(release, "actions/attest@")
    assert step["continue-on-error"] is True
    assert step["with"] == {"subject-checksums": "bundles/checksums.txt"}


def test_nothing_is_published_before_it_is_attested():
    """A run that is stopped between the two leaves drafts, and the next one attests them."""
    names = [
        step.get("run") or step["uses"].partition("@")[0]
        for step in workflow("release.yml")["jobs"]["release"]["steps"]
    ]
    drafted, attested, published = (
        names.index(".venv/bin/mintmark release --bundles bundles --draft"),
        names.index("actions/attest"),
        names.index(".venv/bin/mintmark release"),
    )
    assert drafted < attested < published


def test_one_broken_entry_keeps_no_other_channel_from_being_deployed():
    condition = workflow("release.yml")["jobs"]["deploy"]["if"]
    assert condition.startswith("${{ !cancelled() && ")


def test_the_token_may_what_each_job_needs():
    jobs = workflow("release.yml")["jobs"]
    assert {name: set(job["permissions"]) for name, job in jobs.items()} == {
        "release": {"contents", "deployments", "pull-requests", "checks", "actions", "id-token", "attestations"},
        "deploy": {"contents", "deployments"},
        "settle": {"contents", "deployments"},
        "incident": {"contents", "issues", "pull-requests"},
        "site": {"contents", "pages", "id-token"},
    }
    pages = workflow("pages.yml")["jobs"]
    assert pages["build"]["permissions"] == {"contents": "read"}
    assert pages["publish"]["permissions"] == {"pages": "write", "id-token": "write"}


def test_the_site_is_built_apart_from_its_publication_which_has_time_to_fail_by_itself():
    pages = workflow("pages.yml")
    assert pages["on"] == {"workflow_call": None, "workflow_dispatch": None}
    publish = pages["jobs"]["publish"]
    assert publish["timeout-minutes"] > 10  # after which Pages gives up, and says so
    assert publish["concurrency"] == {"group": "pages", "cancel-in-progress": False}
    assert publish["steps"][-1]["if"] == "failure()"


def test_a_broken_record_does_not_keep_the_site_back():
    build = workflow("pages.yml")["jobs"]["build"]
    (step,) = steps(build, "mintmark site")
    assert step["continue-on-error"] is True
