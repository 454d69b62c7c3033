"""Papers of an application: what is handed in, and who sees it again."""

from tests.relief.applying import Applying

FORM, PHOTO = b"%PDF-1.7 form", b"\xff\xd8\xff\xe0 photo"


async def test_the_family_sees_what_it_signed_and_the_office_all(town: Applying) -> None:
    relief, client = town.relief, town.relief.stand.client
    await town.apply()
    path = f"/api/relief/applications/{town.id}/files"
    herself = relief.resident(town.last["applicantId"])

    async def add(who: dict[str, str], content: bytes, kind: str) -> tuple[int, str]:
        headers = who | {"content-type": "application/pdf", "x-file-name": "a.pdf"}
        answer = await client.post(f"{path}?kind={kind}", headers=headers, content=content)
        return answer.status_code, answer.json().get("fileId", answer.json().get("code"))

    status, form = await add(herself, FORM, "SIGNED_FORM")
    assert status == 201
    assert await add(town.clerk, FORM, "SIGNED_FORM") == (200, form)
    status, photo = await add(town.clerk, PHOTO, "SURVEY_PHOTO")
    assert status == 201
    assert (await add(town.clerk, b"MZ not a paper", "OTHER"))[0] == 422
    assert (await add(relief.other_town, FORM, "OTHER"))[0] == 404
    listed = f"/applications/{town.id}/files"
    assert [one["fileId"] for one in (await relief.get(listed, town.clerk))["items"]] == [form, photo]
    assert [one["fileId"] for one in (await relief.get(listed, herself))["items"]] == [form]
    answer = await client.get(f"{path}/{form}", headers=herself)
    assert (answer.status_code, answer.content) == (200, FORM)
    await relief.get(f"{listed}/{photo}", herself, 404)
    await town.do("withdraw", herself, {"reason": "不再申请"})
    assert await add(herself, b"%PDF-1.7 late", "OTHER") == (409, "application_state")
