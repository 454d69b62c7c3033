"""Masks as pure functions, answers that mask themselves, requests that check themselves."""

import json
import threading
from contextvars import copy_context
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, TypeAdapter, ValidationError

from shared import clock
from shared.china import resident_id
from shared.security import masking
from shared.security.masking import Grade, revealed, revealing

pytestmark = pytest.mark.unit

# ── the masks ────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("name", "masked"),
    [
        ("张三", "张*"),
        ("欧阳娜", "欧*娜"),
        ("欧阳娜娜", "欧**娜"),
        ("买买提·吐尔逊", "买*****逊"),
        ("张", "*"),
        ("", ""),
    ],
)
def test_names(name: str, masked: str) -> None:
    assert masking.mask_name(name) == masked


@pytest.mark.parametrize(
    ("mask", "plain", "masked"),
    [
        (masking.mask_id_number, "330999195001010014", "330999********0014"),
        (masking.mask_id_number, "33099919450815009X", "330999********009X"),
        (masking.mask_id_number, "330999500101001", "*" * 15),
        (masking.mask_id_number, "", ""),
        (masking.mask_phone, "13800001234", "138****1234"),
        (masking.mask_phone, "0580-3012345", "*" * 12),
        (masking.mask_bank_card, "6228480360100000015", "**** **** **** 0015"),
        (masking.mask_bank_card, "622848036010", "**** **** **** 6010"),
        (masking.mask_bank_card, "62284803", "**** **** **** ****"),
    ],
)
def test_numbers(mask: Any, plain: str, masked: str) -> None:
    assert mask(plain) == masked


def test_a_birth_date_becomes_its_year() -> None:
    assert masking.mask_birth_date(date(1950, 1, 1)) == "1950"


@pytest.mark.parametrize(
    ("address", "kept"),
    [
        ("浙江省舟山市普陀区六横镇示例村01 12号", "浙江省舟山市普陀区六横镇示例村"),
        ("浙江省 舟山市普陀区六横镇示例村12号", "浙江省"),
        ("普陀区东港街道海印社区海印路1号", "普陀区东港街道海印社区"),
        ("普陀区沈家门街道示例村村民委员会旁3号", "普陀区沈家门街道示例村"),
        ("普陀区沈家门街道示例居委会楼上", "普陀区沈家门街道示例居委会"),
        ("东港街道工人新村社区3号", "东港街道工人新村社区"),
        ("登步管委会示例村5号", "登步管委会示例村"),
        ("六横镇示例乡村12号", "六横镇示例乡村"),
        ("示例村01 12号", "示例村"),
        # What only looks like a village is hidden.
        ("普陀区沈家门街道新村路12号", "普陀区沈家门街道"),
        ("东港街道东海新村12幢", "东港街道"),
        ("六横镇示例村路9号", "六横镇"),
        ("普陀区东港街道海景小区3幢", "普陀区东港街道"),
        ("东港街道社区卫生服务中心", "东港街道"),
        ("六横镇城市花园3幢", "六横镇"),
        ("普陀区人民路1号", "普陀区"),
        ("海景小区3幢", ""),
        ("海景苑三区5幢", ""),
        ("人民路1号", ""),
        # Places whose names contain the marks of other levels.
        ("宁波市镇海区庄市街道示例路1号", "宁波市镇海区庄市街道"),
        ("镇江市丹徒区高桥镇示例村3组", "镇江市丹徒区高桥镇示例村"),
        ("新疆维吾尔自治区伊犁哈萨克自治州伊宁市示例街道1号", "新疆维吾尔自治区伊犁哈萨克自治州伊宁市示例街道"),
    ],
)
def test_addresses_are_cut_after_the_village(address: str, kept: str) -> None:
    assert masking.mask_address(address) == kept + "****"


@pytest.mark.parametrize("address", ["六横镇示例村", "普陀区东港街道海印社区", " 普陀区 ".strip(), ""])
def test_an_address_that_ends_at_its_village_is_shown(address: str) -> None:
    assert masking.mask_address(address) == address


@given(st.text(min_size=1, max_size=30))
def test_a_masked_name_shows_two_characters_at_most(name: str) -> None:
    masked = masking.mask_name(name)
    assert len(masked) == len(name)
    hidden = [shown for shown, plain in zip(masked, name, strict=True) if shown == "*"]
    assert len(name) - len(hidden) <= min(2, len(name) - 1)


PARTS = (
    "浙江省",
    "舟山市",
    "普陀区",
    "六横镇",
    "东港街道",
    "示例村",
    "海印社区",
    "人民路",
    "小区",
    "12",
    "号",
    "3幢",
    "新村",
    " ",
)


