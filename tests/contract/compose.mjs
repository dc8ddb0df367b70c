// Composes a subgraph with another that points at its products, as a gateway's tools do, and says what came of it.
import { readFileSync } from "node:fs";
import { composeServices } from "@apollo/composition";
import { parse } from "graphql";

const ratings = `
  extend schema @link(url: "https://specs.apollo.dev/federation/v2.9", import: ["@key", "@shareable"])

  type Product @key(fields: "id") {
    id: ID!
    ratings: [Rating!]!
  }
  type Rating @key(fields: "id") {
    id: ID!
    product: Product!
    stars: Int!
  }
  type PageInfo @shareable {
    endCursor: String
    hasNextPage: Boolean!
  }
  type Query {
    ratings: [Rating!]!
  }
`;

const { errors = [], hints = [], supergraphSdl = "" } = composeServices([
  { name: "headwater", url: "https://headwater.example/graphql", typeDefs: parse(readFileSync("schema.graphql", "utf8")) },
  { name: "ratings", url: "https://ratings.example/graphql", typeDefs: parse(ratings) },
]);
const keyed = [...supergraphSdl.matchAll(/^type (\w+)[^{]*@join__type\(graph: HEADWATER, key: "id"\)/gms)];
console.log(JSON.stringify({ errors: errors.map(String), hints: hints.map(String), keyed: keyed.map((found) => found[1]) }));
