"""How the app comes to its token, and gives it back: oauth.v2.access, auth.revoke."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from bot.sandbox.api.arguments import Arguments
from bot.sandbox.desk import Desk
from bot.sandbox.grants import Grants

Json = dict[str, Any]


@dataclass(frozen=True)
class OAuth:
    """The methods that change who is let in."""

    grants: Grants

    def access(self, _desk: Desk, args: Arguments) -> Json:
        """oauth.v2.access"""
        return self.grants.redeem(
            args.text("client_id"), args.text("client_secret"), args.text("code"), args.text("redirect_uri")
        )

    def revoke(self, _desk: Desk, _args: Arguments) -> Json:
        """auth.revoke"""
        self.grants.end("token_revoked")
        return {"revoked": True}
