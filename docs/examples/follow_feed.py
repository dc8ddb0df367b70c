"""Follow a feed through crashes and pauses, with the standard library alone: follow_feed.py ADDRESS STATE_FILE"""

import json
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path


def fetch(address, etag):
    request = urllib.request.Request(address, headers={"If-None-Match": etag} if etag else {})
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.status, answer.headers["ETag"], answer.read()
    except urllib.error.HTTPError as error:
        return error.code, None, error.read()


def step(address, state, handle, fetch=fetch):
    """Read one page and hand on what is new on it; True when there is more. `state` is what to keep between calls."""
    seen = state.setdefault("seen", {})
    asked = state.get("next", address)
    status, etag, body = fetch(asked, state.get("etag"))
    if status == 304:
        return False
    if status == 410:  # this history is no more: read what is live, and compare with what was
        state.update(before=list(seen), seen={}, next=address, follow=None, etag=None)
        return True
    if status != 200:
        raise RuntimeError(f"{asked} answered {status}: {body.decode(errors='replace')}")
    page = json.loads(body)
    for item in page["items"]:
        said = item["_headwater"]
        if said["version"] > seen.get(item["id"], 0):  # else it came before: at least once
            seen[item["id"]] = said["version"]
            if said["has_payload"] or said["event"] == "withdrawn":  # else a later entry has overtaken it
                handle(said["event"], item)
    if not state.get("follow"):  # the first page of what is live: from its cursor on nothing is missed
        state["follow"] = page["_headwater"]["follow_url"]
    is_log = "after=" in asked
    listed = not is_log and "next_url" not in page
    state["next"] = page.get("next_url") or (page["_headwater"]["follow_url"] if is_log else state["follow"])
    state["etag"] = etag if state["next"] == asked else None
    for gone in set(state.pop("before", ())) - seen.keys() if listed else ():
        handle("withdrawn", {"id": gone})
    return listed or page["_headwater"]["has_more"]


if __name__ == "__main__":
    place = Path(sys.argv[2])
    state = json.loads(place.read_text()) if place.exists() else {}
    while True:
        more = step(sys.argv[1], state, lambda event, item: print(event, item["id"], item.get("title", "")))
        place.with_suffix(".new").write_text(json.dumps(state))
        place.with_suffix(".new").replace(place)
        time.sleep(0 if more else 5)
