"""Rules of the chapters that no corpus case shows, one by one; the section is named with each.

Expectations were worked out by hand from the text.
"""

# ruff: noqa: E501 - script texts and what they print keep their lines
from __future__ import annotations

from language.world import run


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


HOOKED_OBJECTS = """
global V = true, C = 0;
m = { __tobool = function(){ return V; }, __compare = function( a, b ){ return C; } };
function make( kind ){ if( kind == "event" ) return event( true ); return get_iterator( [] ); }
foreach( kind : [ "event", "array_iterator" ] )
{
	a = class( make( kind ), m ); b = class( make( kind ), m );
	V = true; C = 0; println( !a, if( a, 1, 2 ), tobool( a ), a == b, a === b, a != b, a == a );
	V = false; C = 1; println( !a, if( a, 1, 2 ), tobool( a ), a == b, a === b, a != b, a == a, typeof( a ) );
	metamethods_enable( a, false ); metamethods_enable( b, false ); println( !a, a == b, a == a );
	metaobj_set( a, null ); metaobj_set( b, null ); println( !a, a == b, metaobj_get( a ), typeptr( a ) == typeptr( make( kind ) ) );
}
"""


def test_metamethods_of_library_objects() -> None:
    """03 §9: every object has a meta-object and a switch, so `__tobool` and `__compare` of an event's count as well."""
    assert run(HOOKED_OBJECTS).out.split("\n") == [
        "false1truetruetruefalsetrue", "true2falsefalsefalsetruefalseevent", "falsefalsetrue", "falsefalsenulltrue",
        "false1truetruetruefalsetrue", "true2falsefalsefalsetruefalsearray_iterator", "falsefalsetrue", "falsefalsenulltrue", "",
    ]  # fmt: skip


def test_foreach_over_a_dict_whose_entries_change_but_not_their_number() -> None:
    """02 §2.3, 03 §8: only another number of entries is an Error; removed ones are not visited, new ones are at the end."""
    source = """
    function t( d, at, gone ){ foreach( k, v : d ){ print( k, v ); if( k == at ){ unset( d, gone ); d.z = 5; } } println( "." ); }
    t( { a = 1, b = 2, c = 3 }, "a", "b" ); t( map{ a = 1, b = 2, c = 3 }, "b", "c" ); t( { a = 1, b = 2 }, "b", "a" );
    d = { a = 1, b = 2 }; it = get_iterator( d ); iter_advance( it ); unset( d, "a" ); d.n = 3;
    println( iter_advance( it ), iter_getdata( it ) );
    """
    result = run(source)
    assert (result.out, result.err) == ("a1c3z5.\na1b2z5.\na1b2.\ntrue2\n", "")


def test_unique_asks_an_object_about_itself() -> None:
    """03 §2.4, 9.4: `unique` compares strictly, and only `__compare` knows whether an object equals itself."""
    source = """
    class B { function __compare( a, b ){ return R; } } b = new B(); c = new B(); d = {};
    global R = 1; println( [ b, b ].unique().size, [ b, c, 1, b, d, d ].unique().size );
    R = 0; println( [ b, b ].unique().size, [ b, c, 1, b, d, d ].unique().size );
    """
    assert run(source).out == "25\n12\n"


def test_message_functions_have_their_name_while_arguments_are_converted() -> None:
    """04 §1.2, 9: only after loading its arguments a message function is shown as `[C function]`."""
    source = """
    class E { function __tostring(){ INFO( "text" ); return "e"; } function __tobool(){ INFO( "truth" ); return false; } }
    WARNING( new E() );
    pcall( function(){ assert( new E(), new E() ); }, function( type, text ){ print( text, ": ", sys_backtrace( true ) ); } );
    """
    result = run(source)
    assert result.err == (
        '- "<main>" in t.sgs, line 3\n- "WARNING" in [C code]\n- "E.__tostring" in t.sgs, line 2\nInfo: text\n'
        '- "<main>" in t.sgs, line 3\nWarning: e\n'
    )
    outer = '- "<main>" in t.sgs, line 4\n- "pcall" in [C code]\n- "<anonymous function>" in t.sgs, line 4\n'
    handler = '- "[C function]" in [C code]\n- "<anonymous function>" in t.sgs, line 4\n'
    assert result.out == (
        f'text: {outer}- "assert" in [C code]\n- "E.__tostring" in t.sgs, line 2\n{handler}'
        f'truth: {outer}- "[C function]" in [C code]\n- "E.__tobool" in t.sgs, line 2\n{handler}'
        f"assertion failed: e: {outer}{handler}"
    )


def test_text_of_a_thread_stays() -> None:
    """05 §2: the number in a thread's text identifies it within its engine, that of the main program, too."""
    source = """
    texts = []; for i : ( 5 ) { texts.push( tostring( _T ) ); texts.push( dumpvar( _T ) ); }
    println( texts.unique().size ); p = toptr( _T ); gc_collect(); println( p == toptr( _T ) );
    thread f(); function f(){ t = tostring( _T ); p = toptr( _T ); yield; gc_collect(); println( t == tostring( _T ), p == toptr( _T ) ); } process_threads();
    """
    assert run(source).out == "2\ntrue\ntruetrue\n"


def test_functions_that_name_the_argument_functions_in_any_way() -> None:
    """00 B17: where the function's text names one of them they see what was passed."""
    source = """
    function a( x ){ return _G.va_arg_count(); } function b( x ){ return _G[ "va_get_args" ](); } function c( x ){ f = va_get_arg; return f( 1 ); }
    println( a( 1, 2 ), b( 1, 2 ), c( 1, 2 ) );
    """
    assert run(source).out == "2[1,2]2\n"


