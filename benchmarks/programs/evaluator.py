class Node:
    def __init__(self, kind, value=None, op=None, left=None, right=None):
        self.kind, self.value, self.op, self.left, self.right = kind, value, op, left, right


def constant(v):
    return lambda x: v


def variable():
    return lambda x: x


def binary(op, a, b):
    if op == b"+":
        return lambda x: a(x) + b(x)
    if op == b"-":
        return lambda x: a(x) - b(x)
    return lambda x: a(x) * b(x)


def translate(node):
    if node.kind == b"const":
        return constant(node.value)
    if node.kind == b"var":
        return variable()
    return binary(node.op, translate(node.left), translate(node.right))


def build(depth, seed):
    if depth == 0:
        return Node(b"var") if seed % 3 == 0 else Node(b"const", seed % 7)
    at = seed % 3
    op = b"+" if at == 0 else b"-" if at == 1 else b"*"
    return Node(b"binary", None, op, build(depth - 1, seed + 1), build(depth - 1, seed * 5 + 2))


def run(n):
    f = translate(build(6, 4))
    total = 0
    i = 0
    while i < n:
        total = (total + f(i & 7)) & 0xFFFFFF
        i += 1
    return total


print(run(40000))
