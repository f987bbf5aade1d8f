"""What the push API answers, and the pages of its OpenAPI that FastAPI cannot guess."""

from typing import Annotated, Any, Final

from fastapi.openapi.utils import get_openapi
from pydantic import BaseModel, Field, JsonValue
from pydantic.json_schema import models_json_schema

from calls.eligibility import Eligibility
from starter.feeds import Result
from starter.intake import Taken
from starter.push.body import MOST_BYTES, MOST_RECORDS
from starter.push.senders import CLOCKS_MAY_DIFFER, KEY, SIGNATURE, TIME
from starter.readers.record import Record


class RecordAnswer(BaseModel):
    """What became of one record."""

    index: int = Field(description="Its place in the batch, from 0.")
    result: Result
    reason: str | None = Field(default=None, description="Why it was rejected, or why its caller is texted or not.")
    call_id: str | None = Field(default=None, description="Our id of the call, as staff see it.")
    eligibility: Eligibility | None = Field(
        default=None, description="May its caller be texted, as far as is known now?"
    )
    rule: str | None = Field(default=None, description="The rule that decided.")


class Answer(BaseModel):
    """What became of each record. What is `taken` or `repeated` is committed."""

    taken: int
    repeated: int
    rejected: int
    records: list[RecordAnswer]


class Refusal(BaseModel):
    """Nothing was taken."""

    error: str = Field(description="What is wrong, and what to do.")


class Batch(BaseModel):
    """Several records; each stands for itself."""

    model_config = {"extra": "forbid"}

    records: Annotated[list[Record], Field(min_length=1, max_length=MOST_RECORDS)]


def answer_of(taken: list[Taken]) -> Answer:
    """The answer to a body of these records."""
    counts = {result: sum(one.result is result for one in taken) for result in Result}
    return Answer(
        taken=counts[Result.TAKEN],
        repeated=counts[Result.REPEATED],
        rejected=counts[Result.REJECTED],
        records=[_answer(index, one) for index, one in enumerate(taken)],
    )


def _answer(index: int, one: Taken) -> RecordAnswer:
    if one.decision is None:
        return RecordAnswer(index=index, result=one.result, reason=one.reason)
    return RecordAnswer(
        index=index,
        result=one.result,
        reason=one.decision.reason,
        call_id=one.call_id,
        eligibility=one.decision.eligibility,
        rule=one.decision.rule,
    )


_RECEIVED: Final[dict[str, JsonValue]] = {
    "cad_id": "2026-104233",
    "updated_at": "2026-01-15T17:00:00Z",
    "case_number": "26-104233",
    "priority": "4",
    "call_type": "NOISE",
    "source": "phone",
    "language": "en",
    "phone": "+16135550142",
    "received_at": "2026-01-15T12:00:00-05:00",
}
EXAMPLES: Final[dict[str, JsonValue]] = {
    "a call is received": {"value": _RECEIVED},
    "an event, with its time": {
        "value": {"cad_id": "2026-104233", "event": "dispatched", "at": "2026-01-15T17:41:09Z"},
    },
    "an event, now": {"value": {"cad_id": "2026-104233", "event": "arrived"}},
    "a snapshot": {
        "value": {
            **_RECEIVED,
            "updated_at": "2026-01-15T18:20:00Z",
            "dispatched_at": "2026-01-15T17:41:09Z",
            "cleared_at": "2026-01-15T18:20:00Z",
            "disposition": "R",
        }
    },
    "it has become an assault": {
        "value": {"cad_id": "2026-104233", "updated_at": "2026-01-15T17:05:00Z", "call_type": "ASSAULT"},
    },
    "a batch": {
        "value": {
            "records": [
                {"cad_id": "2026-104233", "event": "cleared", "at": "2026-01-15T18:20:00Z"},
                {"cad_id": "2026-104260", "event": "cancelled", "cancelled": "duplicate"},
            ]
        }
    },
}
_DESCRIPTION: Final = f"""A computer-aided dispatch system (CAD) tells here what happens to its calls for service.

**Signing.** Three headers: `{KEY}` (the key's id), `{TIME}` (seconds since 1970, within
{CLOCKS_MAY_DIFFER.total_seconds() / 60:.0f} minutes of ours) and `{SIGNATURE}`: HMAC-SHA256, in hexadecimal, with the
key's secret, of method, path with query, and time, each followed by a line feed, and then the body as it is sent. Or
mutual TLS, which a proxy ends.

**202** says that every record is committed. **422** says which records cannot be read, and why; the others of the batch
are committed. Do not send a rejected record again unchanged: it is kept for a person here. **400**, **401** and **413**
take nothing. **503** is trouble of ours, with `Retry-After`: send the same again. What is sent twice changes nothing.
"""
_REFUSALS: Final[dict[int | str, dict[str, Any]]] = {
    400: {"model": Refusal, "description": "The body as a whole cannot be read. It is kept for a person here."},
    401: {"model": Refusal, "description": "The request is nobody's. Nothing was read."},
    413: {"model": Refusal, "description": f"More than {MOST_RECORDS:,} records, or {MOST_BYTES // 2**20} MB."},
    503: {
        "model": Refusal,
        "description": "Trouble of ours. Send the same again.",
        "headers": {"Retry-After": {"description": "In so many seconds.", "schema": {"type": "integer"}}},
    },
}
RESPONSES: Final[dict[int | str, dict[str, Any]]] = {
    202: {"model": Answer, "description": "Every record is committed."},
    422: {"model": Answer, "description": "Some records cannot be read; the others are committed."},
    **_REFUSALS,
}
_EIDO_SCHEMA: Final[dict[str, Any]] = {
    "title": "EIDO",
    "description": "NENA-STA-021.1, JSON. Only what is read is named here; whatever else is there does not matter.",
    "type": "object",
    "required": ["$id", "incidentComponent"],
    "properties": {"$id": {"type": "string"}, "incidentComponent": {}},
}
CALLS_BODY: Final[dict[str, Any]] = {
    "required": True,
    "content": {
        "application/json": {
            "schema": {"anyOf": [{"$ref": "#/components/schemas/Record"}, {"$ref": "#/components/schemas/Batch"}]},
            "examples": EXAMPLES,
        }
    },
}
EIDO_BODY: Final[dict[str, Any]] = {
    "required": True,
    "content": {
        "application/json": {
            "schema": {"anyOf": [_EIDO_SCHEMA, {"type": "array", "minItems": 1, "items": _EIDO_SCHEMA}]}
        }
    },
}
_SECURITY: Final[dict[str, Any]] = {
    name: {"type": "apiKey", "in": "header", "name": name} for name in (KEY, TIME, SIGNATURE)
}


def openapi_of(routes: Any) -> dict[str, Any]:
    """The whole description."""
    document = get_openapi(
        title="CommunityConnect: calls for service", version="1", description=_DESCRIPTION, routes=routes
    )
    _, schemas = models_json_schema(
        [(Record, "validation"), (Batch, "validation")], ref_template="#/components/schemas/{model}"
    )
    components = document.setdefault("components", {})
    components["schemas"] = {**components.get("schemas", {}), **schemas["$defs"]}
    components["securitySchemes"] = _SECURITY
    for path in document["paths"].values():
        for operation in path.values():
            if "requestBody" in operation:
                operation["security"] = [{name: [] for name in _SECURITY}]
    return document
