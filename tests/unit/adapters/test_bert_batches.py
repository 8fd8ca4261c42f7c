"""Rules of how texts are grouped for the encoder."""

from hypothesis import given
from hypothesis import strategies as st

from hippograph.adapters.bert import batches_of_equal_length


@given(st.lists(st.integers(1, 40)), st.integers(1, 200))
def test_every_row_is_in_one_batch_of_its_own_length(lengths, tokens_per_batch):
    """No row is lost or doubled, no batch is padded, and none is larger than asked unless it is one row."""
    batches = list(batches_of_equal_length(lengths, tokens_per_batch))

    assert sorted(row for batch in batches for row in batch) == list(range(len(lengths)))
    for batch in batches:
        assert len({lengths[row] for row in batch}) == 1
        assert len(batch) == 1 or sum(lengths[row] for row in batch) <= tokens_per_batch
