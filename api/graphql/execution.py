"""From a request to an answer: a prepared document, its variables, its cost, what the caller may spend, and the execution."""

import asyncio
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import strawberry
from graphql import ExecutionResult, GraphQLError, OperationDefinitionNode, OperationType
from graphql.utilities import get_operation_ast
from strawberry.execution import optimized_is_awaitable
from strawberry.schema.schema import StrawberryGraphQLCoreExecutionContext

from api.graphql import allowances, problems
from api.graphql.context import Context
from api.graphql.limits import Limits
from api.graphql.preparing import CHARACTERS, LARGEST_KEPT, Documents, Prepared
from api.graphql.requests import GraphQLRequest
from services.rates import Rates, Spent

UNKNOWN = 10
"""What a document counts at least that has to be prepared first, be it that it is refused then."""

FEW = 500
"""Values in variables that are read at once: more take milliseconds, in which others are served."""

SAID = 8
"""Answers about the schema itself that are remembered: each may be a megabyte."""


@dataclass(frozen=True, slots=True)
class Answer:
    """`was_executed` is false for request errors: those before any field was looked at. `status` wishes for another
    one, `headers` go along.
    """

    body: dict[str, Any]
    was_executed: bool
    status: int | None = None
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Admitted:
    """A request that may be executed: checked, and paid for. `execution` is graphql-core's, with the variables in it."""

    prepared: Prepared
    operation: OperationDefinitionNode
    execution: StrawberryGraphQLCoreExecutionContext


