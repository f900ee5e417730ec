"""What this member does: plain functions, which tests call without any server."""
from strata import Member, Strata

strata = Strata()  # STRATA_URL and STRATA_TOKEN
member = Member(strata, tags=["$name$"])


@member.processor("greet")
def greet(letter, call):
    """Processors get the entity's data and return what is to become of it. What they write meanwhile is a part of the same transaction."""
    return {**letter, "text": f"Hello {letter.get('name', 'you')}"}


@member.criterion("has-name")
def has_name(letter, call):
    return bool(letter.get("name"))
