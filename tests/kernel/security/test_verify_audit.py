"""The standalone verifier finds every change of what is sealed, says where, and raises no false alarm."""

import ast
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from shared.security.keys import ServiceKeys
from shared.security.seal import (
    Block,
    canonical,
    export_lines,
    public_key_file,
    row_digest,
    seal_block,
    sign_root,
)
from tests.kernel.security.audit_exports import CHANGERS, DAY, KEYS, RING, Chance, Export, Json, a_row, an_export
from tools import verify_audit

SCRIPT = Path(verify_audit.__file__)


def public_keys(path: Path, *views: ServiceKeys) -> dict[str, verify_audit.PublicKey]:
    path.write_text(public_key_file(views or [KEYS]))
    return verify_audit.read_keys(path)


@pytest.fixture
def keys(tmp_path: Path) -> dict[str, verify_audit.PublicKey]:
    return public_keys(tmp_path / "keys.json")


@pytest.mark.prove
def test_every_change_is_found_and_named(
    keys: dict[str, verify_audit.PublicKey],
    size: Callable[..., int],
    seed: int,
    record_property: Callable[[str, object], None],
) -> None:
    chance = Chance(seed)
    wanted = size(200, stated=1000)
    done: Counter[str] = Counter()
    while done.total() < wanted:
        export = an_export(chance)
        clean = verify_audit.verify(export.lines(), keys)
        assert not clean.faults, f"false alarm, seed {seed}"
        for _ in range(5):
            changed = export.copy()
            changer = chance.choice(CHANGERS)
            named = changer(changed, chance)
            faults = verify_audit.verify(changed.lines(), keys).faults
            assert faults, f"{changer.__name__} not found, seed {seed}"
            assert any(named in fault for fault in faults), (
                f"{changer.__name__}: {named!r} not in {faults}, seed {seed}"
            )
            done[changer.__name__] += 1
    assert set(done) == {changer.__name__ for changer in CHANGERS}
    record_property("changes", dict(sorted(done.items())))


# ── what is no fault ─────────────────────────────────────────────────────────────────────────────


def test_rows_not_yet_sealed_are_counted(keys: dict[str, verify_audit.PublicKey]) -> None:
    export = an_export(Chance(1))
    del export.rows[export.sealed :]
    assert verify_audit.verify(export.lines(), keys).unsealed == 0
    export.rows += [a_row(2**41, Chance(2)), a_row(2**41 + 1, Chance(3))]
    report = verify_audit.verify(export.lines(), keys)
    assert (report.faults, report.unsealed, report.rows) == ([], 2, export.sealed + 2)


def test_blocks_not_yet_signed_are_counted(keys: dict[str, verify_audit.PublicKey]) -> None:
    export = an_export(Chance(4), unsigned=3)
    report = verify_audit.verify(export.lines(), keys)
    assert (report.faults, report.unsigned_blocks) == ([], 3)


def test_a_chain_restored_into_a_fresh_cluster_goes_on(keys: dict[str, verify_audit.PublicKey]) -> None:
    """After a restore transaction numbers begin again: order holds inside a block, not across them."""
    first, second = [a_row(900, Chance(5))], [a_row(7, Chance(6))]
    one = seal_block(None, first)
    two = seal_block(one, second)
    root = sign_root(DAY, two, KEYS.audit_keys)
    assert not verify_audit.verify(
        (line.encode() for line in export_lines(first + second, [one, two], [root])), keys
    ).faults


def test_roots_of_older_keys_still_hold(tmp_path: Path) -> None:
    ring = RING.added("audit_keys").switched("audit_keys")
    rotated = ring.for_service("relief", seals_audit=True)
    rows = [a_row(1, Chance(7)), a_row(2, Chance(8))]
    one = seal_block(None, rows[:1])
    two = seal_block(one, rows[1:])
    roots = [sign_root(DAY, one, KEYS.audit_keys), sign_root(DAY, two, rotated.audit_keys)]
    lines = [line.encode() for line in export_lines(rows, [one, two], roots)]
    assert not verify_audit.verify(lines, public_keys(tmp_path / "k.json", rotated)).faults
    assert verify_audit.verify(lines, public_keys(tmp_path / "k.json", KEYS)).faults


def test_an_export_may_begin_later(keys: dict[str, verify_audit.PublicKey]) -> None:
    export = next(e for e in map(an_export, map(Chance, range(99))) if len(e.blocks) > 3)
    gone = sum(block["count"] for block in export.blocks[:2])
    del export.rows[:gone], export.blocks[:2]
    assert any("缺少区块 1 至 2" in fault for fault in verify_audit.verify(export.lines(), keys).faults)
    assert not verify_audit.verify(export.lines(), keys, first_block=3).faults
    assert verify_audit.verify(export.lines(), keys, first_block=4).faults


# ── what the signatures must answer for ──────────────────────────────────────────────────────────


def test_without_any_root_nothing_is_proved(keys: dict[str, verify_audit.PublicKey]) -> None:
    export = an_export(Chance(9))
    export.roots.clear()
    assert verify_audit.verify(export.lines(), keys).faults
    assert not verify_audit.verify(export.lines(), keys, allow_unsigned=True).faults
    assert verify_audit.verify([], keys).faults


