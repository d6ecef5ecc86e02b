"""The layout of the file is pinned: whoever changes it gives it a new schema number and a line of history."""

import re
from hashlib import blake2b

from crossroads.store import schema

DIGESTS = {1: "1ca2cf9313e00d6f", 2: "35df00a29559f2fb"}


def test_a_changed_layout_has_a_new_schema_number():
    text = repr(schema.TABLES)
    assert blake2b(text.encode(), digest_size=8).hexdigest() == DIGESTS[schema.SCHEMA]


def test_the_history_has_a_line_for_each_schema_number():
    numbers = re.findall(r"^    (\d+)  \w", schema.__doc__, re.MULTILINE)
    assert numbers == [str(number) for number in range(1, schema.SCHEMA + 1)]
