"""Many documents into one: names that clash, names that only look equal, operations of one name."""

import copy
from typing import Any, Literal

import pytest
from fastapi import FastAPI
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, Field
from schemathesis.specs.openapi.definitions import OPENAPI_30_VALIDATOR, OPENAPI_31_VALIDATOR

from gateway.openapi import merge
from gateway.openapi30 import in_3_0

Json = dict[str, Any]


def a_document(service: str, schemas: Json, uses: str | None = None, operation: str = "list_all") -> Json:
    """A service with one operation that answers with the schema `uses`."""
    content = {"application/json": {"schema": {"$ref": f"#/components/schemas/{uses or next(iter(schemas))}"}}}
    answer = {"200": {"description": "ok", "content": content}}
    return {
        "openapi": "3.1.0",
        "info": {"title": service, "version": "1"},
        "paths": {f"/api/{service}/things": {"get": {"operationId": operation, "responses": answer}}},
        "components": {"schemas": schemas},
    }


def merged(**documents: Json) -> Json:
    """Merge, check that it is valid and that every reference leads somewhere, that nothing given was changed."""
    before = copy.deepcopy(documents)
    document = merge(documents, public_paths=(), missing=(), version="1")
    assert documents == before
    OPENAPI_31_VALIDATOR.validate(document)
    OPENAPI_30_VALIDATOR.validate(in_3_0(document))
    for reference in references(document):
        section, name = reference.removeprefix("#/components/").split("/", 1)
        assert name in document["components"][section], reference
    return document


def references(node: Any) -> set[str]:
    """Every local `$ref` in a document."""
    if isinstance(node, list):
        return set().union(*map(references, node))
    if not isinstance(node, dict):
        return set()
    own = {node["$ref"]} if isinstance(node.get("$ref"), str) else set()
    return own.union(*map(references, node.values()))


def answer_of(document: Json, service: str) -> Json:
    """The schema the operation of `service` answers with, references followed one step."""
    schema = document["paths"][f"/api/{service}/things"]["get"]["responses"]["200"]["content"]["application/json"]
    name = schema["schema"]["$ref"].rpartition("/")[2]
    found: Json = document["components"]["schemas"][name]
    return found


TEXT, NUMBER = {"type": "string"}, {"type": "number"}


def test_equal_schemas_stay_one() -> None:
    document = merged(relief=a_document("relief", {"Page": TEXT}), brain=a_document("brain", {"Page": TEXT}))
    assert set(document["components"]["schemas"]) == {"Page", "Problem"}


def test_different_schemas_of_one_name_both_get_their_services_name() -> None:
    document = merged(relief=a_document("relief", {"Page": TEXT}), brain=a_document("brain", {"Page": NUMBER}))
    assert set(document["components"]["schemas"]) == {"ReliefPage", "BrainPage", "Problem"}
    assert answer_of(document, "relief") == TEXT
    assert answer_of(document, "brain") == NUMBER


def test_a_new_name_that_is_taken_is_not_taken_again() -> None:
    document = merged(
        relief=a_document("relief", {"Page": TEXT, "ReliefPage": {"type": "boolean"}}),
        brain=a_document("brain", {"Page": NUMBER}),
    )
    assert document["components"]["schemas"]["ReliefPage"] == {"type": "boolean"}
    assert answer_of(document, "relief") == TEXT


def test_schemas_that_look_equal_but_contain_different_ones_are_different() -> None:
    outer = {"Book": {"properties": {"page": {"$ref": "#/components/schemas/Page"}}}}
    shelf = {"Shelf": {"items": {"$ref": "#/components/schemas/Book"}}}
    document = merged(
        relief=a_document("relief", {**shelf, **outer, "Page": TEXT}),
        brain=a_document("brain", {**shelf, **outer, "Page": NUMBER}),
    )
    names = set(document["components"]["schemas"])
    assert names == {"Problem"} | {f"{s}{n}" for s in ("Relief", "Brain") for n in ("Shelf", "Book", "Page")}
    book = document["components"]["schemas"]["BrainBook"]
    assert book["properties"]["page"]["$ref"] == "#/components/schemas/BrainPage"