def test_a_cut_off_end_is_found_by_the_day_it_must_reach(keys: dict[str, verify_audit.PublicKey]) -> None:
    rows = [a_row(tx, Chance(tx)) for tx in range(3)]
    blocks: list[Block] = []
    for row in rows:
        blocks.append(seal_block(blocks[-1] if blocks else None, [row]))
    roots = [sign_root(DAY + timedelta(n), block, KEYS.audit_keys) for n, block in enumerate(blocks)]
    last = DAY + timedelta(2)
    whole = [line.encode() for line in export_lines(rows, blocks, roots)]
    cut = [line.encode() for line in export_lines(rows[:2], blocks[:2], roots[:2])]
    assert not verify_audit.verify(whole, keys, covers=last).faults
    assert not verify_audit.verify(cut, keys).faults
    assert verify_audit.verify(cut, keys, covers=last).faults


def test_a_root_of_another_service_is_no_root_of_this_one(tmp_path: Path) -> None:
    other = RING.for_service("affairs", seals_audit=True)
    rows = [a_row(1, Chance(1)), a_row(2, Chance(2))]
    one = seal_block(None, rows[:1])
    two = seal_block(one, rows[1:])
    roots = [sign_root(DAY, one, KEYS.audit_keys), sign_root(DAY, two, other.audit_keys)]
    lines = [line.encode() for line in export_lines(rows, [one, two], roots)]
    faults = verify_audit.verify(lines, public_keys(tmp_path / "k.json", KEYS, other)).faults
    assert faults == ["签名属于不同的服务：affairs、relief"]


def ids(*rows: Json) -> Json:
    return {"row_ids": [row["id"] for row in rows], "row_digests": [row_digest(row).hex() for row in rows]}


EARLY, LATE, OTHER = a_row(1, Chance(1)), a_row(2, Chance(2)), a_row(3, Chance(3))
ENDS = [{"tx": row["tx"], "id": row["id"]} for row in (EARLY, LATE, OTHER)]


@pytest.mark.parametrize(
    ("rows", "changes", "said"),
    [
        ([EARLY, LATE], {}, ""),
        ([LATE, EARLY], {**ids(LATE, EARLY), "first": ENDS[1], "last": ENDS[0]}, "未按事务号和编号排列"),
        ([EARLY, LATE], {"first": {"tx": 0, "id": EARLY["id"]}}, "未按事务号和编号排列"),
        ([EARLY, LATE], {"last": {"tx": 9, "id": LATE["id"]}}, "未按事务号和编号排列"),
        ([EARLY, LATE], {"count": 3}, "自相矛盾"),
        ([EARLY, LATE], {"first": ENDS[1]}, "自相矛盾"),
        ([EARLY, LATE], {"row_digests": ids(EARLY)["row_digests"]}, "自相矛盾"),
        ([EARLY], {**ids(EARLY, EARLY), "last": ENDS[0]}, "自相矛盾"),
        ([], {"row_ids": [], "row_digests": [], "count": 0}, "自相矛盾"),
        ([EARLY, LATE], {"previous": "1" * 64}, "之前不应有其他区块"),
        ([EARLY, LATE], {"number": 0}, "早于起始区块"),
        ([EARLY, LATE], {"note": "x"}, "不合格式"),
    ],
)
def test_a_dishonest_sealer_is_found_too(
    rows: list[Json], changes: Json, said: str, keys: dict[str, verify_audit.PublicKey]
) -> None:
    """Digest and signature are good, what they cover is not."""
    content = seal_block(None, [EARLY, LATE]).as_json() | changes
    body = {key: value for key, value in content.items() if key != "digest"}
    content["digest"] = verify_audit.sm3(verify_audit.BLOCK_TAG + canonical(body))
    root = sign_root(DAY, Block.from_json({k: v for k, v in content.items() if k != "note"}), KEYS.audit_keys)
    export = Export(rows, [content], [root.as_json()], len(rows))
    faults = verify_audit.verify(export.lines(), keys).faults
    assert any(said in fault for fault in faults) if said else not faults


def test_a_row_sealed_in_two_blocks_is_found(keys: dict[str, verify_audit.PublicKey]) -> None:
    one = seal_block(None, [EARLY])
    two = seal_block(one, [EARLY, LATE])
    lines = export_lines([EARLY, LATE], [one, two], [sign_root(DAY, two, KEYS.audit_keys)])
    faults = verify_audit.verify((line.encode() for line in lines), keys).faults
    assert faults == [f"记录 {EARLY['id']} 被封存两次（区块 1 与 2）"]


