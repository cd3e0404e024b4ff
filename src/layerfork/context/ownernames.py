"""Names of users and groups on this machine."""

import grp
import pwd
from functools import lru_cache


@lru_cache
def user_name(uid: int) -> str:
    """Empty when the user has none."""
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return ""


@lru_cache
def group_name(gid: int) -> str:
    """Empty when the group has none."""
    try:
        return grp.getgrgid(gid).gr_name
    except KeyError:
        return ""
