"""Exports of a sealed log, and the changes a forger could make to one."""

import json
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from shared.security.keys import Keyring, ServiceKeys
from shared.security.seal import Block, Root, canonical, seal_block, sign_root

RING = Keyring.generate(dev=True)
KEYS = RING.for_service("relief", seals_audit=True)
DAY = date(2026, 3, 1)

Chance = random.Random
Json = dict[str, Any]


@dataclass
class Export:
    """An export in its parts, to be changed before it is written."""

    rows: list[Json]
    blocks: list[Json]
    roots: list[Json]
    sealed: int  # the first so many rows are in blocks
    shuffle: Chance | None = None  # mixes the kinds
    raw: list[tuple[int, Callable[[bytes], bytes]]] = field(default_factory=list)

    def lines(self) -> list[bytes]:
        kinds = [(k, v) for k, part in self.parts().items() for v in part]
        written = [canonical({"kind": kind, kind: value}) + b"\n" for kind, value in kinds]
        for index, change in self.raw:
            written[index] = change(written[index])
        if self.shuffle:
            kind_order = [kind for kind, _ in kinds]
            self.shuffle.shuffle(kind_order)
            queues = {kind: [w for w, (k, _) in zip(written, kinds, strict=True) if k == kind] for kind in self.parts()}
            written = [queues[kind].pop(0) for kind in kind_order]
        return written

    def parts(self) -> dict[str, list[Json]]:
        return {"row": self.rows, "block": self.blocks, "root": self.roots}

    def copy(self) -> "Export":
        rows, blocks, roots = json.loads(json.dumps([self.rows, self.blocks, self.roots]))
        return Export(rows, blocks, roots, self.sealed, self.shuffle)


def an_id(chance: Chance) -> str:
    return f"{chance.getrandbits(128):032x}"


def a_row(tx: int, chance: Chance) -> Json:
    row: Json = {
        "id": an_id(chance),
        "tx": tx,
        "at": f"2026-03-01T08:{chance.randrange(60):02}:00Z",
        "account_id": f"account-{chance.randrange(9)}",
        "action": chance.choice(["person.read", "death.confirm", "batch.approve"]),
        "outcome": chance.choice(["done", "refused", "failed"]),
        "subjects": [f"p1{chance.randrange(99)}" for _ in range(chance.randrange(4))],
        "detail": {"原因": "核对", "count": chance.randrange(5), "ratio": chance.random(), "deep": [{"x": None}]},
    }
    if chance.random() < 0.5:
        row["count"] = chance.randrange(100)
    return row


