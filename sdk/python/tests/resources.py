"""Against a real server: resources are created, listed, watched, changed and deleted. Run by Strata's own tests."""
import time

from strata import Strata, StrataError

projects = Strata().resources("projects")
name = f"sdk-py-{time.time_ns():x}"
made = projects.create(name, {}, labels={"by": "python"})
assert made["id"] in [one["id"] for one in projects.list(**{"labels.by": "python"})]
assert len(list(projects.list(limit=1))) == 1

for event in projects.watch(**{"labels.by": "python"}):
    if event is None:
        projects.patch(name, {"labels": {"tier": "web"}})
    elif event["labels"].get("tier") == "web":
        break
assert projects.get(name)["labels"]["tier"] == "web"
projects.delete(name)
try:
    projects.get(name + "-nobody")
    raise AssertionError("There is somebody.")
except StrataError as error:
    assert error.code == "NOT_FOUND", error.code
