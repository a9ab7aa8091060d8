"""Bodies that a schema allows in; some of them made such that they can be carried out, out.

Without this no document would name a topic that is there, and all would be refused alike.
"""

import json
import zlib

import schemathesis

# Events per second that the generator may be set to: the disk is to last.
RATE_MAX = 200


def feasible(document: dict, dice: int) -> dict:
    """A document about the topic that is there, into one of few tables."""
    name = f"fuzz-{dice % 3 + 1}"
    document["name"] = name
    document["source"] = {
        "topics": ["sales"],
        "start": ["earliest", "latest"][dice // 3 % 2],
        "null_value": ["skip", "dead-letter", "row"][dice // 6 % 3],
    }
    document["target"] = {"database": "shop", "table": name}
    document["workers"] = dice // 18 % 2 + 1
    for key in ("evolution", "columns", "sql"):
        document.pop(key, None)
    return document


@schemathesis.hook
def before_call(context, case, kwargs):
    # What must be refused stays as it is.
    if case.meta is not None and case.meta.generation.mode.is_negative:
        return
    body = case.body
    if not isinstance(body, dict):
        return
    operation = case.operation.definition.raw.get("operationId")
    dice = zlib.crc32(json.dumps(body, sort_keys=True, default=str).encode())
    if operation in ("createPipeline", "putPipeline") and dice % 4:
        case.body = feasible(body, dice // 4)
        if operation == "putPipeline":
            case.path_parameters["name"] = case.body["name"]
    elif operation == "setProducerRate" and isinstance(body.get("rate_per_sec"), int):
        # 0 is as fast as possible.
        body["rate_per_sec"] = body["rate_per_sec"] % RATE_MAX + 1
