#!/usr/bin/env python3
"""Verifies an export of the audit log: was anything edited, deleted, inserted or re-ordered since sealing?

    python tools/verify_audit.py EXPORT PUBLIC_KEYS [--first-block N] [--covers YYYY-MM-DD] [--allow-unsigned]

Stands alone: the standard library and `cryptography`, nothing of the product, so an auditor can run it
elsewhere and it cannot share a mistake with the code that seals. The format is in the docstring of
`shared/security/seal.py`. Exit code 0: untouched; 1: faults found, each named; or the files could not be
read.

It judges what is sealed. Rows at the end that no block seals yet, and blocks that no root signs yet, are
counted, not judged. An export cut off before its last root still verifies: give `--covers` the day it must
reach.
"""

import argparse
import json
import sys
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.hashes import SM3, Hash

ROW_TAG = b"puyou.audit.row.v1\n"
BLOCK_TAG = b"puyou.audit.block.v1\n"
ROOT_TAG = b"puyou.audit.root.v1\n"
BLOCK_KEYS = {"number", "first", "last", "count", "row_ids", "row_digests", "previous", "digest"}
ROOT_KEYS = {"day", "block", "block_digest", "kid", "signature"}
SHOWN = 200


@dataclass
class PublicKey:
    """A key audit roots may be signed with."""

    service: str
    key: Ed25519PublicKey


@dataclass
class Row:
    """What is kept of a row of the export."""

    line: int
    tx: int
    id: str
    digest: str


@dataclass
class Place:
    """Where a block says a row is: block, place in it from 0, place in all, digest."""

    block: int
    index: int
    position: int
    digest: str


@dataclass
class Report:
    """The outcome; `faults` are Chinese sentences."""

    faults: list[str] = field(default_factory=list)
    rows: int = 0
    unsealed: int = 0
    blocks: int = 0
    roots: int = 0
    unsigned_blocks: int = 0
    signed_to: str = "无"
    services: set[str] = field(default_factory=set)


def verify(
    lines: Iterable[bytes],
    keys: dict[str, PublicKey],
    *,
    first_block: int = 1,
    covers: date | None = None,
    allow_unsigned: bool = False,
) -> Report:
    """Check an export, line by line. `first_block` > 1: the export leaves out earlier blocks on purpose."""
    report = Report()
    rows: list[Row] = []
    blocks: list[dict[str, Any]] = []
    roots: list[dict[str, Any]] = []
    for number, line in enumerate(lines, 1):
        try:
            kind, value = read_line(line)
            if kind == "row":
                rows.append(read_row(number, value))
            elif kind == "block":
                blocks.append(read_block(value))
            else:
                roots.append(read_root(value))
        except ValueError as error:
            report.faults.append(f"第 {number} 行被改动或无法读取：{error}")
    chain = check_blocks(report, blocks, first_block)
    check_rows(report, rows, chain)
    check_roots(report, roots, keys, chain, first_block)
    report.rows, report.blocks, report.roots = len(rows), len(blocks), len(roots)
    if not roots and not allow_unsigned:
        report.faults.append("没有任何签名：无法证明区块未被整体重算")
    if covers and not any(root["day"] >= covers.isoformat() for root in roots):
        report.faults.append(f"签名未到 {covers}：导出可能缺少末尾部分")
    return report


def read_line(line: bytes) -> tuple[str, dict[str, Any]]:
    """Kind and value of a line. It must be written canonically, so that nothing can hide in it."""
    text = line.removesuffix(b"\n")
    try:
        entry = json.loads(text.decode())
        written = canonical(entry)
    except (ValueError, RecursionError):
        raise ValueError("不是规范的 JSON") from None
    if not isinstance(entry, dict) or entry.get("kind") not in ("row", "block", "root"):
        raise ValueError("不是审计导出的内容")
    kind: str = entry["kind"]
    value = entry.get(kind)
    if entry.keys() != {"kind", kind} or not isinstance(value, dict):
        raise ValueError("不是审计导出的内容")
    if written != text:
        raise ValueError(f"{described(kind, value)}不是规范写法")
    return kind, value


def read_row(line: int, value: dict[str, Any]) -> Row:
    """A row with its digest."""
    tx, row_id = value.get("tx"), value.get("id")
    if type(tx) is not int or not isinstance(row_id, str) or not row_id or None in value.values():
        raise ValueError(f"{described('row', value)}的栏目不合格式")
    return Row(line, tx, row_id, sm3(ROW_TAG + canonical(value)))


def read_block(value: dict[str, Any]) -> dict[str, Any]:
    """A block whose parts are of the right kinds and agree with each other."""
    ids, digests, ends = (
        value.get("row_ids"),
        value.get("row_digests"),
        (value.get("first"), value.get("last")),
    )
    fine = (
        value.keys() == BLOCK_KEYS
        and type(value["number"]) is int
        and type(value["count"]) is int
        and isinstance(ids, list)
        and isinstance(digests, list)
        and all(isinstance(text, str) for text in (*ids, *digests, value["previous"], value["digest"]))
        and all(isinstance(end, dict) and end.keys() == {"tx", "id"} and type(end["tx"]) is int for end in ends)
    )
    if not fine:
        raise ValueError(f"{described('block', value)}的内容不合格式")
    return value


