"""What a running script is made of: values, operators, calls, messages, threads.

Rules of this room: every operation of the language is complete and correct here; generated code may only shortcut it.
Nothing in here imports the compiler, the engine or a library.
"""
