def make(n, seed):
    rows = []
    i = 0
    while i < n:
        row = []
        j = 0
        while j < n:
            seed = (seed * 1103515245 + 12345) & 0x7FFFFFFF
            row.append(seed % 1000 / 100)
            j += 1
        rows.append(row)
        i += 1
    return rows


def product(a, b, n):
    rows = []
    i = 0
    while i < n:
        left = a[i]
        row = []
        j = 0
        while j < n:
            total = 0.0
            k = 0
            while k < n:
                total += left[k] * b[k][j]
                k += 1
            row.append(total)
            j += 1
        rows.append(row)
        i += 1
    return rows


n = 150
c = product(make(n, 1), make(n, 2), n)
trace = 0.0
i = 0
while i < n:
    trace += c[i][i]
    i += 1
print(int(trace))
