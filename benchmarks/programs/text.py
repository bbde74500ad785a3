def shout(line):
    out = []
    for word in line.split(b" "):
        if len(word) > 3: out.append(word.upper())
        else: out.append(word + b"!")
    return b"-".join(out)
n = 0; line = b"the quick brown fox jumps over the lazy dog and runs away"
i = 0
while i < 120000:
    s = shout(line + str(i).encode())
    n += len(s)
    if s.find(b"FOX") >= 0: n += 1
    i += 1
print(n)
