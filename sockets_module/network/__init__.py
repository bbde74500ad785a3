"""The port to the outside: everything the sockets module knows of an operating system stands behind `base.Network`.

Rule of this room: only in here may a real socket, a descriptor, a clock or a resolver be touched.
"""
