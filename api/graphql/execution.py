"""From a request to an answer: parse, measure, validate, coerce, execute; the first three once for each text."""

from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Any

import strawberry
from graphql import (
    DocumentNode,
    ExecutionResult,
    GraphQLError,
    OperationDefinitionNode,
    execute,
    parse,
    specified_rules,
    validate,
)
from graphql.execution import get_variable_values
from graphql.utilities import get_operation_ast
from strawberry.execution import optimized_is_awaitable
from strawberry.schema.schema import StrawberryGraphQLCoreExecutionContext
from strawberry.schema.validation_rules.maybe_null import MaybeNullValidationRule
from strawberry.schema.validation_rules.one_of import OneOfInputValidationRule

from api.graphql import problems
from api.graphql.context import Context
from api.graphql.limits import DocumentRefused, Limits, Size, measure
from api.graphql.requests import GraphQLRequest

LARGEST_KEPT = 20_000
"""Longer texts are prepared each time: they would push many short ones out of the memory."""

RULES = (*specified_rules, MaybeNullValidationRule, OneOfInputValidationRule)


@dataclass(frozen=True, slots=True)
class Prepared:
    """A document that may be executed, or the errors that say why not."""

    document: DocumentNode | None
    size: Size | None
    errors: tuple[GraphQLError, ...] = ()
    code: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """`was_executed` is false for request errors: those before any field was looked at. `status` wishes for another
    one, `headers` go along.
    """

    body: dict[str, Any]
    was_executed: bool
    status: int | None = None
    headers: dict[str, str] = field(default_factory=dict)


class Executor:
    """A schema with its limits and the documents it has seen."""

    def __init__(
        self,
        schema: strawberry.Schema,
        limits: Limits,
        *,
        kept: int = 512,
        largest: int = LARGEST_KEPT,
        suggests: bool = True,
    ) -> None:
        self.schema = schema
        # the graphql-core schema that Strawberry built, with Strawberry's resolvers in it
        self.core = schema._schema  # noqa: SLF001  (Strawberry has no public name for it)
        self.limits = limits
        self.kept = kept
        self.largest = largest
        self.suggests = suggests
        self._prepared: OrderedDict[str, Prepared] = OrderedDict()

    def prepare(self, text: str) -> Prepared:
        """Parsed, measured and validated; remembered, so that a repeated text costs a look-up."""
        found = self._prepared.get(text)
        if found is not None:
            self._prepared.move_to_end(text)
            return found
        found = self._prepare(text)
        if len(text) <= self.largest:
            self._prepared[text] = found
            if len(self._prepared) > self.kept:
                self._prepared.popitem(last=False)
        return found

    def _prepare(self, text: str) -> Prepared:
        try:
            document = parse(text, max_tokens=self.limits.tokens)
        except GraphQLError as error:
            return Prepared(None, None, (error,), _parsing_code(error.message))
        try:
            size = measure(document, self.limits)
        except DocumentRefused as error:
            return Prepared(None, None, (GraphQLError(error.message, original_error=error),), error.code)
        found = validate(self.core, document, RULES, hide_suggestions=not self.suggests)
        return Prepared(None if found else document, size, tuple(found), "VALIDATION_FAILED")

    async def run(self, request: GraphQLRequest, context: Context, *, may_introspect: bool = True) -> Answer:
        """The answer to a request. Never raises for what a client can cause."""
        prepared = self.prepare(request.query)
        if prepared.document is None or prepared.size is None:
            return _refused(prepared.errors, prepared.code, context)
        if prepared.size.is_introspection and not may_introspect:
            message = "Introspection is off here: the schema is published as schema.graphql."
            return _refused((GraphQLError(message),), "INTROSPECTION_OFF", context)
        operation = get_operation_ast(prepared.document, request.operation_name)
        if operation is None:
            return _refused((GraphQLError(_which_operation(request)),), "UNKNOWN_OPERATION", context)
        if request.is_get and operation.operation.value != "query":
            return _by_get(context)
        errors = self._wrong_variables(operation, request.variables)
        if errors:
            return _refused(errors, "BAD_VARIABLES", context)
        return await self._execute(prepared.document, request, context)

    def _wrong_variables(self, operation: OperationDefinitionNode, given: dict[str, Any]) -> tuple[GraphQLError, ...]:
        if not operation.variable_definitions:
            return ()
        coerced = get_variable_values(
            self.core, operation.variable_definitions, given, max_errors=problems.MOST, hide_suggestions=True
        )
        return tuple(coerced) if isinstance(coerced, list) else ()

    async def _execute(self, document: DocumentNode, request: GraphQLRequest, context: Context) -> Answer:
        result = execute(
            self.core,
            document,
            context_value=context,
            variable_values=request.variables,
            operation_name=request.operation_name,
            executor_class=StrawberryGraphQLCoreExecutionContext,
            is_awaitable=optimized_is_awaitable,  # type: ignore[arg-type]  # a bool in Strawberry, a TypeGuard in graphql-core
            operation_extensions={},
        )
        if not isinstance(result, ExecutionResult):
            result = await result
        body: dict[str, Any] = {"data": result.data}
        if result.errors:
            # errors first, as the specification advises: people see them
            shown = problems.formatted(result.errors, "INTERNAL", context.request_id)
            body = {"errors": shown, "data": result.data}
        return Answer(body, was_executed=True)


def _parsing_code(message: str) -> str:
    """What stopped the parser; graphql-core tells its limits from other errors by their text alone."""
    if "tokens. Parsing aborted" in message:
        return "TOO_MANY_TOKENS"
    return "TOO_DEEP" if "nested too deeply" in message else "SYNTAX_ERROR"


def _which_operation(request: GraphQLRequest) -> str:
    if request.operation_name is None:
        return "This document holds several operations: name one in operationName."
    return f"This document holds no operation named {request.operation_name[:100]}."


def _refused(errors: tuple[GraphQLError, ...], code: str, context: Context) -> Answer:
    return Answer({"errors": problems.formatted(errors, code, context.request_id)}, was_executed=False)


def _by_get(context: Context) -> Answer:
    error = problems.failure("MUTATION_BY_GET", "A GET only reads: send mutations by POST.", context.request_id)
    return Answer({"errors": [error]}, was_executed=False, status=405, headers={"allow": "POST"})