def test_race_with_the_running_thread_among_its_losers() -> None:
    """05 §11: a race that came out true aborts every thread among its arguments, the running one as `abort( _T )` does."""
    source = """
    function f( first ){ if( !first ) yield; println( race( sync( _T ), 0 ) ); println( "not reached" ); }
    t = thread f( true ); u = thread f( false ); process_threads(); println( t.was_aborted, t.running, u.was_aborted, u.running );
    co = co_create( function(){ me = _T; co_create( function() use( me ){ println( race( me, 0 ) ); } ).resume(); println( "not reached" ); } );
    co.resume(); println( co.was_aborted );
    race( _T, true ); println( "not reached" );
    """
    result = run(source)
    assert (result.out, result.err) == ("truefalsetruefalse\ntrue\ntrue\n", "")


def test_abort_in_a_callback_does_not_end_the_context() -> None:
    """05 §1, 8: a native function stops the abort; the context goes on and was not aborted."""
    source = """
    t = thread f();
    function f(){ pcall( function(){ abort( _T ); } ); pcall( function(){ race( _T, true ); } ); println( _T.was_aborted ); yield; abort( _T ); }
    println( t.was_aborted ); process_threads(); println( t.was_aborted );
    """
    assert run(source).out == "false\nfalse\ntrue\n"


def test_isset_where_an_array_is_the_meta_object() -> None:
    """03 §5, 9.1: `isset` tells whether the index read works; a search that ends out of an array's bounds does not."""
    source = 'o = class( {}, [ 1, null ] ); println( isset( o, 1 ), isset( o, 2 ), isset( class( {}, { n = null } ), "n" ) );'
    assert run(source).out == "truefalsetrue\n"


def test_classes_named_like_special_identifiers() -> None:
    """01 §1.3, 02 §7: a class statement assigns the global of its name, and `_R` and `_T` cannot be changed."""
    result = run('class _R { global a = 1; } class _T {}\nprintln( typeof( _R ), isset( _R, "a" ), typeof( _T ) );')
    assert result.out == "mapfalsethread\n"
    assert result.err == "".join(
        f'- "<main>" in t.sgs, line 1\nWarning: cannot change {name}\n' for name in ("_R", "_T")
    )


def test_iterators_have_no_entries_to_write() -> None:
    """03 §8, 13: an iterator has no properties; a write warns and leaves nothing behind, `class` on it or not."""
    source = """
    foreach( it : [ get_iterator( [ 1 ] ), get_iterator( {} ), class( get_iterator( map{} ), {} ) ] )
    {
        it.x = 1; println( @it.x ); it[ "x" ] = 1; println( isset( it, "x" ) );
    }
    """
    result = run(source)
    assert result.out == "null\nfalse\n" * 3
    assert result.err.count('Warning: Writable property not found: "x"') == 3
    assert result.err.count('Warning: Cannot find writable value by index: "x"') == 3


def test_a_closure_is_an_object_where_objects_are_wanted() -> None:
    """02 §6, 7, 7.1; 03 §9.1, 9.5: a closure may be a base, the object of `new`, and lends its property `apply`."""
    source = """
    x = 5; global clo = function() use( x ){ println( "not called" ); };
    class C : clo { function __construct(){ this.k = 1; } } c = new C();
    println( C.__inherit, metaobj_get( C ) === clo, c, c.apply === sys_apply, isset( c, "apply" ) );
    n = new clo( 1 ); println( n, metaobj_get( n ) === clo, metamethods_test( n ), n.apply === sys_apply, @n[ "apply" ] );
    class( clo, { __construct = function( a ){ this.a = a; }, hi = "hi" } ); n = new clo( 7 ); println( n, n.hi );
    """
    result = run(source)
    assert (result.out, result.err) == ("clotrue{k=1}truefalse\n{}truetruetruenull\n{a=7}hi\n", "")


def test_getters_and_setters_are_called_by_the_native_routers() -> None:
    """03 §1.4, 9.3; 04 §1.2, 1.4: a router is a native function: it stands in traces, and an abort stops at it."""
    source = """class A { function __get_x(){ WARNING( "get" ); ERROR( "no x" ); } function __set_x( v ){ abort(); } }
a = new A(); println( a.x, isset( a, "x" ) );
a.x = 1; println( a );
"""
    result = run(source)
    assert result.out == "nulltrue\n{x=1}\n"
    trace = '- "<main>" in t.sgs, line 2\n- "mm_getindex_router" in [C code]\n- "A.__get_x" in t.sgs, line 1\n'
    assert result.err == trace + "Warning: get\n" + trace + "Error: no x\n"


def test_shuffle_of_an_array_with_a_meta_object() -> None:
    """03 §2.4, 9: a meta-object is no hindrance to the methods of arrays."""
    source = "srand( 5 ); a = class( [ 1, 2, 3 ], {} ); println( array.shuffle.apply( a, [] ) === a, a.size, a[ 0 ] + a[ 1 ] + a[ 2 ] );"
    result = run(source)
    assert (result.out, result.err) == ("true36\n", "")


def test_first_and_last_ask_for_the_size_of_an_array_not_for_its_truth() -> None:
    """03 §2.3, 9.4: `__tobool` is asked by truth tests, and finding the first item is none."""
    source = """
    a = class( [ 1, 2 ], { __tobool = function(){ print( "asked" ); return false; } } );
    println( a.first, a.last ); a.first = 5; a.last = 6; println( a[ 0 ], a[ 1 ] );
    e = class( [], { __tobool = function() = true; } ); println( @e.first ); e.last = 1; println( e.size );
    """
    result = run(source)
    assert result.out == "12\n56\nnull\n0\n"
    assert result.err == '- "<main>" in t.sgs, line 4\nWarning: array is empty, cannot set last item\n'
