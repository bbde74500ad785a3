"""The front end: text to a resolved tree (`parser.analyse`), or the words of what is wrong with it.

It knows nothing of Python code. Reading order: sgscript.lark (the syntax), lexer.py, nodes.py, build.py, parser.py,
resolve.py; tables.py keeps the parser's tables, diagnose.py and faults.py speak only when a text does not compile.
"""