def read_root(value: dict[str, Any]) -> dict[str, Any]:
    """A root whose parts are of the right kinds."""
    texts = all(isinstance(value.get(key), str) for key in ROOT_KEYS - {"block"})
    if value.keys() != ROOT_KEYS or type(value["block"]) is not int or not texts:
        raise ValueError(f"{described('root', value)}的内容不合格式")
    return value


def check_blocks(report: Report, blocks: Sequence[dict[str, Any]], first_block: int) -> dict[int, dict[str, Any]]:
    """Digests, numbers, links and order of the blocks; returns them by number, in that order."""
    known: dict[int, dict[str, Any]] = {}
    order: list[int] = []
    for block in blocks:
        number = block["number"]
        body = {key: value for key, value in block.items() if key != "digest"}
        if sm3(BLOCK_TAG + canonical(body)) != block["digest"]:
            report.faults.append(f"区块 {number} 被改动")
        ids = block["row_ids"]
        counts = {block["count"], len(ids), len(block["row_digests"]), len(set(ids))}
        if len(counts) > 1 or not ids or (block["first"]["id"], block["last"]["id"]) != (ids[0], ids[-1]):
            report.faults.append(f"区块 {number} 自相矛盾：条数、起止与清单不一致")
        if number < first_block:
            report.faults.append(f"区块 {number} 早于起始区块 {first_block}，属于插入")
        elif number in known:
            report.faults.append(f"区块 {number} 重复出现，属于插入")
        else:
            known[number] = block
            order.append(number)
    report.faults += [f"区块 {order[index]} 次序颠倒" for index in moved(order)]
    chain = {number: known[number] for number in sorted(known)}
    before = first_block - 1
    for number, block in chain.items():
        if number > before + 1:
            gap = str(before + 1) if number == before + 2 else f"{before + 1} 至 {number - 1}"
            report.faults.append(f"缺少区块 {gap}")
        elif number > first_block and block["previous"] != chain[before]["digest"]:
            report.faults.append(f"区块 {number} 与区块 {before} 不衔接：其间有改动、删除或插入")
        if number == 1 and block["previous"] != "0" * 64:
            report.faults.append("区块 1 之前不应有其他区块")
        before = number
    return chain


def check_rows(report: Report, rows: Sequence[Row], chain: dict[int, dict[str, Any]]) -> None:
    """Every row a block seals is there once, unchanged and in its place; nothing else stands among them."""
    places = sealed_places(report, chain)
    seen: set[str] = set()
    found: list[tuple[Row, Place]] = []
    strays: list[Row] = []
    for row in rows:
        place = places.get(row.id)
        if row.id in seen:
            report.faults.append(f"记录 {row.id}（第 {row.line} 行）重复出现，属于插入")
        elif place is None:
            strays.append(row)
        else:
            found.append((row, place))
            if row.digest != place.digest:
                report.faults.append(f"记录 {row.id}（第 {row.line} 行，区块 {place.block}）被改动")
        seen.add(row.id)
    for row_id, place in places.items():
        if row_id not in seen:
            report.faults.append(f"缺少记录 {row_id}（区块 {place.block} 第 {place.index + 1} 条），已被删除")
    out_of_order = moved([place.position for _, place in found])
    for index in out_of_order:
        row, place = found[index]
        report.faults.append(f"记录 {row.id}（第 {row.line} 行，区块 {place.block}）次序颠倒")
    if not out_of_order:
        check_sealing_order(report, found, chain)
    end = found[-1][0].line if found else 0
    for row in strays:
        if row.line < end:
            report.faults.append(f"记录 {row.id}（第 {row.line} 行）不在任何区块中，属于插入")
    report.unsealed = sum(row.line > end for row in strays)


def sealed_places(report: Report, chain: dict[int, dict[str, Any]]) -> dict[str, Place]:
    """Where the blocks say each row is."""
    places: dict[str, Place] = {}
    for number, block in chain.items():
        for index, (row_id, digest) in enumerate(zip(block["row_ids"], block["row_digests"], strict=False)):
            if row_id in places:
                report.faults.append(f"记录 {row_id} 被封存两次（区块 {places[row_id].block} 与 {number}）")
            else:
                places[row_id] = Place(number, index, len(places), digest)
    return places


def check_sealing_order(report: Report, found: Sequence[tuple[Row, Place]], chain: dict[int, dict[str, Any]]) -> None:
    """Inside a block the rows stand by (tx, id), and its ends are what it says."""
    before: tuple[int, int, str] | None = None
    for row, place in found:
        here = (place.block, row.tx, row.id)
        block = chain[place.block]
        wrong_end = (place.index == 0 and block["first"]["tx"] != row.tx) or (
            place.index == len(block["row_ids"]) - 1 and block["last"]["tx"] != row.tx
        )
        if wrong_end or (before and before[0] == here[0] and before >= here):
            report.faults.append(f"区块 {place.block} 未按事务号和编号排列：见记录 {row.id}（第 {row.line} 行）")
        before = here


