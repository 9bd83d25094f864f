"""Changing values mid-run and while paused; the answer is read back from the optimizer."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.e2e.screen import Screen

pytestmark = pytest.mark.sampled(9)


@pytest.fixture(params=["running", "paused"])
def run_id(request: pytest.FixtureRequest, screen: Screen, slow_run: int) -> int:
    """A run that is open on the page, once under way and once paused."""
    if request.param == "paused":
        screen.server.command(slow_run, "pause")
    screen.open_run(slow_run)
    return slow_run


def changed(screen: Screen, run_id: int, number: int = 1) -> dict[str, Any]:
    """The `number`-th change of the run, as its event says it, when it has happened."""

    def look() -> dict[str, Any] | None:
        events = screen.server.events(run_id, "changed")
        return events[number - 1] if len(events) >= number else None

    return screen.server.wait_until(look, f"change {number} of run {run_id}")


def test_the_quick_buttons_multiply_the_learning_rate(screen: Screen, run_id: int) -> None:
    factors = {"Halve learning rate": 0.5, "Divide learning rate by 10": 0.1}
    entries = screen.journal.get_by_role("article").filter(has_text="Learning rate")

    for number, (name, factor) in enumerate(factors.items(), start=1):
        before = screen.server.run(run_id)["effective"]["learning_rate"]
        screen.button(name).click()

        event = changed(screen, run_id, number)
        assert event["before"]["learning_rate"] == pytest.approx(before)
        assert event["after"]["learning_rate"] == pytest.approx(before * factor)
        assert event["undo_values"]
        expect(entries).to_have_count(number)
    screen.button("Double learning rate").click()

    assert changed(screen, run_id, 3)["over_steps"] == 10  # rises go up over ten steps


def test_the_field_takes_numbers_and_factors(screen: Screen, server_run: int) -> None:
    taken = [("3e-4", 3e-4), ("0.0125", 0.0125), ("/10", 0.00125), ("/2", 0.000625)]

    for number, (typed, expected) in enumerate(taken, start=1):
        screen.type_value("Learning rate value", typed)

        event = changed(screen, server_run, number)
        arrived = {**event["before"], **event["after"], **event["values"]}
        assert arrived["learning_rate"] == pytest.approx(expected), typed
        wait_until_it_is(screen, server_run, expected)


def wait_until_it_is(screen: Screen, run_id: int, rate: float) -> None:
    def arrived() -> bool:
        used: float = screen.server.run(run_id)["effective"]["learning_rate"]
        return used == pytest.approx(rate)

    screen.server.wait_until(arrived, f"the learning rate is {rate}")


@pytest.fixture
def server_run(screen: Screen) -> int:
    """Open on the page, with a learning rate of 0.01."""
    run = screen.server.start_run(
        "digits", steps=100_000, max_steps_per_s=100, values={"learning_rate": 0.01}
    )
    screen.open_run(run["id"])
    return int(run["id"])


def test_a_doubling_that_was_typed_rises_over_ten_steps(screen: Screen, server_run: int) -> None:
    screen.type_value("Learning rate value", "x2")

    event = changed(screen, server_run)
    assert event["over_steps"] == 10
    wait_until_it_is(screen, server_run, 0.02)


def test_a_staged_value_does_nothing_until_it_is_applied(screen: Screen, server_run: int) -> None:
    slider = screen.page.get_by_role("slider", name="Learning rate", exact=True)
    expect(screen.button("Apply learning rate")).to_have_attribute("aria-disabled", "true")

    slider.press("ArrowLeft")
    slider.press("ArrowLeft")
    assert screen.server.events(server_run, "changed") == []
    screen.button("Apply learning rate").click()

    # two times 0.05 of a decade
    event = changed(screen, server_run)
    assert event["after"]["learning_rate"] == pytest.approx(0.01 * 10**-0.1, rel=0.01)


def test_what_is_no_learning_rate_is_said_and_not_sent(screen: Screen, server_run: int) -> None:
    box = screen.textbox("Learning rate value")
    alert = screen.page.get_by_role("group", name="Learning rate").get_by_role("alert")

    for typed in ("", "fast", "0", "-1", "12"):
        screen.type_value("Learning rate value", typed)

        expect(box, typed).to_have_attribute("aria-invalid", "true")
        expect(alert, typed).to_be_visible()
        box.fill("0.02")  # until it is applied, nothing is wrong with it
        expect(box, typed).not_to_have_attribute("aria-invalid", "true")
    assert screen.server.run(server_run)["pending"] == []
    assert screen.server.events(server_run, "command_sent") == []


def test_momentum_keeps_the_step_size_unless_asked_otherwise(
    screen: Screen, server_run: int
) -> None:
    keep = screen.page.get_by_role("checkbox", name="Keep step size when momentum changes")
    expect(keep).to_be_checked()

    screen.type_value("Momentum value", "0.99")
    linked = changed(screen, server_run)
    keep.uncheck()
    screen.type_value("Momentum value", "0.9")
    alone = changed(screen, server_run, 2)

    assert linked["after"]["momentum"] == pytest.approx(0.99)
    assert linked["after"]["learning_rate"] == pytest.approx(0.001)  # 0.01 · (1−0.99)/(1−0.9)
    assert alone["after"]["momentum"] == pytest.approx(0.9)
    assert alone["after"].get("learning_rate", 0.001) == pytest.approx(0.001)


def test_a_batch_size_comes_with_the_next_epoch(screen: Screen, server_run: int) -> None:
    screen.choose("Batch size", "64")
    screen.button("Apply batch size").click()

    event = changed(screen, server_run)
    assert event["after"]["batch_size"] == 64
    assert event["effective_step"] >= event["step"]
    assert screen.server.run(server_run)["values"]["batch_size"] == 64


def test_all_that_tell_of_a_change_name_the_first_step_that_uses_it(
    screen: Screen, server_run: int
) -> None:
    """A batch size waits for the next epoch, so that this is not simply the next step."""
    screen.choose("Batch size", "64")
    screen.button("Apply batch size").click()
    event = changed(screen, server_run)
    first = f"{event['effective_step']:,}"

    toast = screen.page.get_by_role("region", name="Notifications")
    expect(toast).to_contain_text(f"64 from step {first}.")
    expect(screen.journal.get_by_role("button", name=f"Show step {first} on")).to_be_visible()
    expect(screen.page.get_by_role("group", name="Last change")).to_contain_text(f"step {first}")
    screen.server.wait_for_step(server_run, event["effective_step"] + 5)
    marker = screen.page.get_by_role("button", name=re.compile(f"^Step {first}: .*64$"))
    expect(marker).to_be_visible()
    path = f"/api/runs/{server_run}/export"
    log_book = screen.server.client.get(path, params={"format": "markdown"}).text
    assert re.search(rf"^\| {first} \|.*64", log_book, re.M), log_book
    report = screen.server.client.get(path, params={"format": "html"}).text
    assert re.search(rf" 64 from step {first}\b", report)


def test_rare_settings_change_live(screen: Screen, server_run: int) -> None:
    settings = {
        "weight_decay": ("Weight decay", 0.01),
        "grad_clip": ("Gradient clip", 1.5),
        "dropout": ("Dropout", 0.25),
    }
    screen.button("Tier 3 settings").click()

    for number, (name, (label, expected)) in enumerate(settings.items(), start=1):
        screen.type_value(f"{label} value", str(expected))

        event = changed(screen, server_run, number)
        assert event["after"][name] == pytest.approx(expected)
        assert event["before"][name] != event["after"][name]

    screen.choose("Learning rate decay", "cosine")
    screen.button("Apply learning rate decay").click()

    assert changed(screen, server_run, 4)["after"]["schedule"] == "cosine"


def test_adams_constants_change_live(screen: Screen) -> None:
    constants = {"beta1": ("Adam β₁", "0.95"), "beta2": ("Adam β₂", "0.99")}
    constants["epsilon"] = ("Adam ε", "1e-6")
    run = screen.server.start_run(
        "digits", steps=100_000, max_steps_per_s=100, values={"optimizer": "adam"}
    )
    screen.open_run(run["id"])
    screen.button("Tier 3 settings").click()

    for number, (name, (label, typed)) in enumerate(constants.items(), start=1):
        screen.type_value(f"{label} value", typed)

        assert changed(screen, run["id"], number)["after"][name] == pytest.approx(float(typed))


def test_the_answer_tells_step_before_and_after(screen: Screen, server_run: int) -> None:
    screen.button("Halve learning rate").click()

    step = changed(screen, server_run)["step"]
    toast = screen.page.get_by_role("region", name="Notifications")
    expect(toast).to_contain_text(f"Learning rate 0.01 → 0.005 from step {step + 1:,}.")


def test_the_answer_comes_by_the_stream_alone(screen: Screen, server_run: int) -> None:
    asked: list[str] = []
    screen.page.on("request", lambda request: asked.append(f"{request.method} {request.url}"))
    toast = screen.page.get_by_role("region", name="Notifications")

    screen.button("Save checkpoint").click()
    expect(toast).to_contain_text("Checkpoint saved at step")
    screen.button("Halve learning rate").click()
    expect(toast).to_contain_text("Learning rate 0.01 → 0.005 from step")

    about_commands = [request for request in asked if "/commands" in request]
    assert about_commands == [
        f"POST {screen.server.url}/api/runs/{server_run}/commands",
        f"POST {screen.server.url}/api/runs/{server_run}/commands",
    ]


def test_undo_on_another_page_shows_the_run_that_it_changes(
    screen: Screen, server_run: int
) -> None:
    toast = screen.page.get_by_role("region", name="Notifications")
    screen.button("Halve learning rate").click()
    expect(toast).to_contain_text("Learning rate 0.01 → 0.005")
    screen.page.get_by_role("link", name="Runs", exact=True).click()
    expect(screen.page.get_by_role("heading", name="Runs")).to_be_visible()

    toast.get_by_role("button", name="Undo").click()

    expect(toast).to_contain_text("Learning rate rising to 0.01 over 10 steps.")
    assert screen.run_id == server_run
    expect(screen.journal).to_contain_text("Learning rate 0.005 → 0.01")


def test_a_change_is_put_back_with_undo(screen: Screen, server_run: int) -> None:
    screen.button("Halve learning rate").click()
    changed(screen, server_run)

    screen.button("Undo last change").click()
    screen.page.get_by_role("menuitem", name="Put value back").click()

    back = changed(screen, server_run, 2)
    assert back["before"]["learning_rate"] == pytest.approx(0.005)
    wait_until_it_is(screen, server_run, 0.01)


def test_a_change_can_wait_for_a_step(screen: Screen, server_run: int) -> None:
    screen.textbox("Learning rate value").fill("0.001")
    group = screen.page.get_by_role("group", name="Learning rate", exact=True)
    group.get_by_role("button", name="Later or gradually…").click()
    at_step = screen.server.run(server_run)["step"] + 200
    group.get_by_label("At step").fill(str(at_step))
    screen.button("Apply learning rate").click()

    event = changed(screen, server_run)
    assert event["step"] == at_step
    assert event["scheduled"] is True
    assert event["after"]["learning_rate"] == pytest.approx(0.001)
