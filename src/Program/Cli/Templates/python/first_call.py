"""Creates a letter. Its workflow calls the member, which has to run: strata dev"""
import json
import sys
from pathlib import Path

from strata import Strata, StrataError

MODEL = "$name$-letter"
FOLDER = Path(__file__).parent
strata = Strata()


def prepare():
    """The model, learnt from sample.json, with the workflow of workflow.json."""
    try:
        strata.request("POST", f"/api/model/import/JSON/SAMPLE_DATA/{MODEL}/1", json.loads((FOLDER / "sample.json").read_text()))
        strata.request("PUT", f"/api/model/{MODEL}/1/lock")
    except StrataError as error:
        if error.status != 409:  # 409: it exists and is locked
            raise
    strata.request("POST", f"/api/model/{MODEL}/1/workflow/import", json.loads((FOLDER / "workflow.json").read_text()))


try:
    prepare()
    letters = strata.entities(MODEL)
    letter = letters.get(letters.create({"name": sys.argv[1] if len(sys.argv) > 1 else "Ann"}))
    print(f"{letter.state}: {letter.data.get('text')}")
except StrataError as error:
    sys.exit(f"{error.code}: {error.message}" + (f"\n  Next: {error.next}" if error.next else ""))
