def step(grid, w, h):
    out = []
    y = 0
    while y < h:
        row = []
        x = 0
        while x < w:
            n = 0
            dy = -1
            while dy <= 1:
                dx = -1
                while dx <= 1:
                    if dx == 0 and dy == 0:
                        dx += 1
                        continue
                    n += grid[(y + dy + h) % h][(x + dx + w) % w]
                    dx += 1
                dy += 1
            row.append(1 if n == 3 or (n == 2 and grid[y][x]) else 0)
            x += 1
        out.append(row)
        y += 1
    return out
w = 40; h = 30
grid = []
seed = 42
y = 0
while y < h:
    row = []
    x = 0
    while x < w:
        seed = (seed * 1103515245 + 12345) & 0x7fffffff
        row.append((seed >> 16) & 1)
        x += 1
    grid.append(row)
    y += 1
i = 0
while i < 60:
    grid = step(grid, w, h)
    i += 1
total = 0
for row in grid:
    for cell in row:
        total += cell
print(total)
