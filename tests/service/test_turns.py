"""Turns are given first come first served, one at a time, a line for each project."""

from __future__ import annotations

import threading

from service.turns import Turns


def test_one_at_a_time() -> None:
    turns, inside, most = Turns(), 0, 0

    def work() -> None:
        nonlocal inside, most
        for _ in range(200):
            with turns.turn(1):
                inside += 1
                most = max(most, inside)
                inside -= 1

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == 1


def test_whoever_takes_it_again_stands_at_the_end() -> None:
    turns = Turns()
    order: list[str] = []
    turns.take(1)
    began = threading.Event()

    def other() -> None:
        began.set()
        with turns.turn(1):
            order.append("other")

    thread = threading.Thread(target=other)
    thread.start()
    began.wait()
    while turns.waiting(1) < 2:
        pass
    turns.leave(1)
    with turns.turn(1):
        order.append("again")
    thread.join()
    assert order == ["other", "again"]


def test_projects_do_not_wait_for_each_other() -> None:
    turns = Turns()
    with turns.turn(1), turns.turn(2):
        assert [turns.waiting(n) for n in (1, 2, 3)] == [1, 1, 0]
    assert [turns.waiting(n) for n in (1, 2)] == [0, 0]


def test_another_thread_may_leave() -> None:
    turns = Turns()
    turns.take(1)
    thread = threading.Thread(target=turns.leave, args=(1,))
    thread.start()
    thread.join()
    with turns.turn(1):
        pass