def test_blocks_not_yet_signed_are_chained_all_the_same(keys: dict[str, verify_audit.PublicKey]) -> None:
    export = an_export(Chance(12), unsigned=3)
    last = export.blocks[-1]["number"]
    changes: list[tuple[Callable[[Export], object], str]] = [
        (lambda e: e.blocks[-1].update(count=999), f"区块 {last} 被改动"),
        (lambda e: e.blocks[-1].update(digest="0" * 64), f"区块 {last} 被改动"),
        (lambda e: e.blocks.pop(-2), f"缺少区块 {last - 1}"),
        (lambda e: e.rows[e.sealed - 1].update(action="x"), f"区块 {last}）被改动"),
    ]
    for change, said in changes:
        changed = export.copy()
        change(changed)
        assert any(said in fault for fault in verify_audit.verify(changed.lines(), keys).faults)


@pytest.mark.parametrize(
    ("was", "becomes"),
    [
        (b'{"kind":"row"', b'{"kind": "row"'),
        (b'{"kind":"row"', b'{"kind":"row","kind":"row"'),
        (b'"tx":', b'"tx":0,"tx":'),
        (b'"row":{', b'"row":{"zzz":null,'),
        (b'"ratio":0.', b'"ratio":00.'),
        (b'"ratio":0.', b'"ratio":0.0e0,"ratio":0.'),
        ("核".encode(), b"\\u6838"),
        (b"\n", b"\r\n"),
        (b"\n", b" \n"),
    ],
)
def test_a_row_written_another_way_is_a_fault_though_it_reads_the_same(
    was: bytes, becomes: bytes, keys: dict[str, verify_audit.PublicKey]
) -> None:
    export = an_export(Chance(13))
    export.shuffle = None
    lines = export.lines()
    assert was in lines[0]
    lines[0] = lines[0].replace(was, becomes, 1)
    assert verify_audit.verify(lines, keys).faults[0].startswith("第 1 行被改动或无法读取")


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"\n",
        b"null\n",
        b"[]\n",
        b"{}\n",
        b'{"kind":"row"}\n',
        b'{"kind":"king","king":{}}\n',
        b'{"kind":"row","row":{"id":"a","tx":1},"x":1}\n',
        b'{"kind":"row","row":{"id":"a","id":"b","tx":1}}\n',
        b'{"kind":"row","row":{"id":"a","tx":1,"z":null}}\n',
        b'{"kind":"row","row":{"id":"a","tx":1,"z":NaN}}\n',
        b'{"kind":"row","row":{"id":"a","tx":1,"z":1e999}}\n',
        b'{"kind":"row","row":{"id":"a","tx":1,"z":1.50}}\n',
        b'{"kind":"row","row":{"id":"a","tx":1,"z":"\\ud800"}}\n',
        b'{"kind":"row","row":{"id":"a","tx":1,"z":"\xff"}}\n',
        b'{"kind": "row","row":{"id":"a","tx":1}}\n',
        b'{"kind":"block","block":{"number":1}}\n',
        b'{"kind":"root","root":{"day":1}}\n',
        b'{"kind":"row","row":' + b"[" * 5000 + b"]" * 5000 + b"}\n",
        b'{"kind":"row","row":{"id":"a","tx":' + b"9" * 5000 + b"}}\n",
    ],
)
def test_a_line_with_two_readings_or_none_is_a_fault(line: bytes, keys: dict[str, verify_audit.PublicKey]) -> None:
    export = an_export(Chance(10)).lines()
    assert any("第 1 行被改动" in fault for fault in verify_audit.verify([line, *export], keys).faults)


# ── as a program ─────────────────────────────────────────────────────────────────────────────────


def run(tmp_path: Path, lines: list[bytes], *options: str) -> tuple[int, str]:
    """The script, alone in a folder, without the project on its path."""
    script = tmp_path / "verify.py"
    script.write_bytes(SCRIPT.read_bytes())
    (tmp_path / "export.jsonl").write_bytes(b"".join(lines))
    (tmp_path / "keys.json").write_text(public_key_file([KEYS]))
    command = [sys.executable, "-I", str(script), str(tmp_path / "export.jsonl"), str(tmp_path / "keys.json")]
    done = subprocess.run([*command, *options], cwd=tmp_path, capture_output=True, timeout=60, check=False)
    assert not done.stderr
    return done.returncode, done.stdout.decode()


def test_the_program_says_yes_or_what_is_wrong(tmp_path: Path) -> None:
    export = an_export(Chance(11))
    code, said = run(tmp_path, export.lines())
    assert code == 0
    assert "校验通过" in said
    assert "relief" in said
    row = export.rows[0]
    row["action"] = "nothing.happened"
    code, said = run(tmp_path, export.lines())
    assert code == 1
    assert "校验不通过" in said
    assert f"记录 {row['id']}" in said
    assert "被改动" in said
    assert run(tmp_path, an_export(Chance(11)).lines(), "--covers", "2027-01-01")[0] == 1


def test_the_program_cannot_read_what_is_not_there(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert verify_audit.main([str(tmp_path / "no"), str(tmp_path / "none")]) == 1
    assert "无法校验" in capsys.readouterr().out


def test_the_program_stands_alone() -> None:
    tree = ast.parse(SCRIPT.read_text())
    names = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    names |= {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert {name.split(".")[0] for name in names} <= sys.stdlib_module_names | {"cryptography"}