def an_export(chance: Chance, keys: ServiceKeys = KEYS, *, unsigned: int = 0) -> Export:
    """One to nine blocks; the last root signs all but the last `unsigned` of them; some rows are not sealed yet."""
    blocks: list[Block] = []
    roots: list[Root] = []
    rows: list[Json] = []
    tx = chance.randrange(700, 2**40)
    wanted = chance.randrange(1, 10) + unsigned
    for number in range(1, wanted + 1):
        batch = []
        for _ in range(chance.randrange(1, 12)):
            tx += chance.randrange(3)  # several rows of one transaction, also across blocks
            batch.append(a_row(tx, chance))
        blocks.append(seal_block(blocks[-1] if blocks else None, batch))
        rows += sorted(batch, key=lambda row: (row["tx"], row["id"]))
        last_to_sign = number == wanted - unsigned
        if last_to_sign or (number < wanted - unsigned and chance.random() < 0.4):
            roots.append(sign_root(DAY + timedelta(number // 2), blocks[-1], keys.audit_keys))
    sealed = len(rows)
    rows += [a_row(tx + 1 + extra, chance) for extra in range(chance.randrange(4))]
    export = Export(rows, [b.as_json() for b in blocks], [r.as_json() for r in roots], sealed)
    export.shuffle = chance if chance.random() < 0.5 else None
    return export


# ── changes: each edits the export in place and returns what a fault must name ────────────────────


def other_value(value: Any, chance: Chance) -> Any:
    """A value like this one, but another."""
    if isinstance(value, dict) and value and chance.random() < 0.8:
        key = chance.choice(list(value))
        return value | {key: other_value(value[key], chance)}
    if isinstance(value, list) and value and chance.random() < 0.8:
        place = chance.randrange(len(value))
        return [*value[:place], other_value(value[place], chance), *value[place + 1 :]]
    if isinstance(value, str) and value and chance.random() < 0.8:
        place = chance.randrange(len(value))
        return value[:place] + chance.choice([c for c in "0a张 " if c != value[place]]) + value[place + 1 :]
    others: tuple[Any, ...] = (0, 1, True, False, 1.0, "", "x", [], {})
    return chance.choice([other for other in others if repr(other) != repr(value)])


def edit_row(export: Export, chance: Chance) -> str:
    row = export.rows[chance.randrange(export.sealed)]
    named = str(row["id"])
    column = chance.choice(list(row))
    match chance.randrange(4):
        case 0:
            row["new_column"] = chance.choice(["", 0, False, "x"])
        case 1:
            del row[column]
        case _:
            row[column] = other_value(row[column], chance)
    return named


def delete_row(export: Export, chance: Chance) -> str:
    return str(export.rows.pop(chance.randrange(export.sealed))["id"])


def insert_row(export: Export, chance: Chance) -> str:
    if chance.random() < 0.3:  # the same row once more, anywhere
        row = chance.choice(export.rows[: export.sealed])
        export.rows.insert(chance.randrange(len(export.rows) + 1), dict(row))
        return "重复出现"
    place = chance.randrange(export.sealed)  # before the last sealed row; after it is "not yet sealed"
    like = export.rows[place]
    row = {**like, "id": an_id(chance)} if chance.random() < 0.5 else a_row(like["tx"], chance)
    export.rows.insert(place, row)
    return str(row["id"])


def move_row(export: Export, chance: Chance) -> str:
    if export.sealed < 2:
        return delete_row(export, chance)
    one, other = chance.sample(range(export.sealed), 2)
    if chance.random() < 0.5:
        export.rows[one], export.rows[other] = export.rows[other], export.rows[one]
    else:
        export.rows.insert(other, export.rows.pop(one))
    return "次序颠倒"


def edit_block(export: Export, chance: Chance) -> str:
    block = chance.choice(export.blocks)
    key = chance.choice(list(block))
    block[key] = other_value(block[key], chance)
    return "区块"


def delete_block(export: Export, chance: Chance) -> str:
    return f"区块 {export.blocks.pop(chance.randrange(len(export.blocks)))['number']}"


def insert_block(export: Export, chance: Chance) -> str:
    """The same one twice, or a forged one of made-up rows with a good digest and a good link."""
    place = chance.randrange(len(export.blocks))
    block = dict(export.blocks[place])
    if place + 1 == len(export.blocks) or chance.random() < 0.5:
        export.blocks.insert(chance.randrange(len(export.blocks) + 1), block)
    else:  # not behind the last root: there a block can only be counted as not signed
        block = seal_block(Block.from_json(block), [a_row(1, chance)]).as_json()
        export.blocks.insert(place + 1, block)
    return f"区块 {block['number']} 重复出现"


def reseal_one_block(export: Export, chance: Chance) -> str:
    """A forger who knows the format: change a row and seal its block again, but not those after it."""
    place = chance.randrange(len(export.blocks))
    start = sum(block["count"] for block in export.blocks[:place])
    batch = export.rows[start : start + export.blocks[place]["count"]]
    chance.choice(batch)["action"] += "!"
    previous = Block.from_json(export.blocks[place - 1]) if place else None
    export.blocks[place] = seal_block(previous, batch).as_json()
    return "签名" if place + 1 == len(export.blocks) else f"区块 {place + 2} 与区块 {place + 1} 不衔接"


def move_block(export: Export, chance: Chance) -> str:
    if len(export.blocks) < 2:
        return delete_block(export, chance)
    one, other = chance.sample(range(len(export.blocks)), 2)
    export.blocks.insert(other, export.blocks.pop(one))
    return "次序颠倒"


def edit_root(export: Export, chance: Chance) -> str:
    if len(export.roots) > 1 and chance.random() < 0.3:
        one, other = chance.sample(range(len(export.roots)), 2)
        export.roots[one], export.roots[other] = export.roots[other], export.roots[one]
        return "次序颠倒"
    root = chance.choice(export.roots)
    key = chance.choice(list(root))
    root[key] = other_value(root[key], chance)
    return ""


def recompute_everything(export: Export, chance: Chance) -> str:
    """A thorough forger: change the rows, then seal the whole chain again; only the signatures are missing."""
    sizes = [block["count"] for block in export.blocks]
    chance.choice([edit_content, drop_and_refill, swap_ids])(export, chance)
    previous: Block | None = None
    start = 0
    export.blocks = []
    for size in sizes:
        batch = sorted(export.rows[start : start + size], key=lambda row: (row["tx"], row["id"]))
        export.rows[start : start + size] = batch
        previous = seal_block(previous, batch)
        export.blocks.append(previous.as_json())
        start += size
    return "签名"


def edit_content(export: Export, chance: Chance) -> None:
    row = export.rows[chance.randrange(export.sealed)]
    row["action"] += "!"


def drop_and_refill(export: Export, chance: Chance) -> None:
    export.rows[chance.randrange(export.sealed)] = a_row(5, chance)


def swap_ids(export: Export, chance: Chance) -> None:
    if export.sealed < 2:
        return edit_content(export, chance)
    one, other = export.rows[0], export.rows[export.sealed - 1]
    one["tx"], other["tx"] = other["tx"] + 1, one["tx"]
    return None


def flip_byte(export: Export, chance: Chance) -> str:
    """One byte of the file, in a line that is sealed or seals."""
    tail = len(export.rows) - export.sealed
    total = len(export.rows) + len(export.blocks) + len(export.roots)
    index = chance.choice([i for i in range(total) if not export.sealed <= i < export.sealed + tail])

    def flip(line: bytes) -> bytes:
        place = chance.randrange(len(line) - 1)
        new = chance.choice([b for b in b'0a"{}[],: \r\\\xff' if b != line[place]])
        return line[:place] + bytes([new]) + line[place + 1 :]

    export.raw.append((index, flip))
    return ""


CHANGERS = (
    edit_row,
    delete_row,
    insert_row,
    move_row,
    edit_block,
    delete_block,
    insert_block,
    move_block,
    reseal_one_block,
    edit_root,
    recompute_everything,
    flip_byte,
)