@given(st.lists(st.sampled_from(PARTS), max_size=8).map("".join))
def test_a_masked_address_is_a_beginning_without_digits(address: str) -> None:
    masked = masking.mask_address(address)
    kept = masked.removesuffix("****")
    assert address.strip().startswith(kept)
    assert not any(char.isdigit() for char in kept)
    assert not any(mark in kept for mark in ("号", "幢", "路", "小区"))
    assert (kept == masked) is (kept == address.strip())


# ── answers ──────────────────────────────────────────────────────────────────────────────────────


class Elder(BaseModel):
    name: masking.PersonName
    id_number: masking.IdNumber
    phone: masking.Phone | None = None
    cards: list[masking.BankCard] = []
    birth: masking.BirthDate
    address: masking.Address | None = None


ELDER = Elder(
    name="张示例",
    id_number="330999195001010017",
    phone="13800001234",
    cards=["6228480360100000015"],
    birth=date(1950, 1, 1),
    address="六横镇示例村12号",
)
MASKED = {
    "name": "张*例",
    "id_number": "330999********0017",
    "phone": "138****1234",
    "cards": ["**** **** **** 0015"],
    "birth": "1950",
    "address": "六横镇示例村****",
}
PLAIN = {
    "name": "张示例",
    "id_number": "330999195001010017",
    "phone": "13800001234",
    "cards": ["6228480360100000015"],
    "birth": "1950-01-01",
    "address": "六横镇示例村12号",
}
UP_TO_L3 = PLAIN | {key: MASKED[key] for key in ("id_number", "cards")}


def every_way(model: BaseModel) -> list[Any]:
    return [model.model_dump(), model.model_dump(mode="json"), json.loads(model.model_dump_json())]


def test_everything_is_masked_by_default_however_it_is_written() -> None:
    assert every_way(ELDER) == [MASKED] * 3
    assert ELDER.id_number == "330999195001010017"


@pytest.mark.parametrize(("grade", "expected"), [(Grade.NOTHING, MASKED), (Grade.L3, UP_TO_L3), (Grade.L4, PLAIN)])
def test_a_grade_reveals_what_it_covers(grade: Grade, expected: dict[str, Any]) -> None:
    with revealing(grade):
        assert every_way(ELDER) == [expected] * 3
    assert every_way(ELDER) == [MASKED] * 3


def test_missing_values_stay_missing() -> None:
    bare = Elder(name="张示例", id_number="330999195001010017", birth=date(1950, 1, 1))
    assert bare.model_dump()["phone"] is None
    assert bare.model_dump()["cards"] == []


def test_revealing_nests_and_ends_with_an_error_too() -> None:
    with revealing(Grade.L4):
        with revealing(Grade.NOTHING):
            assert ELDER.model_dump() == MASKED
        assert revealed() is Grade.L4
        with pytest.raises(RuntimeError), revealing(Grade.L3):
            raise RuntimeError
        assert revealed() is Grade.L4
    assert revealed() is Grade.NOTHING


def test_what_one_request_reveals_another_does_not_see() -> None:
    seen: list[Grade] = []
    with revealing(Grade.L4):
        other = threading.Thread(target=lambda: seen.append(revealed()))
        other.start()
        other.join()
        inherited = copy_context()
    assert seen == [Grade.NOTHING]
    assert inherited.run(revealed) is Grade.L4
    assert revealed() is Grade.NOTHING


@pytest.mark.parametrize("field", sorted(MASKED))
def test_the_schema_of_an_answer_is_text(field: str) -> None:
    schema = Elder.model_json_schema(mode="serialization")["properties"][field]
    kinds = {part["type"] for part in schema.get("anyOf", [schema])}
    assert kinds <= {"string", "null", "array"}
    assert "date" not in json.dumps(schema)


# ── requests ─────────────────────────────────────────────────────────────────────────────────────


def refusal(wire_type: Any, value: Any) -> tuple[str, str]:
    with pytest.raises(ValidationError) as caught:
        TypeAdapter(wire_type).validate_python(value)
    (error,) = caught.value.errors()
    return error["type"], error["msg"]


@pytest.mark.parametrize(
    ("wire_type", "value", "kept"),
    [
        (masking.IdNumberIn, " 33099919450815009x ", "33099919450815009X"),
        (masking.PhoneIn, " 13800001234", "13800001234"),
        (masking.BankCardIn, "6228 4803 6010 0000 015", "6228480360100000015"),
        (masking.PersonNameIn, " 张示例 ", "张示例"),
        (masking.PersonNameIn, "买买提·吐尔逊", "买买提·吐尔逊"),
        (masking.PersonNameIn, "Anne-Marie O'Neil", "Anne-Marie O'Neil"),
        (masking.PersonNameIn, "张\U00020bb7\ue001", "张\U00020bb7\ue001"),
        (masking.PersonNameIn, "张" * 50, "张" * 50),
        (masking.AddressIn, " 六横镇示例村1号 ", "六横镇示例村1号"),
        (masking.BirthDateIn, "1950-01-01", date(1950, 1, 1)),
    ],
)
def test_good_input_is_kept_in_its_normal_form(wire_type: Any, value: str, kept: Any) -> None:
    assert TypeAdapter(wire_type).validate_python(value) == kept


