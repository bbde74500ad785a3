def distance(a, b):
    m = len(a); n = len(b)
    prev = []; cur = []
    j = 0
    while j <= n:
        prev.append(j); cur.append(0)
        j += 1
    i = 1
    while i <= m:
        cur[0] = i
        j = 1
        while j <= n:
            cost = 0 if a[i - 1] == b[j - 1] else 1
            best = prev[j] + 1
            if cur[j - 1] + 1 < best: best = cur[j - 1] + 1
            if prev[j - 1] + cost < best: best = prev[j - 1] + cost
            cur[j] = best
            j += 1
        prev, cur = cur, prev
        i += 1
    return prev[n]
size = 48
a = b"kitten sitting " * size
b = b"sitting kitten! " * size
print(distance(a, b))
