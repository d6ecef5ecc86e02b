"""Eight queens that don't threaten each other, by choosing and going back: `python queens.py`.

`choose` and `fail` are a whole backtracking solver, in ten lines. What uses them is written as if it always guessed right: no recursion, no
undoing. Beside it the usual recursive solver, which looks at the same boards in the same order.
"""

import crossroads

choices = []


def choose(options):
    """One of the options: the first with which everything that follows goes well."""
    here = crossroads.mark()
    if here.returns == len(options):
        fail()
    choices.append(here)
    return options[here.returns]


def fail():
    """It was a mistake: go back to the latest choice that has another option."""
    if not choices:
        raise SystemExit("there is no way")
    crossroads.go_back(choices[-1])


def safe(columns, size):
    """Where the next queen may stand."""
    rows = len(columns)
    return [new for new in range(size) if all(new != old and abs(new - old) != rows - row for row, old in enumerate(columns))]


def queens(size):
    columns = []
    for _ in range(size):
        columns.append(choose(safe(columns, size)))
    return columns


def queens_recursive(size, columns=()):
    if len(columns) == size:
        return list(columns)
    for new in safe(columns, size):
        found = queens_recursive(size, (*columns, new))
        if found is not None:
            return found
    return None


if __name__ == "__main__":
    for size in (4, 6, 8):
        with crossroads.ring():
            choices.clear()
            columns = queens(size)
        assert columns == queens_recursive(size)
        print(f"{size} queens: {columns}")
