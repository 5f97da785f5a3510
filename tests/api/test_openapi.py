"""The published document: valid, complete, and served."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from goen.api.openapi import document, problem_codes, refusals_by_status
from goen.api.table import OPERATIONS

from .conftest import Edge


@pytest.fixture(scope="module")
def published() -> Any:
    return msgspec.json.decode(msgspec.json.encode(document(OPERATIONS, "1.2.3")))


def test_it_is_valid_openapi(published: Any) -> None:
    errors = list(OpenAPIV31SpecValidator(published).iter_errors())
    assert errors == []


def test_every_operation_has_request_answer_and_refusals(published: Any) -> None:
    for operation in OPERATIONS:
        told = published["paths"][operation.path][operation.method.lower()]
        assert told["summary"] == operation.summary
        assert told["x-goen-roles"] == sorted(operation.roles)
        assert ("requestBody" in told) == (operation.request is not None)
        success = told["responses"][str(operation.status)]
        assert ("content" in success) == (operation.status != 204), operation.path
        for status, classes in refusals_by_status(operation).items():
            problem = told["responses"][str(status)]["content"]["application/problem+json"]["schema"]
            codes = problem["allOf"][1]["properties"]["code"]["enum"]
            assert codes == [each.code for each in classes]
        for refusal in operation.refusals:
            assert any(refusal.code in [c.code for c in classes] for classes in refusals_by_status(operation).values())
        assert {"401", "403", "422", "429", "500", "503"} <= set(told["responses"])
        names = {each["name"] for each in told["parameters"]}
        assert ("Idempotency-Key" in names) == (operation.key != "none")
        if operation.query is not None:
            assert set(operation.query.__struct_encode_fields__) <= names
    assert sum(len(item) for item in published["paths"].values()) == len(OPERATIONS)


def test_names_for_generated_clients_are_unique(published: Any) -> None:
    names = [each["operationId"] for item in published["paths"].values() for each in item.values()]
    assert len(names) == len(set(names))
    assert "post_purchases_id_returns" in names


def test_every_reference_leads_somewhere_and_every_schema_is_used(published: Any) -> None:
    used: set[str] = set()

    def walk(value: Any) -> None:
        if isinstance(value, dict):
            if isinstance(reference := value.get("$ref"), str):
                assert reference.startswith("#/components/")
                kind, _, key = reference.removeprefix("#/components/").partition("/")
                assert key in published["components"][kind], reference
                used.add(key)
            for inner in value.values():
                walk(inner)
        elif isinstance(value, list):
            for inner in value:
                walk(inner)

    walk(published)
    assert set(published["components"]["schemas"]) <= used


def test_decimals_are_numbers_on_the_wire(published: Any) -> None:
    quantity = published["components"]["schemas"]["Line"]["properties"]["quantity"]
    assert quantity["type"] == "number"


def test_every_code_has_a_sentence() -> None:
    for code, statuses, sentence in problem_codes(OPERATIONS):
        assert sentence.endswith("."), code
        assert statuses


def test_times_say_so(published: Any) -> None:
    schemas = published["components"]["schemas"]
    assert schemas["Purchase"]["properties"]["occurred_at"]["format"] == "date-time"
    assert {"type": "string", "format": "date-time"} in schemas["ShopAnswer"]["properties"]["closed_at"]["anyOf"]
    assert "format" not in schemas["ShopAnswer"]["properties"]["name"]


async def test_it_is_served_with_pages_that_need_no_internet(edge: Edge) -> None:
    served = await edge.anyone.get("/openapi.json")
    assert served.json()["openapi"] == "3.1.0"
    page = await edge.anyone.get("/docs")
    assert page.status_code == 200
    assert "http" not in page.text.replace("http-equiv", "")
    for file in ("/vendor/swagger-ui-dist/swagger-ui-bundle.js", "/vendor/swagger-ui-dist/swagger-ui.css"):
        assert file in page.text
        assert (await edge.anyone.get(file)).status_code == 200
