memo = {}
def fibm(n):
    if n < 2: return n
    if n in memo: return memo[n]
    r = fibm(n - 1) + fibm(n - 2)
    memo[n] = r
    return r
def gcd(a, b):
    while b != 0:
        a, b = b, a % b
    return a
s = 0
i = 0
while i < 20000:
    memo = {}; s += fibm(20) + gcd(1071 * i, 462)
    i += 1
print(s)