def test_discriminators_follow() -> None:
    union = {
        "oneOf": [{"$ref": "#/components/schemas/Page.A-1"}],
        "discriminator": {"propertyName": "mapping", "mapping": {"a": "#/components/schemas/Page.A-1"}},
        "properties": {"mapping": TEXT},
    }
    document = merged(
        relief=a_document("relief", {"Union": union, "Page.A-1": TEXT}),
        brain=a_document("brain", {"Union": NUMBER, "Page.A-1": NUMBER}),
    )
    moved = document["components"]["schemas"]["ReliefUnion"]
    assert moved["discriminator"]["mapping"] == {"a": "#/components/schemas/ReliefPage.A-1"}
    assert moved["properties"] == {"mapping": TEXT}


def test_operations_of_one_name_are_told_apart() -> None:
    document = merged(
        relief=a_document("relief", {"A": TEXT}),
        brain=a_document("brain", {"B": TEXT}),
        charity=a_document("charity", {"C": TEXT}, operation="relief_list_all"),
    )
    names = [item["get"]["operationId"] for item in document["paths"].values()]
    assert sorted(names) == ["brain_list_all", "relief_list_all", "relief_list_all_2"]


def test_two_operations_of_one_service_with_one_name_are_told_apart() -> None:
    document = a_document("relief", {"A": TEXT})
    document["paths"]["/api/relief/others"] = copy.deepcopy(document["paths"]["/api/relief/things"])
    names = [item["get"]["operationId"] for item in merged(relief=document)["paths"].values()]
    assert len(set(names)) == 2


def test_only_what_can_be_reached_is_told() -> None:
    document = a_document("relief", {"A": TEXT})
    for path in ("/health/ready", "/api/brain/x", "/api/reliefs/x"):
        document["paths"][path] = document["paths"]["/api/relief/things"]
    assert list(merged(relief=document)["paths"]) == ["/api/relief/things"]


def test_how_one_gets_in_is_the_doors_to_say() -> None:
    document = a_document("relief", {"A": TEXT})
    document["components"]["securitySchemes"] = {"basic": {"type": "http", "scheme": "basic"}}
    document["paths"]["/api/relief/things"]["get"]["security"] = [{"basic": []}]
    result = merged(relief=document)
    assert list(result["components"]["securitySchemes"]) == ["bearer"]
    assert "security" not in result["paths"]["/api/relief/things"]["get"]


def test_a_services_own_answer_is_not_overwritten() -> None:
    document = a_document("relief", {"Problem": TEXT})
    document["paths"]["/api/relief/things"]["get"]["responses"]["429"] = {"description": "theirs"}
    result = merged(relief=document)
    answers = result["paths"]["/api/relief/things"]["get"]["responses"]
    assert answers["429"] == {"description": "theirs"}
    assert answers["503"]["content"]["application/problem+json"]["schema"]["$ref"].endswith("/Problem_2")
    assert answer_of(result, "relief") == TEXT


schemas = st.recursive(
    st.one_of(
        st.sampled_from([TEXT, NUMBER]),
        st.sampled_from("ABCD").map(lambda name: {"$ref": f"#/components/schemas/{name}"}),
    ),
    lambda inner: st.one_of(
        st.fixed_dictionaries({"type": st.just("array"), "items": inner}),
        st.dictionaries(st.sampled_from(["a", "b"]), inner, min_size=1).map(lambda names: {"properties": names}),
    ),
    max_leaves=4,
)
components = st.fixed_dictionaries(dict.fromkeys("ABCD", schemas))


