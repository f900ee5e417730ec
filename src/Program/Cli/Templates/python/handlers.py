"""What this member does: plain functions, which tests call without a server."""
from strata import Member, Strata

strata = Strata()  # STRATA_URL and STRATA_TOKEN, or the cloud that runs on this machine
member = Member(strata, tags=["$name$"])


@member.processor("greet")
def greet(letter, call):
    """Gets the entity's data and returns its new data. What it writes with strata meanwhile is part of the same transaction."""
    return {**letter, "text": f"Hello {letter.get('name', 'you')}"}


@member.criterion("has-name")
def has_name(letter, call):
    return bool(letter.get("name"))
