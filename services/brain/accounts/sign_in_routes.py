"""Signing in and out, refreshing, the second factor, one's own password."""

from fastapi import Request
from fastapi.responses import JSONResponse
from starlette.responses import Response

from services.brain.accounts import sign_in
from services.brain.accounts.failures import refusal, refuse_when_locked
from services.brain.accounts.providers import LocalAttempt
from services.brain.accounts.schemas import (
    ConfirmIn,
    EnrolmentOut,
    Me,
    PasswordIn,
    RefreshIn,
    RenewIn,
    SignInIn,
    StepIn,
    StepProblem,
    TokensOut,
)
from services.brain.accounts.tables import Account, Credential
from services.brain.desk import DeskOf
from services.brain.sessions import service as sessions
from shared.web import Router, Unit, permit, public

_STEPS = {
    "enrol": ("second_factor_enrolment_required", "请先绑定第二因子（动态验证码），并更换初始密码"),
    "renew": ("password_expired", "密码已到更换期限，请先更换密码"),
}

router = Router(prefix="/api/brain/auth", tags=["登录"])


@router.post("/sign-in", response_model=TokensOut, responses={403: {"model": StepProblem}})
@public("brain.sign_in")
async def sign_in_with(body: SignInIn, request: Request, unit: Unit, desk: DeskOf) -> TokensOut | Response:
    """登录。未绑定第二因子或密码到期时答 403，并给出只用于补办该步骤的 stepToken。"""
    attempt = LocalAttempt(body.username, body.password, body.code)
    outcome = await sign_in.sign_in(unit, desk, body.provider, attempt)
    if isinstance(outcome, sign_in.Tokens):
        return TokensOut.model_validate(outcome)
    code, detail = _STEPS[outcome.kind]
    unit.note(outcome="refused", code=code)
    trace_id = request.headers.get("traceparent", "") or request.headers.get("x-request-id", "")
    problem = StepProblem(
        type=f"/problems/{code}",
        title="登录尚未完成",
        status=403,
        code=code,
        detail=detail,
        trace_id=trace_id,
        step_token=outcome.step_token,
        expires_in=outcome.expires_in,
    )
    return JSONResponse(problem.model_dump(by_alias=True), 403, media_type="application/problem+json")


@router.post("/refresh")
@public("brain.refresh")
async def refresh(body: RefreshIn, unit: Unit, desk: DeskOf) -> TokensOut:
    """换取新的访问令牌；刷新令牌只能用一次，重复使用即终止会话。"""
    return TokensOut.model_validate(await sign_in.refresh(unit, desk, body.refresh_token))


@router.post("/second-factor/enrol")
@public("brain.second_factor")
async def offer_second_factor(body: StepIn, unit: Unit) -> EnrolmentOut:
    """取得第二因子的密钥（otpauth 地址），再次取得即更换。"""
    uri, username = await sign_in.offer_second_factor(unit, body.step_token)
    return EnrolmentOut(uri=uri, username=username)


@router.post("/second-factor/confirm")
@public("brain.second_factor")
async def confirm_second_factor(body: ConfirmIn, unit: Unit, desk: DeskOf) -> TokensOut:
    """以动态验证码确认第二因子，同时更换初始密码，并完成登录。"""
    tokens = await sign_in.confirm_second_factor(unit, desk, body.step_token, body.code, body.new_password)
    return TokensOut.model_validate(tokens)


@router.post("/password/renew")
@public("brain.password")
async def renew_password(body: RenewIn, unit: Unit, desk: DeskOf) -> TokensOut:
    """更换到期的密码，并完成登录。"""
    return TokensOut.model_validate(await sign_in.renew_password(unit, desk, body.step_token, body.new_password))


@router.post("/sign-out", status_code=204)
@permit("own_account", "use")
async def sign_out(unit: Unit) -> None:
    """退出登录，会话立即失效。"""
    async with unit.elevated("end the own session"):
        await sessions.end_session(unit, unit.principal.session_id, "signed_out")


@router.get("/me")
@permit("own_account", "use")
async def get_me(unit: Unit) -> Me:
    """当前登录的账号。"""
    who = unit.principal
    async with unit.elevated("read the own account"):
        account = await unit.get(Account, who.account_id)
    return Me(
        account_id=account.id,
        username=account.username,
        name=who.name,
        role=who.role,
        area_code=who.area_code,
        org_id=who.org_id,
        person_id=who.person_id,
        session_id=who.session_id,
    )


@router.post("/password", status_code=204)
@permit("own_account", "use")
async def change_password(body: PasswordIn, unit: Unit, desk: DeskOf) -> None:
    """更换本人密码；其他会话随即失效。"""
    who = unit.principal
    async with unit.elevated("change the own password"):
        account = await unit.get(Account, who.account_id)
        await refuse_when_locked(unit, account.username)
        credential = await unit.get(Credential, account.id, lock=True)
        if not await desk.passwords.verify(credential.password_hash, body.old_password):
            raise refusal(account.username, account.id)
        await sign_in.set_password(unit, desk, account, credential, body.new_password)
        await sessions.end_sessions(unit, [account.id], "password_changed", but=who.session_id)
