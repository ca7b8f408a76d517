from __future__ import annotations

from contracts.ids import identity_id
from services.identity.store.revisions import basis_of, changed_links, order_of
from tests.unit.identity.builders import RUN, make_link


def test_a_basis_is_the_grouping_the_links_and_the_names_of_those_linked() -> None:
    links = [make_link(1, "ada")]
    names = {"ada": "Ada", "boris": "Boris"}
    basis = basis_of(1, 2, links, names)
    assert basis == basis_of(1, 2, links, names | {"boris": "Bo"})
    others = [
        basis_of(2, 2, links, names),
        basis_of(1, 3, links, names),
        basis_of(1, 2, links, names | {"ada": "Ada L."}),
        basis_of(1, 2, links, {"boris": "Boris"}),
        basis_of(1, 2, links, names, {"episode": {"imdb": "tt0034583"}}),
    ]
    assert len({basis, *others}) == 6


def test_a_basis_stays_what_it_was_where_nothing_is_said() -> None:
    links, names = [make_link(1, "ada")], {"ada": "Ada"}
    assert basis_of(1, 2, links, names, {}) == basis_of(1, 2, links, names) == "1/2/04ad1021ed0c13ad"


def test_only_links_that_differ_are_told_those_taken_away_as_nobody() -> None:
    before = [make_link(1, "ada"), make_link(2, "boris"), make_link(3, "chloe"), make_link(4, "dora")]
    after = [make_link(1, "ada", 0.7), make_link(2, "ada"), make_link(4, "dora", by="operator"), make_link(5, "eve")]
    told = {identity: link and (link.cast_id, link.by) for identity, link in changed_links(before, after)}
    assert told == {
        identity_id(2): ("ada", "auto"),
        identity_id(3): None,
        identity_id(4): ("dora", "operator"),
        identity_id(5): ("eve", "auto"),
    }
    assert changed_links(after, after) == ()


def test_revisions_sort_by_run_then_number() -> None:
    later_run = "01JD15M7Q8XG3V4B2N1K0H9F8D"
    orders = [order_of(RUN, 2), order_of(RUN, 10), order_of(later_run, 1)]
    assert sorted(orders) == orders