def expanded(node: Any, document: Json, depth: int) -> Any:
    """A schema with its references replaced by what they mean, `depth` steps deep."""
    if isinstance(node, list):
        return [expanded(value, document, depth) for value in node]
    if not isinstance(node, dict):
        return node
    if "$ref" in node:
        name = node["$ref"].rpartition("/")[2]
        return expanded(document["components"]["schemas"][name], document, depth - 1) if depth else "…"
    return {key: expanded(value, document, depth) for key, value in node.items()}


@given(st.lists(components, min_size=1, max_size=3), st.sampled_from("ABCD"))
def test_every_operation_means_after_merging_what_it_meant_before(parts: list[Json], used: str) -> None:
    documents = {f"s{number}": a_document(f"s{number}", part, used) for number, part in enumerate(parts)}
    document = merged(**documents)
    for name, before in documents.items():
        assert expanded(answer_of(document, name), document, 4) == expanded(answer_of(before, name), before, 4)


# ── for the viewer ───────────────────────────────────────────────────────────────────────────────
class Thing(BaseModel):
    """A bit of everything FastAPI writes in 3.1 words."""

    kind: Literal["thing"] = "thing"
    note: str | None = None
    parent: "Thing | None" = None
    either: int | str | None = None
    pair: tuple[int, str] = (1, "")
    amount: int = Field(0, gt=0, lt=10, examples=[3, 4])
    extra: dict[str, int | None] = {}
    type: str = "a field called like a word of the specification"
    const: str | None = None


def test_the_viewers_document_has_3_0_words_only() -> None:
    app = FastAPI()

    @app.post("/api/relief/things")
    async def make(thing: Thing, since: str | None = None) -> None:
        """Take a thing."""

    result = in_3_0(merged(relief=app.openapi()))
    thing = result["components"]["schemas"]["Thing"]["properties"]
    assert thing["kind"]["enum"] == ["thing"]
    assert (thing["note"]["type"], thing["note"]["nullable"]) == ("string", True)
    assert thing["parent"] == {"allOf": [{"$ref": "#/components/schemas/Thing"}], "nullable": True}
    assert thing["either"]["nullable"] is True
    assert [choice["type"] for choice in thing["either"]["anyOf"]] == ["integer", "string"]
    assert (thing["amount"]["exclusiveMinimum"], thing["amount"]["minimum"]) == (True, 0)
    assert thing["amount"]["example"] == 3
    assert thing["type"]["type"] == "string"
    assert thing["const"]["nullable"] is True
    assert not leftovers(result)


def leftovers(node: Any) -> list[Any]:
    """3.1 words that the viewer would not understand."""
    if isinstance(node, list):
        return [left for value in node for left in leftovers(value)]
    if not isinstance(node, dict):
        return []
    odd = [node] if node.get("type") == "null" or isinstance(node.get("type"), list) or "prefixItems" in node else []
    return odd + [left for value in node.values() for left in leftovers(value)]


@pytest.mark.parametrize(
    ("new", "old"),
    [
        ({"type": ["string", "null"]}, {"type": "string", "nullable": True}),
        ({"type": ["string", "integer"]}, {"anyOf": [{"type": "string"}, {"type": "integer"}]}),
        ({"type": "null"}, {"nullable": True}),
        ({"const": 1}, {"enum": [1]}),
        ({"enum": [{"type": "null"}]}, {"enum": [{"type": "null"}]}),
        ({"default": {"const": 1}}, {"default": {"const": 1}}),
        ({"properties": {"const": {"const": 1}}}, {"properties": {"const": {"enum": [1]}}}),
        ({"type": "string", "contentMediaType": "image/png"}, {"type": "string", "format": "binary"}),
        ({"propertyNames": {"pattern": "a"}}, {}),
        ({"exclusiveMaximum": 5.5}, {"maximum": 5.5, "exclusiveMaximum": True}),
    ],
)
def test_single_words(new: Json, old: Json) -> None:
    assert in_3_0({"x": new})["x"] == old