class Executor:
    """A schema with its limits, the documents it has seen and the buckets of those who ask."""

    def __init__(
        self,
        schema: strawberry.Schema,
        limits: Limits,
        *,
        kept: int = 512,
        largest: int = LARGEST_KEPT,
        characters: int = CHARACTERS,
        suggests: bool = True,
    ) -> None:
        self.schema = schema
        # the graphql-core schema that Strawberry built, with Strawberry's resolvers in it
        self.core = schema._schema  # noqa: SLF001  (Strawberry has no public name for it)
        self.limits = limits
        self.documents = Documents(
            self.core, limits, kept=kept, largest=largest, characters=characters, suggests=suggests
        )
        self.rates = Rates()
        self._said: dict[tuple[str, str | None, str], ExecutionResult] = {}

    def prepare(self, text: str) -> Prepared:
        """Parsed, measured and validated; remembered, so that a repeated text costs a look-up."""
        return self.documents.prepare(text)

    async def run(self, request: GraphQLRequest, context: Context, *, may_introspect: bool = True) -> Answer:
        """The answer to a request. Raises nothing that a client can cause, but Unavailable."""
        admitted = await self.admit(request, context, may_introspect=may_introspect)
        if isinstance(admitted, Answer):
            return admitted
        if admitted.operation.operation is OperationType.SUBSCRIPTION:
            message = "A subscription is followed, not answered: over a WebSocket here, or at /graphql/stream."
            return self._refused((GraphQLError(message),), "SUBSCRIPTION_NOT_STREAMED", context)
        return await self.execute(admitted, request, context)

    async def admit(
        self, request: GraphQLRequest, context: Context, *, may_introspect: bool = True
    ) -> Admitted | Answer:
        """A request that may be executed, its cost taken from the caller's bucket; else the answer that says why not."""
        try:
            prepared, paid = await self._prepared(request.query, context)
            found = self._operation(prepared, request, context, may_introspect=may_introspect)
            if isinstance(found, Answer):
                return found
            execution = await self._built(prepared, request, context)
            if isinstance(execution, list):
                return self._refused(tuple(execution), "BAD_VARIABLES", context)
            refused = self._reckon(prepared, found, execution, context)
            if refused is not None:
                return refused
            await self._take(context, max(0, context.cost - paid))
        except Spent as error:
            return self._spent(error, context)
        return Admitted(prepared, found, execution)

    async def _prepared(self, text: str, context: Context) -> tuple[Prepared, int]:
        """The document, and what was paid to have it prepared. Whoever has spent everything has no document read."""
        found = self.documents.known(text)
        if found is not None:
            return found, 0
        await self._take(context, UNKNOWN)
        return await self.documents.prepared(text), UNKNOWN

    def _operation(
        self, prepared: Prepared, request: GraphQLRequest, context: Context, *, may_introspect: bool
    ) -> OperationDefinitionNode | Answer:
        if prepared.document is None or prepared.size is None:
            return self._refused(prepared.errors, prepared.code, context)
        if prepared.size.is_introspection and not may_introspect:
            message = "Introspection is off here: the schema is published as schema.graphql."
            return self._refused((GraphQLError(message),), "INTROSPECTION_OFF", context)
        operation = get_operation_ast(prepared.document, request.operation_name)
        if operation is None:
            return self._refused((GraphQLError(_which_operation(request)),), "UNKNOWN_OPERATION", context)
        if request.is_get and operation.operation is OperationType.MUTATION:
            return _by_get(context)
        return operation

    async def _built(
        self, prepared: Prepared, request: GraphQLRequest, context: Context
    ) -> StrawberryGraphQLCoreExecutionContext | list[GraphQLError]:
        """The execution to come, with the variables in their types; else what is wrong with them. Many are read aside."""
        assert prepared.document is not None, "a document with errors was refused before"
        build = partial(
            StrawberryGraphQLCoreExecutionContext.build,
            self.core,
            prepared.document,
            context_value=context,
            raw_variable_values=request.variables,
            operation_name=request.operation_name,
            max_coercion_errors=self.limits.errors,
            is_awaitable=optimized_is_awaitable,  # type: ignore[arg-type]  # a bool in Strawberry, a TypeGuard in graphql-core
            hide_suggestions=True,
            operation_extensions={},
        )
        built: Any = build() if request.value_count <= FEW else await self.documents.aside(build)
        return built  # type: ignore[no-any-return]  # the class builds itself

    def _reckon(
        self,
        prepared: Prepared,
        operation: OperationDefinitionNode,
        execution: StrawberryGraphQLCoreExecutionContext,
        context: Context,
    ) -> Answer | None:
        """Note what the operation costs with its variables; the answer that says so, when that is too much."""
        root = self.core.get_root_type(operation.operation)
        assert prepared.bill is not None, "a document without errors has one"
        assert root is not None, "validation lets no other operation pass"
        context.cost = prepared.bill.cost(operation, root.name, execution.variable_values.coerced)
        if context.cost <= self.limits.cost:
            return None
        message = (
            f"This answer may hold {context.cost} objects, and at most {self.limits.cost} are answered at once:"
            " ask for smaller pages (`first`), give lists within lists a `first`, or ask in several requests."
        )
        return self._refused((GraphQLError(message),), "COST_TOO_HIGH", context)

    async def _take(self, context: Context, units: int) -> None:
        """Raises Spent when the caller's bucket does not hold as much."""
        if units > 0:
            context.allowance = await self.rates.take(
                context.db,
                context.caller,
                units,
                address=context.address,
                settings=context.settings,
                clock=context.clock,
            )

    async def execute(self, admitted: Admitted, request: GraphQLRequest, context: Context) -> Answer:
        """The answer to a query or mutation that was admitted."""
        assert admitted.prepared.size is not None, "what was admitted has one"
        if admitted.prepared.size.is_schema_alone:
            result = await self._schema(admitted, request)
        else:
            result = await _result(admitted.execution.execute_operation())
        return self.answered(result, context, was_executed=True)

    def answered(self, result: ExecutionResult, context: Context, *, was_executed: bool) -> Answer:
        """What graphql-core made of a request, or of an event of a stream, as it is sent."""
        body: dict[str, Any] = {"data": result.data} if was_executed else {}
        if result.errors:
            # errors first, as the specification advises: people see them
            shown = problems.formatted(result.errors, "INTERNAL", context, self.limits.errors)
            body = {"errors": shown, **body}
        headers = allowances.headers(context.allowance)
        return Answer(self._with_cost(body, context), was_executed=was_executed, headers=headers)

    async def _schema(self, admitted: Admitted, request: GraphQLRequest) -> ExecutionResult:
        """What the schema says of itself: a tenth of a second's work, done aside, and once for all who ask the same."""
        asked = (request.query, request.operation_name, repr(request.variables))
        found = self._said.get(asked)
        if found is None:
            found = await _result(await asyncio.to_thread(admitted.execution.execute_operation))
            if len(self._said) >= SAID:
                self._said.clear()
            self._said[asked] = found
        return found

    def _refused(self, errors: tuple[GraphQLError, ...], code: str, context: Context) -> Answer:
        body = {"errors": problems.formatted(errors, code, context, self.limits.errors)}
        return Answer(self._with_cost(body, context), was_executed=False, headers=allowances.headers(context.allowance))

    def _spent(self, error: Spent, context: Context) -> Answer:
        failure = problems.failure(error.code, error.message, context.request_id, context.languages)
        body = self._with_cost({"errors": [failure]}, context)
        return Answer(body, was_executed=False, status=error.status, headers=allowances.refusal(error))

    def _with_cost(self, body: dict[str, Any], context: Context) -> dict[str, Any]:
        """The body with what it cost, as soon as that is known."""
        if context.cost:
            body["extensions"] = {"cost": {"requested": context.cost, "limit": self.limits.cost}}
        return body


async def _result(started: Any) -> ExecutionResult:
    """What graphql-core answers, at once or later."""
    return started if isinstance(started, ExecutionResult) else await started


def _which_operation(request: GraphQLRequest) -> str:
    if request.operation_name is None:
        return "This document holds several operations: name one in operationName."
    return f"This document holds no operation named {request.operation_name[:100]}."


def _by_get(context: Context) -> Answer:
    message = "A GET only reads: send mutations by POST."
    error = problems.failure("MUTATION_BY_GET", message, context.request_id, context.languages)
    return Answer({"errors": [error]}, was_executed=False, status=405, headers={"allow": "POST"})