@pytest.mark.parametrize(
    ("wire_type", "value", "code", "message"),
    [
        (masking.IdNumberIn, "330999195001010015", "id_checksum", "身份证号码校验位不正确，请核对是否输入有误"),
        (masking.IdNumberIn, "330999193802290021", "id_birth_date", "身份证号码中的出生日期不存在"),
        (masking.IdNumberIn, "330999", "id_length", "身份证号码应为18位"),
        (masking.IdNumberIn, 330999195001010017, "text_required", "应为文本"),
        (masking.PhoneIn, "12800001234", "mobile_format", "手机号码应为11位数字，以13至19开头"),
        (masking.PhoneIn, None, "text_required", "应为文本"),
        (masking.BankCardIn, "6228480360100000016", "bank_card_checksum", "银行卡号校验位不正确，请核对是否输入有误"),
        (masking.BankCardIn, "6228", "bank_card_format", "银行卡号应为12至19位数字"),
        *[
            (masking.PersonNameIn, name, "person_name", "姓名应为1至50个字，不含数字和符号")
            for name in ("", "  ", "张3", "张" * 51, "·", "张<b>", "张\n三", "张\x00", "张\u202e三", "@张")
        ],
        (masking.PersonNameIn, ["张"], "text_required", "应为文本"),
        (masking.AddressIn, " ", "address", "地址应为1至200个字"),
        (masking.AddressIn, "村" * 201, "address", "地址应为1至200个字"),
        (masking.AddressIn, "六横\x00镇", "address", "地址含有不能识别的字符"),
        (masking.AddressIn, "六横\ud800镇", "address", "地址含有不能识别的字符"),
        (masking.BirthDateIn, "1950-02-30", "birth_date", "出生日期不存在"),
        *[
            (masking.BirthDateIn, text, "birth_date", "出生日期格式不正确，应为YYYY-MM-DD")
            for text in ("", "19500101", "1950-1-1", "1950", "1950-01-01T00:00:00", "１９５０-01-01", "1950-W01-1")
        ],
        (masking.BirthDateIn, "2026-06-02", "birth_date_future", "出生日期晚于今天"),
        (masking.BirthDateIn, "1895-06-01", "birth_date_age", "出生日期距今超过130年"),
        (masking.BirthDateIn, -631152000, "text_required", "应为文本"),
    ],
)
def test_bad_input_is_refused_in_chinese(wire_type: Any, value: Any, code: str, message: str) -> None:
    with clock.frozen(clock.start_of_day(date(2026, 6, 1))):
        assert refusal(wire_type, value) == (code, message)


def test_today_is_a_birth_date_and_130_years_an_age() -> None:
    adapter: TypeAdapter[date] = TypeAdapter(masking.BirthDateIn)
    with clock.frozen(clock.start_of_day(date(2026, 6, 1))):
        assert adapter.validate_python("2026-06-01") == date(2026, 6, 1)
        assert adapter.validate_python("1895-06-02") == date(1895, 6, 2)


IN_TYPES = [
    *(masking.IdNumberIn, masking.PhoneIn, masking.BankCardIn),
    *(masking.PersonNameIn, masking.AddressIn, masking.BirthDateIn),
]
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=25),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=4,
)


@pytest.mark.parametrize("wire_type", IN_TYPES)
@given(value=JSON)
def test_whatever_comes_in_there_is_an_answer(wire_type: Any, value: Any) -> None:
    adapter: TypeAdapter[Any] = TypeAdapter(wire_type)
    try:
        kept = adapter.validate_python(value)
    except ValidationError as refused:
        kept = [error["type"] for error in refused.errors()]
    assert isinstance(kept, str | date) or len(kept) == 1


@given(st.dates(date(1900, 1, 1), date(2026, 1, 1)), st.integers(0, 999))
def test_good_numbers_pass_and_come_out_masked(birth: date, sequence: int) -> None:
    number = resident_id.make("330999", birth, sequence)
    kept = TypeAdapter(masking.IdNumberIn).validate_python(number)
    shown = TypeAdapter(masking.IdNumber).dump_python(kept)
    assert shown == "330999" + "*" * 8 + number[14:]


@pytest.mark.parametrize("wire_type", IN_TYPES)
def test_the_schema_of_a_request_is_text(wire_type: Any) -> None:
    assert TypeAdapter(wire_type).json_schema()["type"] == "string"
