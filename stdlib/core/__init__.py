"""The functions every script has without an include (chapters 03 and 04).

Rules of this folder: each module is one group of functions with a `library` to install; unlike other libraries these
may use the runtime directly, because they are what scripts know of it. Nothing heavy is imported at start-up: formats
and host modules are loaded by the first call that needs them.
"""
