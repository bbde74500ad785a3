class Heap:
    def push(self, v):
        a = self.items
        a.append(v)
        i = len(a) - 1
        while i > 0:
            p = (i - 1) >> 1
            if a[p] <= a[i]:
                break
            t = a[p]; a[p] = a[i]; a[i] = t
            i = p
    def pop(self):
        a = self.items
        top = a[0]
        last = a.pop()
        n = len(a)
        if n > 0:
            a[0] = last
            i = 0
            while True:
                l = i * 2 + 1
                if l >= n:
                    break
                if l + 1 < n and a[l + 1] < a[l]:
                    l += 1
                if a[i] <= a[l]:
                    break
                t = a[l]; a[l] = a[i]; a[i] = t
                i = l
        return top
def run(n):
    h = Heap()
    h.items = []
    seed = 1
    i = 0
    while i < n:
        seed = (seed * 1103515245 + 12345) & 0x7fffffff
        h.push(seed)
        i += 1
    s = 0
    i = 0
    while i < n:
        s = (s * 31 + h.pop()) & 0xffffff
        i += 1
    return s
print(run(60000))
