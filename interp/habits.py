"""What people who come from other languages write, and what it is called here.

Rule of this file: tables only; `hints.py` says when one applies. A text is a hint of one line, in the words of the
reference.
"""

from __future__ import annotations

# Names that exist elsewhere, for globals that do not exist here.
NAMES = {
    **dict.fromkeys(("nil", "None", "undefined", "NULL", "nullptr", "Null"), "the word for no value is `null`"),
    **dict.fromkeys(("True", "TRUE"), "write `true`"),
    **dict.fromkeys(("False", "FALSE"), "write `false`"),
    **dict.fromkeys(("len", "strlen", "sizeof"), "the length is `text.length` of a string, `list.size` of an array"),
    "self": "the object of a method is `this`",
    "str": "`tostring( value )` makes a text",
    "int": "`toint( value )` makes an int",
    "float": "`toreal( value )` makes a real",
    "parseInt": "`toint( value )` makes an int",
    "parseFloat": "`toreal( value )` makes a real",
    "tonumber": "`toint( value )` and `toreal( value )` make numbers",
    **dict.fromkeys(("type", "isinstance"), "`typeof( value )` tells the type"),
    "console": "`println( … )` writes a line",
    "alert": "`println( … )` writes a line",
    "printf": '`include "string"; print( string_format( … ) );` writes a formatted text',
    "sprintf": '`include "string";` and `string_format( … )` make a formatted text',
    "puts": "`println( … )` writes a line",
    "echo": "`println( … )` writes a line",
    "Math": 'functions like `sqrt( x )` are in the library math: `include "math";`',
    "JSON": '`include "json";` has `json_encode` and `json_decode`',
    **dict.fromkeys(("require", "import", "dofile"), '`include "name";` loads a library or a file'),
    **dict.fromkeys(("pairs", "ipairs", "enumerate"), "`foreach( key, value : list )` goes through keys and values"),
    "range": "`for i : ( from, to )` counts",
    "xor": "bits are combined with `^`",
    "exit": "`app_exit( code )` ends the program",
    "quit": "`app_exit( code )` ends the program",
    "setTimeout": "`thread f();` starts a function of its own, `yield( seconds )` in it waits",
    "open": '`include "io";` has `io_file( path, mode )`',
    "fopen": '`include "io";` has `io_file( path, mode )`',
    "input": "`read_stdin()` reads the standard input",
    "error": "`ERROR( text )` raises an error",
    **dict.fromkeys(
        ("string_split", "split", "explode"), '`include "string";` has `string_explode( text, separator )`'
    ),
    **dict.fromkeys(("string_join", "join", "implode"), '`include "string";` has `string_implode( list, separator )`'),
    **dict.fromkeys(
        ("string_substr", "substr", "string_sub"), '`include "string";` has `string_part( text, from, size )`'
    ),
    **dict.fromkeys(("PI", "pi"), '`include "math";` has `M_PI`'),
    "sort": "`list.sort()` sorts an array",
    **dict.fromkeys(("keys", "array_keys"), "`get_keys( object )` lists the keys"),
    **dict.fromkeys(("values", "array_values"), "`get_values( object )` lists the values"),
    **dict.fromkeys(
        ("count", "size"), "the number of entries is `list.size`, `dict_size( object )`, `map_size( object )`"
    ),
    **dict.fromkeys(
        ("recv", "send", "accept", "bind", "listen", "recvfrom", "sendto"), "this is a method: `socket.{name}( … )`"
    ),
    "connect": '`include "sockets";` has `socket_connect( host, port )`',
    "sleep": "`yield( seconds )` waits in a thread that `socket_run` drives",
    "time": "`ftime()` counts seconds; the library os has dates",
}
# Members that arrays have elsewhere.
ARRAY_MEMBERS = {
    **dict.fromkeys(("length", "len", "count", "Count"), "the number of items is `size`"),
    **dict.fromkeys(("append", "push_back", "add", "Add"), "`push( value )` appends"),
    **dict.fromkeys(("indexOf", "index", "index_of"), "`find( value )` gives the index"),
    **dict.fromkeys(("slice", "sub"), "`part( from, size )` gives a part"),
    "splice": "`erase( from, to )` and `insert( at, value )` change the middle",
    **dict.fromkeys(("map", "forEach"), "`array_process( list, function )` replaces every item"),
    "filter": "`array_filter( list, function )` gives the items that pass",
    "join": '`string_implode( list, ", " )` of the library string joins',
    "pop_back": "`pop()` takes the last item",
    "empty": "compare `size` with 0",
    "isEmpty": "compare `size` with 0",
}
# Members that strings have elsewhere.
STRING_MEMBERS = {
    **dict.fromkeys(("size", "len", "count"), "the number of bytes is `length`"),
    **dict.fromkeys(("upper", "toUpperCase", "ToUpper", "upcase"), "string_toupper"),
    **dict.fromkeys(("lower", "toLowerCase", "ToLower", "downcase"), "string_tolower"),
    **dict.fromkeys(("split", "Split"), "string_explode"),
    "join": "string_implode",
    **dict.fromkeys(("indexOf", "find", "index"), "string_find"),
    **dict.fromkeys(("replace", "Replace", "gsub", "sub"), "string_replace"),
    **dict.fromkeys(("trim", "strip", "Trim"), "string_trim"),
    **dict.fromkeys(("substr", "substring", "slice", "part"), "string_part"),
    **dict.fromkeys(("rep", "repeat"), "string_repeat"),
    "reverse": "string_reverse",
    "format": "string_format",
}
# Members that dictionaries have elsewhere; {name} is the one that was written.
DICT_MEMBERS = {
    **dict.fromkeys(("keys", "Keys"), "`get_keys( object )` lists the keys"),
    **dict.fromkeys(("values", "Values"), "`get_values( object )` lists the values"),
    **dict.fromkeys(("items", "forEach", "each"), "`foreach( key, value : object )` goes through the entries"),
    **dict.fromkeys(("size", "length", "len", "count", "Count"), "the number of entries is `dict_size( object )`"),
    "get": "an entry is `object[ key ]`; `@object[ key ]` is null without a message when it is missing",
    **dict.fromkeys(
        ("has", "contains", "has_key", "hasOwnProperty", "exists", "ContainsKey"), "`isset( object, key )` tells"
    ),
    **dict.fromkeys(("remove", "delete", "erase", "pop"), "`unset( object, key )` removes an entry"),
    **dict.fromkeys(("update", "merge"), "`get_merged( one, other )` makes a dictionary of two"),
    **dict.fromkeys(("copy", "clone"), "`clone( object )` copies"),
}
# Members that sockets have elsewhere.
SOCKET_MEMBERS = {
    **dict.fromkeys(
        ("write", "puts", "print", "put"), "`send( data )`, `send_all( data )` and `send_line( data )` write"
    ),
    **dict.fromkeys(("read", "get", "receive"), "`recv( size )`, `recv_exact( size )` and `recv_all()` read"),
    **dict.fromkeys(("sendall", "sendAll", "write_all"), "`send_all( data )` sends everything"),
    **dict.fromkeys(("readline", "gets", "read_line", "recvline"), "`recv_line()` reads a line"),
    **dict.fromkeys(
        ("settimeout", "set_timeout", "setTimeout"), "`timeout` is a property: `socket.timeout = seconds;`"
    ),
    **dict.fromkeys(("setblocking", "set_blocking"), "`blocking` is a property: `socket.blocking = false;`"),
    **dict.fromkeys(("setsockopt", "set_sockopt"), "`set_option( level, name, value )` sets an option"),
    **dict.fromkeys(("getsockopt", "get_sockopt"), "`get_option( level, name )` reads an option"),
    **dict.fromkeys(("getsockname", "sockname", "local_addr", "localAddress"), "the own address is `local_address`"),
    **dict.fromkeys(("peername", "remote_addr", "remoteAddress"), "the peer's address is `remote_address`"),
    **dict.fromkeys(("fileno", "handle"), "the descriptor is `fd`"),
    **dict.fromkeys(("isOpen", "is_open", "opened"), "`is_closed` tells"),
}
# What to do after a message of a native, by its text; longer texts first.
ADVICE = (
    (r"socket\.(?:connect|sendto)\(\): argument \d+ - expected custom object, got string",
     'an address is `socket_address( AF_INET, "127.0.0.1", port )`; `socket_connect( host, port )` takes names'),
    (r"array\.sort\(\): argument 1 - expected bool, got (?:C )?function",
     "`sort_custom( function )` sorts by a function of two items"),
    (r"re_\w+\(\): unmatched pattern/modifier separator .*", 'a pattern stands between two marks: `"/a+/"`'),
    (r"fmt_\w+\(\): invalid character at position .*",
     "the codes are `c` `w` `l` `q` `p` `f` `d` `s` `x`, with a count in front, and `<` `>` `+` `-` `#`"),
    (r"fmt_text\(\): parsing error in item .*",
     "an item is type, width, `.` precision, `r` to fill on the right, `p` and what fills: `{d4p0}` `{s20r}` `{f.2}`"),
    (r"string_format\(\): parsing error in item .*",
     "an item is `{1}` or, with the type, width, … of `fmt_text`, `{1:d4p0}` `{1:s20r}` `{1:f.2}`"),
    (r"io_file\(\): argument 2 - expected int, got string",
     "modes are `FILE_READ`, `FILE_WRITE`, `FILE_READ | FILE_WRITE`"),
    (r"file\.name\(\): file\..* - file is not opened", "`is_open` tells whether the file could be opened"),
    (r"(?:array|dict|map) changed size during iteration", "go through a copy: `foreach( … : clone( … ) )`"),
)  # fmt: skip
