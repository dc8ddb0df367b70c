// Generates TypeScript for each document beside schema.graphql, as graphql-codegen does: documents/x.graphql → x.ts.
import { mkdirSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { codegen } from "@graphql-codegen/core";
import * as documents from "@graphql-codegen/typed-document-node";
import * as operations from "@graphql-codegen/typescript-operations";
import { buildSchema, parse } from "graphql";

const text = readFileSync("schema.graphql", "utf8");
const schema = parse(text);
const schemaAst = buildSchema(text);
// Whatever is not named here would be `any`: strictScalars makes that an error.
const scalars = { BigInt: "number", Date: "string", DateTime: "string", JSON: "unknown", _Any: "{ __typename: string; id: string }" };
const config = { strictScalars: true, scalars, useTypeImports: true, enumsAsTypes: true };
const pluginMap = { documents, operations };

mkdirSync("generated", { recursive: true });
for (const name of readdirSync("documents")) {
  const document = parse(readFileSync(`documents/${name}`, "utf8"));
  const filename = `generated/${name.replace(".graphql", ".ts")}`;
  const plugins = [{ operations: {} }, { documents: {} }];
  const asked = [{ location: name, document }];
  writeFileSync(filename, await codegen({ filename, schema, schemaAst, config, plugins, pluginMap, documents: asked }));
}