def check_roots(
    report: Report,
    roots: Sequence[dict[str, Any]],
    keys: dict[str, PublicKey],
    chain: dict[int, dict[str, Any]],
    first_block: int,
) -> None:
    """Signatures, the blocks they speak of, and their order."""
    signed = 0
    before = ("", 0)
    for root in roots:
        day, number = root["day"], root["block"]
        name = f"{day} 对区块 {number} 的签名"
        body = {key: value for key, value in root.items() if key != "signature"}
        if not signature_holds(keys.get(root["kid"]), ROOT_TAG + canonical(body), root["signature"]):
            report.faults.append(f"{name}无效：签名被改动，或公钥文件中没有该密钥")
            continue
        report.services.add(keys[root["kid"]].service)
        if day < before[0] or number < before[1]:
            report.faults.append(f"{name}次序颠倒")
        before = (day, number)
        if number in chain and chain[number]["digest"] != root["block_digest"]:
            report.faults.append(f"{name}与区块不符：区块 {number} 或更早的区块被重算过")
        elif number not in chain and number >= first_block:
            report.faults.append(f"缺少区块 {number}：{day} 已对其签名")
        if number >= signed:
            signed, report.signed_to = number, f"区块 {number}（{day}）"
    report.unsigned_blocks = sum(number > signed for number in chain)
    if len(report.services) > 1:
        report.faults.append(f"签名属于不同的服务：{'、'.join(sorted(report.services))}")


def signature_holds(public: PublicKey | None, message: bytes, signature: str) -> bool:
    """Whether this key made this signature (hex)."""
    try:
        if public is None:
            return False
        public.key.verify(bytes.fromhex(signature), message)
    except (InvalidSignature, ValueError):
        return False
    return True


def moved(positions: Sequence[int]) -> list[int]:
    """The fewest places whose removal leaves `positions` rising: all but a longest rising run."""
    tails: list[int] = []  # places that end the best run of each length
    values: list[int] = []
    before: list[int] = []
    for place, position in enumerate(positions):
        length = bisect_left(values, position)
        before.append(tails[length - 1] if length else -1)
        if length == len(tails):
            tails.append(place)
            values.append(position)
        else:
            tails[length], values[length] = place, position
    kept: set[int] = set()
    place = tails[-1] if tails else -1
    while place >= 0:
        kept.add(place)
        place = before[place]
    return [place for place in range(len(positions)) if place not in kept]


def canonical(value: Any) -> bytes:
    """The one way to write a JSON value."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False).encode()


def sm3(data: bytes) -> str:
    """SM3, in hex."""
    digest = Hash(SM3())
    digest.update(data)
    return digest.finalize().hex()


def described(kind: str, value: dict[str, Any]) -> str:
    """What to call an entry in a message."""
    names = {"row": ("记录", "id"), "block": ("区块", "number"), "root": ("签名", "day")}
    name, key = names[kind]
    return f"{name} {value.get(key, '（无编号）')} "


def read_keys(path: Path) -> dict[str, PublicKey]:
    """The public key file, by kid."""
    entries = json.loads(path.read_text(encoding="utf-8"))["keys"]
    return {
        entry["kid"]: PublicKey(
            entry["service"], Ed25519PublicKey.from_public_bytes(bytes.fromhex(entry["public_key"]))
        )
        for entry in entries
    }


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line."""
    parser = argparse.ArgumentParser(description="校验审计日志导出文件是否被改动、删除、插入或调换次序")
    parser.add_argument("export", type=Path, help="导出文件（JSON Lines）")
    parser.add_argument("public_keys", type=Path, help="公钥文件（JSON）")
    parser.add_argument("--first-block", type=int, default=1, help="导出从哪个区块开始（默认 1）")
    parser.add_argument("--covers", type=date.fromisoformat, help="签名至少应到的日期（YYYY-MM-DD）")
    parser.add_argument("--allow-unsigned", action="store_true", help="允许尚无签名的导出")
    options = parser.parse_args(arguments)
    try:
        keys = read_keys(options.public_keys)
        with options.export.open("rb") as lines:
            report = verify(
                lines,
                keys,
                first_block=options.first_block,
                covers=options.covers,
                allow_unsigned=options.allow_unsigned,
            )
    except (OSError, ValueError, TypeError, KeyError) as error:
        print(f"无法校验：{error}")
        return 1
    print(f"服务：{'、'.join(sorted(report.services)) or '未知'}")
    print(
        f"记录 {report.rows} 条，其中尚未封存 {report.unsealed} 条；区块 {report.blocks} 个，"
        f"其中尚未签名 {report.unsigned_blocks} 个；签名 {report.roots} 个，签至{report.signed_to}"
    )
    if not report.faults:
        print("校验通过：未发现改动、删除、插入或次序变化")
        return 0
    print(f"校验不通过：发现 {len(report.faults)} 处问题")
    for fault in report.faults[:SHOWN]:
        print(f"- {fault}")
    if len(report.faults) > SHOWN:
        print(f"- 其余 {len(report.faults) - SHOWN} 处从略")
    return 1


if __name__ == "__main__":
    sys.exit(main())
