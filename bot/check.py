"""`jitsudo server check`: tests what a server needs, each part with its fix."""

from dataclasses import dataclass

from bot.settings import BotSettings
from bot.slack.service import SlackService
from core.errors import JitsudoError
from core.settings import CoreSettings
from core.wiring import PartHealth, open_jitsudo


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """One part, whether it can do its work, and if not what to do."""

    part: str
    is_ready: bool
    detail: str

    def to_json(self) -> dict[str, object]:
        """Return the finding for programs."""
        return {"part": self.part, "ready": self.is_ready, "detail": self.detail}


async def check_installation(
    core_settings: CoreSettings, bot_settings: BotSettings
) -> list[Finding]:
    """Return what works and what does not; nothing is changed."""
    findings = [_slack_finding(bot_settings)]
    try:
        async with open_jitsudo(core_settings) as jitsudo:
            parts = dict(await jitsudo.health())
            if bot_settings.slack is not None:
                slack = SlackService(jitsudo=jitsudo, settings=bot_settings.slack)
                parts |= await slack.check()
    except JitsudoError as error:
        parts = {"start": PartHealth(is_ready=False, detail=str(error))}
    findings += [
        Finding(part=name, is_ready=part.is_ready, detail=part.detail)
        for name, part in parts.items()
    ]
    return findings


def _slack_finding(settings: BotSettings) -> Finding:
    if settings.slack is None:
        return Finding(
            part="slack settings",
            is_ready=True,
            detail="none, so only REST and the terminal are served; for cards set "
            "JITSUDO_SLACK_CHANNEL, JITSUDO_SLACK_BOT_TOKEN and "
            "JITSUDO_SLACK_APP_TOKEN or JITSUDO_SLACK_SIGNING_SECRET",
        )
    mode = "Socket Mode" if settings.slack.is_socket_mode else "HTTP"
    return Finding(part="slack settings", is_ready=True, detail=f"{mode}")
