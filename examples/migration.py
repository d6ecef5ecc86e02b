"""Migrates a database, and takes itself back when a check fails: `python migration.py`.

Prices were written as people write them and are to be whole cents. The migration commits as it goes, as a large one has to, so no rollback
undoes it. But the database is protected, and the moment before is marked: when the check finds orders that went wrong, the program goes
back there with their numbers, and reads these with more care. If that doesn't help either, the database stays as it was, and the exit code
is 1: `python migration.py "a dozen"`.
"""

import sqlite3
import sys
import tempfile

import crossroads

ORDERS = [("12.50", 1250), ("7,95", 795), ("3 EUR", 300), ("4.10", 410)]


def make_shop(path, odd_prices):
    db = sqlite3.connect(path)
    db.execute("CREATE TABLE orders (number INTEGER PRIMARY KEY, price TEXT, paid INTEGER)")
    db.executemany("INSERT INTO orders (price, paid) VALUES (?, ?)", ORDERS + [(price, 1200) for price in odd_prices])
    db.commit()
    return db


def migrate(db, odd):
    db.execute("ALTER TABLE orders ADD COLUMN cents INTEGER")
    for number, price in db.execute("SELECT number, price FROM orders").fetchall():
        if number in odd:
            price = price.removesuffix("EUR").replace(",", ".")
        db.execute("UPDATE orders SET cents = round(CAST(? AS REAL) * 100) WHERE number = ?", (price, number))
        db.commit()


def main(path, odd_prices):
    db = make_shop(path, odd_prices)
    crossroads.protect(path)
    before = crossroads.mark("before the migration")
    if len(before.memory) < 2:
        migrate(db, odd=before.memory[0] if before.memory else [])
        wrong = [number for (number,) in db.execute("SELECT number FROM orders WHERE cents != paid ORDER BY number")]
        if wrong:
            crossroads.go_back(before, remember=wrong)

    for number, wrong in enumerate(before.memory, 1):
        print(f"attempt {number} was taken back: orders {wrong} went wrong")
    print("now:", *db.execute("SELECT * FROM orders"), sep="\n  ")
    if len(before.memory) == 2:
        sys.exit(1)
    with crossroads.irreversible("tell the customers"):
        print("the customers are told")
    try:
        crossroads.go_back(before)
    except crossroads.CrossroadsError as error:
        print(f"too late for second thoughts: {error}")


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder, crossroads.ring():
        main(f"{folder}/shop.db", sys.argv[1:])
