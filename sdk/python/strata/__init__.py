"""Strata: entities, search, feed, resources, and compute members."""
from .client import Strata, transaction
from .entities import Entities, Entity
from .errors import StrataError
from .member import Call, Member
from .resources import Resources

__all__ = ["Call", "Entities", "Entity", "Member", "Resources", "Strata", "StrataError", "transaction"]
