def count(counts, kind):
    if kind in counts:
        counts[kind] += 1
    else:
        counts[kind] = 1


def tokenize(text, counts):
    i = 0
    n = len(text)
    total = 0
    while i < n:
        c = text[i]
        if c == 32 or c == 10 or c == 9:
            i += 1
        elif c == 34:
            start = i + 1
            i += 1
            while text[i] != 34:
                i += 1
            count(counts, text[start:i])
            i += 1
        elif (c >= 48 and c <= 57) or c == 45:
            first = i
            i += 1
            while i < n and text[i] >= 48 and text[i] <= 57:
                i += 1
            total += int(text[first:i])
            count(counts, b"number")
        else:
            count(counts, b"mark")
            i += 1
    return total


parts = []
k = 0
while k < 30000:
    parts.append(b'{ "id": %d, "name": "n%d", "list": [ 1, 22, -333 ] }' % (k, k % 50))
    k += 1
text = b"[" + b",\n".join(parts) + b"]"
counts = {}
total = tokenize(text, counts)
print(total, counts[b"number"], counts[b"mark"], counts[b"n7"], len(counts))
