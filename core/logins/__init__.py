"""Stored logins: who the terminal is to which server, one per profile."""

from core.logins.file import Logins
from core.logins.login import (
    DEFAULT_PROFILE,
    HOME_VARIABLE,
    Login,
    LoginKind,
    checked_profile,
    home_directory,
)

__all__ = [
    "DEFAULT_PROFILE",
    "HOME_VARIABLE",
    "Login",
    "LoginKind",
    "Logins",
    "checked_profile",
    "home_directory",
]
