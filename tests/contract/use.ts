// Uses what was generated: it compiles under `tsc --strict` only if the types are those of the schema, and none is `any`.
import type { TypedDocumentNode } from "@graphql-typed-document-node/core";
import { ListingDocument, type ListingQuery, type ListingQueryVariables } from "./generated/listing";

export const document: TypedDocumentNode<ListingQuery, ListingQueryVariables> = ListingDocument;
export const variables: ListingQueryVariables = { after: null };

export function titles(data: ListingQuery): string[] {
  return data.contents.nodes.map((node) => node.title);
}

export function names(data: ListingQuery): string[] {
  return data.contents.nodes.map((node) => node.creator?.name ?? "");
}

// @ts-expect-error  a title is a text
export const number: (data: ListingQuery) => number = (data) => data.contents.nodes[0]!.title;

// @ts-expect-error  the creator may not be there
export const name: (data: ListingQuery) => string = (data) => data.contents.nodes[0]!.creator.name;

// @ts-expect-error  it was not asked for
export const summary = (data: ListingQuery) => data.contents.nodes[0]!.summary;
