"""Roles: what an API key allows its owner to do."""

from enum import IntEnum


class Role(IntEnum):
    """Each role may do everything that the roles before it may do."""

    PUBLIC = 0
    VIEWER = 1
    EDITOR = 2
    OPERATOR = 3
