"""Random streams: the same image must see the same numbers whatever stands beside it."""

import pytest

torch = pytest.importorskip("torch")

from tasks.classification.robustness.streams import Streams  # noqa: E402

DRAWS = {
    "uniform": lambda streams: streams.uniform((2, 3), -1.0, 2.0),
    "normal": lambda streams: streams.normal((40,)),
    "integers": lambda streams: streams.integers(7, (5,)),
    "signs": lambda streams: streams.signs((3, 2)),
    "permutation": lambda streams: streams.permutation(9),
}


@pytest.mark.parametrize("name", DRAWS)
def test_neither_order_nor_company_changes_a_draw(name: str) -> None:
    draw = DRAWS[name]
    together = Streams.of(3, ["a", "b", "c"], "test")
    first, second = draw(together), draw(together)
    alone = Streams.of(3, ["c", "a"], "test")
    assert torch.equal(draw(alone), first[[2, 0]])
    assert torch.equal(draw(alone), second[[2, 0]])
    assert not torch.equal(first, second)


@pytest.mark.parametrize(("seed", "purpose"), [(4, "test"), (3, "other")])
def test_seed_and_purpose_part_the_streams(seed: int, purpose: str) -> None:
    assert not torch.equal(Streams.of(3, ["a"], "test").uniform((4,)), Streams.of(seed, ["a"], purpose).uniform((4,)))


def test_names_do_not_run_together() -> None:
    one, two = Streams.of(1, ["b/c"], "a"), Streams.of(1, ["c"], "a/b")
    assert not torch.equal(one.uniform((4,)), two.uniform((4,)))


def test_taken_streams_go_on_where_they_stand() -> None:
    whole = Streams.of(0, ["a", "b", "c"], "test")
    whole.uniform((4,))
    part = whole.take(torch.tensor([2, 1]))
    drawn = part.uniform((4,))
    other = Streams.of(0, ["a", "b", "c"], "test")
    other.uniform((4,))
    assert part.ids == ("c", "b")
    assert torch.equal(other.uniform((4,))[[2, 1]], drawn)
    assert torch.equal(whole.uniform((4,))[1], other.uniform((4,))[1])


def test_derived_streams_do_not_depend_on_what_was_drawn() -> None:
    streams = Streams.of(0, ["a", "b"], "test")
    before = streams.derived("part").uniform((4,))
    streams.uniform((4,))
    assert torch.equal(streams.derived("part").uniform((4,)), before)
    assert not torch.equal(streams.derived("other").uniform((4,)), before)


def test_draws_keep_their_ranges() -> None:
    streams = Streams.of(0, [str(index) for index in range(20)], "test")
    flat = streams.uniform((500,), 2.0, 3.0)
    assert flat.dtype == torch.float32
    assert flat.min() >= 2.0
    assert flat.max() <= 3.0
    assert set(streams.signs((100,)).flatten().tolist()) == {-1.0, 1.0}
    assert set(streams.integers(3, (100,)).flatten().tolist()) == {0, 1, 2}
    assert streams.permutation(6).sort(1).values.tolist() == [list(range(6))] * 20
    assert abs(streams.normal((5000,)).mean().item()) < 0.02
    assert streams.uniform((0,)).shape == (20, 0)
