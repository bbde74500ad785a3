"""Rules of the chapters that no corpus case shows, one by one; the section is named with each.

Expectations were worked out by hand from the text.
"""

# ruff: noqa: E501 - script texts and what they print keep their lines
from __future__ import annotations

from language.world import both, run


def test_place_of_a_thread_is_that_of_its_first_suspension() -> None:
    """05 §10.1: after its first segment a thread is put at the front of its owner's list, before what it started."""
    source = """
    function inner( n ){ println( n, " starts" ); yield; println( n ); }
    function outer(){ thread inner( "a" ); thread inner( "b" ); println( "outer starts" ); yield; println( "outer" ); }
    thread inner( "c" ); thread outer(); thread inner( "d" );
    process_threads();
    """
    assert run(source).out.split("\n") == [
        "c starts", "a starts", "b starts", "outer starts", "d starts", "d", "outer", "b", "a", "c", "",
    ]  # fmt: skip
